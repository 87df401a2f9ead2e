"""Comprehensiveness and sufficiency: what an answer loses without its most attended positions, and with them alone.

Shapes: B batch, T positions, C draws; a population has P before them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from attnseq.core.randomness import generator
from attnseq.scores.thresholds import levels, order

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.scores.leave_one_out import Without

DRAWS = 2
"""Other samples of which the inputs of positions are taken: the mean over samples needs no more."""


class Areas(NamedTuple):
    """Areas over the perturbation curve, each ...xB."""

    comprehensiveness: Tensor
    sufficiency: Tensor


def keys(samples: range, positions: int, draws: int = DRAWS) -> Tensor:
    """Draw what orders positions of equal weight, a function of a sample's number and of these sizes: CxBxT in [0, 1).

    Args:
        samples: their numbers.
        positions: T.
        draws: C.
    """
    import torch

    drawn = [torch.from_numpy(generator(0, "ties", sample).random((draws, positions))) for sample in samples]
    return torch.stack(drawn, dim=1)


def areas(
    without: Without, lost: Callable[[Tensor], Tensor], weights: Tensor, keys_CxBxT: Tensor, present: Tensor | None
) -> Areas:
    """Average what an answer loses over the share of positions that are taken away, or kept, most attended first.

    Comprehensiveness takes the k most attended positions away, sufficiency keeps them and takes all others. With k from
    0 to the sample's number of positions, each is a curve over a share from 0 to 1; its area is by the trapezoidal
    rule. Larger is better for comprehensiveness, smaller for sufficiency. Positions of equal weight stand in a random
    order, so that even attention has what a random order has.

    Args:
        without: predicts without positions.
        lost: what a prediction has lost, ...xB.
        weights: ...xBxT, of the attention.
        keys_CxBxT: of each draw of `without`, see `keys`.
        present: BxT; None: samples have all positions.

    Source: DeYoung et al. 2020, "ERASER" (arXiv:1911.03429); areas as in Samek et al. 2017 (arXiv:1509.06321).
    """
    import torch

    positions = weights.shape[-1]
    if present is None:
        present = torch.ones(weights.shape[-2:], dtype=torch.bool, device=weights.device)
    count = present.sum(dim=-1)
    level = levels(order(weights, present))
    ranks_C = [(level + keys_BxT).argsort(dim=-1).argsort(dim=-1) for keys_BxT in keys_CxBxT.to(weights.device)]

    def mean(gone_C: list[Tensor]) -> Tensor:
        moved = (lost(without(gone, draw)) for draw, gone in enumerate(gone_C))
        return sum(moved, start=torch.zeros(())) / len(gone_C)

    nothing_left = mean([torch.ones_like(ranks, dtype=torch.bool) for ranks in ranks_C])
    ends = nothing_left / 2
    comprehensiveness, sufficiency = ends, ends
    for taken in range(1, positions):
        inside = taken < count
        comprehensiveness = comprehensiveness + mean([ranks < taken for ranks in ranks_C]) * inside
        sufficiency = sufficiency + mean([ranks >= taken for ranks in ranks_C]) * inside
    return Areas(comprehensiveness / count, sufficiency / count)
