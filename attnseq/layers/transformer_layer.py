"""The layer of a transformer: attention, then two affine layers, each added to what it is given.

Shapes: B batch, T positions, Q queries, H hidden units, J hidden units of the feed-forward part, M heads.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from attnseq.contracts.model import Initializer
from attnseq.layers.multihead import MultiHeadAttention
from attnseq.layers.weights import dense_parameters


class TransformerLayer(nn.Module):
    """x + attention(norm(x)), then x + feed_forward(norm(x)): vectors attend to each other, or to a memory.

    The feed-forward part has GELU (Hendrycks & Gimpel 2016, arXiv:1606.08415) in place of ReLU, whose gradient jumps at
    0: there a difference of rounding becomes a large one, and a run in a population parts from the same run alone.

    Args:
        units: H, a multiple of M.
        heads: M.
        feed_forward: J.

    Source: Vaswani et al. 2017 (arXiv:1706.03762); normalisation before each part as in Xiong et al. 2020, "On Layer
    Normalization in the Transformer Architecture" (arXiv:2002.04745). `torch.nn.TransformerEncoderLayer` with
    `norm_first` and GELU is the same.
    """

    def __init__(self, units: int, heads: int, feed_forward: int):
        super().__init__()
        self.attention_norm = nn.LayerNorm(units)
        self.attention = MultiHeadAttention(units, heads)
        self.feed_forward_norm = nn.LayerNorm(units)
        self.widen = nn.Linear(units, feed_forward)
        self.narrow = nn.Linear(feed_forward, units)

    def forward(
        self,
        vectors_BxQxH: Tensor,
        present_BxT: Tensor | None = None,
        memory_BxTxH: Tensor | None = None,
        given_BxMxQxT: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Attend, then transform each vector by itself.

        Args:
            vectors_BxQxH: of the positions; or QxH, where a memory is attended to and all samples have the same.
            present_BxT: which positions are attended to; None: all.
            memory_BxTxH: what is attended to, normalised; None: the vectors themselves, T = Q.
            given_BxMxQxT: weights in place of those that it would compute.

        Returns:
            vectors_BxQxH and weights_BxMxQxT.
        """
        queries_BxQxH = self.attention_norm(vectors_BxQxH)
        memory_BxTxH = queries_BxQxH if memory_BxTxH is None else memory_BxTxH
        contexts_BxQxH, weights_BxMxQxT = self.attention(queries_BxQxH, memory_BxTxH, present_BxT, given_BxMxQxT)
        vectors_BxQxH = vectors_BxQxH + contexts_BxQxH
        hidden_BxQxJ = nn.functional.gelu(self.widen(self.feed_forward_norm(vectors_BxQxH)))
        return vectors_BxQxH + self.narrow(hidden_BxQxJ), weights_BxMxQxT

    def initial(self, name: str, init: Initializer) -> Iterator[tuple[str, Tensor]]:
        """Draw fresh parameters, by name: Glorot-uniform kernels, zero biases, norms that change no scale.

        Args:
            name: the layer's name in its model.
            init: draws the kernels.
        """
        yield from norm_parameters(f"{name}.attention_norm", self.attention_norm)
        yield from self.attention.initial(f"{name}.attention", init)
        yield from norm_parameters(f"{name}.feed_forward_norm", self.feed_forward_norm)
        yield from dense_parameters(f"{name}.widen", self.widen, init)
        yield from dense_parameters(f"{name}.narrow", self.narrow, init)


def norm_parameters(name: str, norm: nn.LayerNorm) -> Iterator[tuple[str, Tensor]]:
    """Make fresh parameters of a normalisation, by name: scale 1, shift 0.

    Args:
        name: its name in its model.
        norm: gives the shapes; it is not changed.
    """
    yield f"{name}.weight", torch.ones_like(norm.weight)
    yield f"{name}.bias", torch.zeros_like(norm.bias)
