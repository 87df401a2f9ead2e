"""Relevance mass accuracy: how much of the attention lies where it matters, sample by sample.

Shapes: B batch, T positions, K answer positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.contracts.measures import Score
from attnseq.scores import SCORES
from attnseq.scores.weights import attention_rows, position_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output
    from attnseq.contracts.task import Task


@SCORES.register("relevance_mass")
class RelevanceMass(Score):
    """The share of a sample's attention that lies on positions which the answer depends on.

    Where attention and truth are both an alignment, it is the mean of the shares of all answer positions that depend on
    anything (an end symbol does not). Uniform attention gives the share of such positions. A sample without any
    attention has 0.

    Source: Arras, Osman & Samek 2022, "CLEVR-XAI" (arXiv:2003.07258), who call it relevance mass accuracy.
    """

    limits = (0.0, 1.0)

    def __call__(self, predict: Callable[[Batch], Output], batch: Batch, output: Output, task: Task) -> Tensor | None:
        relevance = task.relevance(batch)
        attention = next(iter(output.attention.values()), None)
        if relevance is None or attention is None:
            return None
        if relevance.dim() == 3 and attention.axes == "BKT":
            rows_BxKxT, answered_BxK = attention_rows(attention, batch)
            counted_BxK = answered_BxK * (relevance > 0).any(dim=-1)
            shares_BxK = _share(rows_BxKxT, relevance > 0)
            return (shares_BxK * counted_BxK).sum(dim=-1) / counted_BxK.sum(dim=-1).clamp(min=1)
        if relevance.dim() == 3:  # one weight a position cannot show an alignment
            return None
        return _share(position_weights(attention, batch), relevance > 0)


def _share(weights: Tensor, matters: Tensor) -> Tensor:
    """Compute the share of weights that matter, over the last axis; 0 where all weights are 0."""
    totals = weights.sum(dim=-1)
    return (weights * matters).sum(dim=-1) / totals.masked_fill(totals == 0, 1.0)
