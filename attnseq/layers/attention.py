"""Softmax attention over the input, in the three forms that the article describes.

Shapes: B batch, T positions (time steps), D digit values (features). The scores come from one affine layer
whose weights are shared by all that it is applied to; the softmax runs over what the weights compete for.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

ATTENTIONS = ("time", "element", "feature", "none")


def softmax(scores: Tensor) -> Tensor:
    """Softmax over the last axis: PyTorch's where gradients are taken, else the same, written out.

    Over an axis that is no longer than a vector register PyTorch's goes number by number. A batch is too small for that
    to matter, the samples of an evaluation are not: written out, it takes a third of the time.
    """
    if torch.is_grad_enabled():
        return torch.softmax(scores, dim=-1)
    powers = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    return powers / powers.sum(dim=-1, keepdim=True)


class TimeAttention(nn.Module):
    """A weight for each time step, shared by its features (temporal attention).

    The notebook's `only_time_step=True`: a Dense(T) over the transposed input, softmax over time steps, mean over
    features.
    """

    def __init__(self, positions: int):
        super().__init__()
        self.score = nn.Linear(positions, positions)

    def forward(self, inputs_BxTxD: Tensor) -> Tensor:
        scores_BxDxT = self.score(inputs_BxTxD.transpose(-1, -2))
        weights = softmax(scores_BxDxT).unbind(dim=-2)
        # a mean, written out: of a reduction over a dimension that is not the last, if the last is shorter than a
        # vector register, the compiler makes a loop that starts all threads anew for each sample
        return sum(weights[1:], start=weights[0]) / len(weights)  # attention_BxT


class ElementAttention(nn.Module):
    """A weight for each time step of each feature (element-wise attention): the article's figure.

    The notebook's `only_time_step=False`, which crashed there: as `TimeAttention`, without the mean over features.
    """

    def __init__(self, positions: int):
        super().__init__()
        self.score = nn.Linear(positions, positions)

    def forward(self, inputs_BxTxD: Tensor) -> Tensor:
        scores_BxDxT = self.score(inputs_BxTxD.transpose(-1, -2))
        return softmax(scores_BxDxT).transpose(-1, -2)  # attention_BxTxD


class FeatureAttention(nn.Module):
    """A weight for each feature, shared by its time steps (feature-wise attention): the article's (BS, I).

    A Dense(1) over the transposed input gives a score a feature; softmax over features.
    """

    def __init__(self, positions: int):
        super().__init__()
        self.score = nn.Linear(positions, 1)

    def forward(self, inputs_BxTxD: Tensor) -> Tensor:
        scores_BxD = self.score(inputs_BxTxD.transpose(-1, -2)).squeeze(-1)
        weights_BxD = softmax(scores_BxD)
        return weights_BxD.unsqueeze(-2).expand_as(inputs_BxTxD)  # attention_BxTxD


SequenceAttention = TimeAttention | ElementAttention | FeatureAttention


def sequence_attention(kind: str, positions: int) -> SequenceAttention | None:
    """The attention layer named `kind`, or None for "none".

    Args:
        kind: one of `ATTENTIONS`.
        positions: T.

    Returns:
        A module from inputs_BxTxD to attention_BxT (time) or attention_BxTxD (element, feature).

    Raises:
        ValueError: `kind` is not one of `ATTENTIONS`.
    """
    if kind not in ATTENTIONS:
        raise ValueError(f"model.attention={kind}: must be one of {', '.join(ATTENTIONS)}")
    layers: dict[str, Callable[[int], SequenceAttention]] = {
        "time": TimeAttention,
        "element": ElementAttention,
        "feature": FeatureAttention,
    }
    return layers[kind](positions) if kind in layers else None
