"""What scores of attention by the task's relevance share: which weights are held against which relevance.

Shapes: B batch, T positions, K answer positions, R answer positions of all samples that are scored.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from attnseq.contracts.measures import Score
from attnseq.core.once import once
from attnseq.scores.weights import attention_rows, position_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output
    from attnseq.contracts.task import Task


class Held(NamedTuple):
    """Attention held against the truth, a weight a position.

    Tensors are BxT or, where both are an alignment, RxT: R answer positions of all samples that depend on anything.

    Args:
        weights: of the model's first attention.
        relevance: see `Task.relevance`.
        relevant: bool, whether the answer depends on a position.
        present: bool, whether a sample has a position; None: all have all.
        scored: BxK, which answer positions these are, sample after sample; None where there is no alignment.
    """

    weights: Tensor
    relevance: Tensor
    relevant: Tensor
    present: Tensor | None
    scored: Tensor | None = None

    def by_sample(self, values: Tensor) -> Tensor:
        """Return values_B of samples: what each has, or the mean over its answer positions where one is defined."""
        if self.scored is None:
            return values
        row_BxK = (self.scored.flatten().cumsum(0) - 1).clamp(min=0).view(self.scored.shape)
        values_BxK = values[row_BxK] if len(values) else values.new_zeros(self.scored.shape)
        return values_BxK.masked_fill(~self.scored, float("nan")).nanmean(dim=-1)


class RelevanceScore(Score):
    """A sample's attention held against `Task.relevance`, such as the place values of the article's task.

    It is the model's first attention, as a weight a position. Where attention and truth are both an alignment, each
    answer position is scored by itself, and a sample's value is the mean over those that the score is defined for: an
    end symbol, which depends on no position, is none of them. One weight a position cannot show an alignment.
    """

    limits = (0.0, 1.0)

    @abstractmethod
    def of(self, held: Held) -> Tensor:
        """Compute the value of each row of these tensors, NaN where the score is undefined."""

    def __call__(self, predict: Callable[[Batch], Output], batch: Batch, output: Output, task: Task) -> Tensor | None:
        held = _hold(batch, output, task)
        if held is None:
            return None
        return held.by_sample(self.of(held))


@once
def _hold(batch: Batch, output: Output, task: Task) -> Held | None:
    """Hold a model's first attention against the truth; None where one of them is not there, or not of their kind."""
    relevance = task.relevance(batch)
    attention = next(iter(output.attention.values()), None)
    if relevance is None or attention is None:
        return None
    present = batch.present()
    if relevance.dim() == 2:
        return Held(position_weights(attention, batch), relevance, relevance > 0, present)
    if attention.axes != "BKT":
        return None
    rows_BxKxT, counted_BxK = attention_rows(attention, batch)
    relevant_BxKxT = relevance > 0
    # the truth and the lengths say which: the same for all replicas
    scored_BxK = (counted_BxK > 0) & relevant_BxKxT.any(dim=-1)
    sample_R, answer_R = scored_BxK.nonzero(as_tuple=True)
    present_RxT = None if present is None else present[sample_R]
    rows = sample_R, answer_R
    return Held(rows_BxKxT[rows], relevance[rows], relevant_BxKxT[rows], present_RxT, scored_BxK)
