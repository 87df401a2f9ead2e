"""Softmax attention over the input, in the three forms that the article describes.

Shapes: B batch, T positions (time steps), F features (the digit values of a one-hot input). The scores come from one
affine layer whose weights are shared by all that it is applied to; the softmax runs over what the weights compete for.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Attention


def softmax(scores: Tensor, present: Tensor | None = None) -> Tensor:
    """Softmax over the last axis: PyTorch's where gradients are taken, else the same, written out.

    Over an axis that is no longer than a vector register PyTorch's goes number by number. A batch is too small for that
    to matter, the samples of an evaluation are not: written out, it takes a third of the time.

    Args:
        scores: of what competes, any shape.
        present: of the same shape, or one that broadcasts: what does compete; the rest has weight 0. None: all.
    """
    if present is not None:
        scores = scores.masked_fill(~present, -torch.inf)
    if torch.is_grad_enabled():
        return torch.softmax(scores, dim=-1)
    powers = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    return powers / powers.sum(dim=-1, keepdim=True)


def uniform(inputs_BxTxF: Tensor, present_BxT: Tensor | None) -> Attention:
    """What a model without attention does: all positions that a sample has count alike."""
    if present_BxT is None:
        return Attention(torch.full_like(inputs_BxTxF[..., 0], 1.0 / inputs_BxTxF.shape[-2]), "BT")
    alike_BxT = present_BxT.to(inputs_BxTxF.dtype)
    return Attention(alike_BxT / alike_BxT.sum(dim=-1, keepdim=True), "BT")


class TimeAttention(nn.Module):
    """A weight for each time step, shared by its features (temporal attention).

    The notebook's `only_time_step=True`: a Dense(T) over the transposed input, softmax over time steps, mean over
    features.
    """

    def __init__(self, positions: int):
        super().__init__()
        self.score = nn.Linear(positions, positions)

    def forward(self, inputs_BxTxF: Tensor, present_BxT: Tensor | None = None) -> Attention:
        weights = _weights(self.score, inputs_BxTxF, present_BxT).unbind(dim=-2)
        # a mean, written out: of a reduction over a dimension that is not the last, if the last is shorter than a
        # vector register, the compiler makes a loop that starts all threads anew for each sample
        return Attention(sum(weights[1:], start=weights[0]) / len(weights), "BT")


class ElementAttention(nn.Module):
    """A weight for each time step of each feature (element-wise attention): the article's figure.

    The notebook's `only_time_step=False`, which crashed there: as `TimeAttention`, without the mean over features.
    """

    def __init__(self, positions: int):
        super().__init__()
        self.score = nn.Linear(positions, positions)

    def forward(self, inputs_BxTxF: Tensor, present_BxT: Tensor | None = None) -> Attention:
        return Attention(_weights(self.score, inputs_BxTxF, present_BxT).transpose(-1, -2), "BTD")


class FeatureAttention(nn.Module):
    """A weight for each feature, shared by its time steps (feature-wise attention): the article's (BS, I).

    A Dense(1) over the transposed input gives a score a feature; softmax over features.
    """

    def __init__(self, positions: int):
        super().__init__()
        self.score = nn.Linear(positions, 1)

    def forward(self, inputs_BxTxF: Tensor, present_BxT: Tensor | None = None) -> Attention:
        weights_BxF = softmax(self.score(inputs_BxTxF.transpose(-1, -2)).squeeze(-1))
        weights_BxTxF = weights_BxF.unsqueeze(-2).expand_as(inputs_BxTxF)
        return Attention(weights_BxTxF if present_BxT is None else weights_BxTxF * present_BxT.unsqueeze(-1), "BTD")


def _weights(score: nn.Linear, inputs_BxTxF: Tensor, present_BxT: Tensor | None) -> Tensor:
    """weights_BxFxT: the positions compete, feature by feature."""
    scores_BxFxT = score(inputs_BxTxF.transpose(-1, -2))
    return softmax(scores_BxFxT, None if present_BxT is None else present_BxT.unsqueeze(-2))


SequenceAttention = TimeAttention | ElementAttention | FeatureAttention

LAYERS: dict[str, Callable[[int], SequenceAttention] | None] = {
    "time": TimeAttention,
    "element": ElementAttention,
    "feature": FeatureAttention,
    "none": None,
}
"""By the names that configs use; a new one stands in `models/lstm_attention_config.py`, too, with its meaning."""


def sequence_attention(kind: str, positions: int) -> SequenceAttention | None:
    """The attention layer named `kind`, or None for "none".

    Args:
        kind: one of `LAYERS`.
        positions: T.

    Returns:
        A module from inputs_BxTxF and present_BxT (None where all positions are) to attention of the axes BT (time) or
        BTD (element, feature; D stands for the features).

    Raises:
        ValueError: `kind` is not one of `LAYERS`.
    """
    if kind not in LAYERS:
        raise ValueError(f"model.attention={kind}: must be one of {', '.join(LAYERS)}")
    layer = LAYERS[kind]
    return None if layer is None else layer(positions)
