"""An adversarial model beside its base run: how much it answers otherwise, and how far from there it attends.

Shapes: B batch, T positions, R distributions of a sample.

Source: Wiegreffe & Pinter 2019, "Attention is not not Explanation" (arXiv:1908.04626, section 5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attnseq.contracts.measures import Score
from attnseq.contracts.spec import Scalar
from attnseq.objectives.adversarial import Adversarial
from attnseq.scores import SCORES
from attnseq.scores.divergence import LN2, jensen_shannon, kullback_leibler
from attnseq.scores.weights import attention_rows, position_weights

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Attention, Batch, Output
    from attnseq.contracts.task import Task


def divergence(
    measure: Callable[[Tensor, Tensor], Tensor], output: Output, base: Output, samples: Batch
) -> Tensor | None:
    """Compute how far a model's attention is from a base's, B: the mean over the distributions that a sample has.

    Args:
        measure: `jensen_shannon` or `kullback_leibler`, of the model's and the base's.
        output: of the model.
        base: of the base, with attention of the same axes.
        samples: that both attend to; with targets, where answers differ in length.

    Returns:
        B; None where one of them has no attention.
    """
    if not (output.attention and base.attention):
        return None
    (mine, counted_BxR), (theirs, _) = (
        _distributions(next(iter(its.attention.values())), samples) for its in (output, base)
    )
    values_BxR = measure(mine, theirs.to(mine.dtype)) * counted_BxR
    return values_BxR.sum(dim=-1) / counted_BxR.sum(dim=-1).clamp(min=1)


def kl_divergence(output: Output, base: Output, samples: Batch) -> Tensor | None:
    """Compute KL(attention || base's attention), B, in nats, see `divergence`."""
    return divergence(kullback_leibler, output, base, samples)


def _distributions(attention: Attention, samples: Batch) -> tuple[Tensor, Tensor]:
    """Reduce attention to weights of positions that sum to 1, BxRxT; and which of these a sample has, BxR."""
    if attention.axes in ("BKT", "BMTT"):
        rows, counted_BxR = attention_rows(attention, samples)
    else:
        rows = position_weights(attention, samples).unsqueeze(-2)
        counted_BxR = rows.new_ones(rows.shape[:-1])
    total = rows.sum(dim=-1, keepdim=True)
    return rows / total.masked_fill(total == 0, 1.0), counted_BxR


@SCORES.register("base/answer_change")
class AnswerChange(Score):
    """How far the answer is from the base run's, see `objectives.adversarial`; of a number in the answer's unit."""

    direction = "lower"
    limits = (0.0, float("inf"))

    def __call__(self, predict: Callable[[Batch], Output], batch: Batch, output: Output, task: Task) -> Tensor | None:
        if batch.base is None:
            return None
        target = self.spec.target
        change_B = Adversarial(target)(output, batch)
        return change_B * target.scale if isinstance(target, Scalar) else change_B


@SCORES.register("base/divergence")
class BaseDivergence(Score):
    """Jensen-Shannon divergence of the attention from the base run's, in nats: 0 to ln 2."""

    limits = (0.0, LN2)

    def __call__(self, predict: Callable[[Batch], Output], batch: Batch, output: Output, task: Task) -> Tensor | None:
        return None if batch.base is None else divergence(_in_double, output, batch.base, batch)


def _in_double(one: Tensor, other: Tensor) -> Tensor:
    return jensen_shannon(one.double(), other.double())
