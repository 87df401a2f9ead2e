"""PyTorch's own attention and transformer, with weights of ours: what the layers are held against.

Theirs are made of our parameters, so that gradients for the latter can be taken through both.

Shapes: B batch, T positions, Q queries, H hidden units, M heads.
"""

import torch
from torch import Tensor, nn

from attnseq.layers.multihead import MultiHeadAttention
from attnseq.layers.transformer_layer import TransformerLayer


def attention_weights(attention: MultiHeadAttention, prefix: str = "") -> dict[str, Tensor]:
    """Parameters of `torch.nn.MultiheadAttention`. Its keys have a bias, any of which changes nothing."""
    query, key, value = attention.query, attention.key, attention.value
    key_bias_H = torch.linspace(-3, 4, len(query.bias), dtype=torch.float64)
    return {
        f"{prefix}in_proj_weight": torch.cat((query.weight, key.weight, value.weight)),
        f"{prefix}in_proj_bias": torch.cat((query.bias, key_bias_H, value.bias)),
        f"{prefix}out_proj.weight": attention.output.weight,
        f"{prefix}out_proj.bias": attention.output.bias,
    }


def attend(
    attention: MultiHeadAttention, queries_BxQxH: Tensor, memory_BxTxH: Tensor, present_BxT: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Contexts_BxQxH and weights_BxMxQxT of `torch.nn.MultiheadAttention`."""
    units = queries_BxQxH.shape[-1]
    peer = nn.MultiheadAttention(units, attention.heads, batch_first=True, dtype=torch.float64)
    absent = {"key_padding_mask": None if present_BxT is None else ~present_BxT}
    settings = absent | {"average_attn_weights": False}
    arguments = (queries_BxQxH, memory_BxTxH, memory_BxTxH)
    contexts_BxQxH, weights_BxMxQxT = torch.func.functional_call(
        peer, attention_weights(attention), arguments, settings
    )
    return contexts_BxQxH, weights_BxMxQxT


def layer_weights(layer: TransformerLayer) -> dict[str, Tensor]:
    """Parameters of `torch.nn.TransformerEncoderLayer`."""
    weights = attention_weights(layer.attention, "self_attn.")
    names = {"norm1": layer.attention_norm, "norm2": layer.feed_forward_norm}
    for name, part in {**names, "linear1": layer.widen, "linear2": layer.narrow}.items():
        weights |= {f"{name}.weight": part.weight, f"{name}.bias": part.bias}
    return weights


def transform(layer: TransformerLayer, vectors_BxTxH: Tensor, present_BxT: Tensor | None = None) -> Tensor:
    """What `torch.nn.TransformerEncoderLayer` makes of vectors, vectors_BxTxH."""
    units, heads, hidden = vectors_BxTxH.shape[-1], layer.attention.heads, len(layer.widen.weight)
    peer = nn.TransformerEncoderLayer(
        units, heads, hidden, 0.0, "gelu", batch_first=True, norm_first=True, dtype=torch.float64
    )
    absent = {"src_key_padding_mask": None if present_BxT is None else ~present_BxT}
    transformed_BxTxH: Tensor = torch.func.functional_call(peer, layer_weights(layer), (vectors_BxTxH,), absent)
    return transformed_BxTxH


def weighted_sum(*values: Tensor) -> Tensor:
    """A number that each element counts for in another way, to take gradients of."""
    parts = [(each * torch.linspace(-1, 2, each.numel(), dtype=each.dtype).view(each.shape)).sum() for each in values]
    return torch.stack(parts).sum()
