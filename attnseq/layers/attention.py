"""Softmax attention over the input, in the three forms of the article.

One affine layer computes all scores; the softmax runs over whatever competes for weight.

Shapes: B batch, T positions (time steps), F features (the digit values of a one-hot input).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch


def softmax(scores: Tensor, present: Tensor | None = None) -> Tensor:
    """Take the softmax over the last axis: by PyTorch's function where gradients are taken, else written out.

    Where the axis is no longer than a vector register, PyTorch's function goes number by number. That matters for the
    many samples of an evaluation: written out, it takes a third of the time.

    Args:
        scores: one for each competitor, any shape.
        present: which scores compete, of the same shape or one that broadcasts; the rest has weight 0. None: all.
    """
    if present is not None:
        scores = scores.masked_fill(~present, -torch.inf)
    if torch.is_grad_enabled():
        return torch.softmax(scores, dim=-1)
    powers = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    return powers / powers.sum(dim=-1, keepdim=True)


def weighed(batch: Batch, attention: Attention) -> Attention:
    """Return the attention that a model computed, with the weights that the batch has in place of its own, if any."""
    return attention if batch.weights is None else attention._replace(weights=batch.weights)


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
        # write the mean out: the reduction runs over a dimension that is not the last. Where the last one is shorter
        # than a vector register, the compiler makes of it a loop that starts all threads anew for each sample
        return Attention(sum(weights[1:], start=weights[0]) / len(weights), "BT")


class ElementAttention(nn.Module):
    """A weight for each time step of each feature (element-wise attention): the article's figure.

    The notebook's `only_time_step=False`, which crashed there: `TimeAttention` without the mean over features.
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
    """Compute weights_BxFxT: the positions compete, feature by feature."""
    scores_BxFxT = score(inputs_BxTxF.transpose(-1, -2))
    return softmax(scores_BxFxT, None if present_BxT is None else present_BxT.unsqueeze(-2))


SequenceAttention = TimeAttention | ElementAttention | FeatureAttention

LAYERS: dict[str, Callable[[int], SequenceAttention] | None] = {
    "time": TimeAttention,
    "element": ElementAttention,
    "feature": FeatureAttention,
    "none": None,
}
"""Layers by their names in configs; add the name and meaning of a new one to `models/lstm_attention_config.py`, too."""


def sequence_attention(kind: str, positions: int) -> SequenceAttention | None:
    """Make the attention layer named `kind`, or None for "none".

    Args:
        kind: one of `LAYERS`.
        positions: T.

    Returns:
        A module that takes inputs_BxTxF and present_BxT (None where all positions are present) and returns attention of
        the axes BT (time) or BTD (element, feature; D stands for the features).

    Raises:
        ValueError: `kind` is not one of `LAYERS`.
    """
    if kind not in LAYERS:
        raise ValueError(f"model.attention={kind}: must be one of {', '.join(LAYERS)}")
    layer = LAYERS[kind]
    return None if layer is None else layer(positions)
