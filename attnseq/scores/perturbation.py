"""Comprehensiveness and sufficiency: what an answer loses without its most attended positions, and with them alone.

Shapes: B batch, T positions; a population has P before them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.scores.leave_one_out import Without

DRAWS = 2
"""Other samples of which the inputs of positions are taken: the mean over samples needs no more."""


class Areas(NamedTuple):
    """Areas over the perturbation curve, each ...xB."""

    comprehensiveness: Tensor
    sufficiency: Tensor


def areas(
    without: Without, lost: Callable[[Tensor], Tensor], weights: Tensor, draws: int, present: Tensor | None
) -> Areas:
    """Average what an answer loses over the share of positions that are taken away, or kept, most attended first.

    Comprehensiveness takes the k most attended positions away, sufficiency keeps them and takes all others. With k from
    0 to the sample's number of positions, each is a curve over a share from 0 to 1; its area is by the trapezoidal
    rule. Larger is better for comprehensiveness, smaller for sufficiency.

    Args:
        without: predicts without positions.
        lost: what a prediction has lost, ...xB.
        weights: ...xBxT, of the attention.
        draws: of `without`.
        present: BxT; None: samples have all positions.

    Source: DeYoung et al. 2020, "ERASER" (arXiv:1911.03429); areas as in Samek et al. 2017 (arXiv:1509.06321).
    """
    import torch

    positions = weights.shape[-1]
    if present is None:
        present = torch.ones(weights.shape[-2:], dtype=torch.bool, device=weights.device)
    count = present.sum(dim=-1)
    ranks = weights.masked_fill(~present, -1.0).argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)

    def mean(gone: Tensor) -> Tensor:
        return sum((lost(without(gone, draw)) for draw in range(draws)), start=torch.zeros(())) / draws

    nothing_left = mean(torch.ones_like(ranks, dtype=torch.bool))
    ends = nothing_left / 2
    comprehensiveness, sufficiency = ends, ends
    for taken in range(1, positions):
        inside = taken < count
        comprehensiveness = comprehensiveness + mean(ranks < taken) * inside
        sufficiency = sufficiency + mean(ranks >= taken) * inside
    return Areas(comprehensiveness / count, sufficiency / count)
