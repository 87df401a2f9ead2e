"""Whether more relevant positions get more attention, sample by sample: Kendall's tau-b and Somers' D.

Shapes: B batch, T positions. Further axes may stand before T, such as BxKxT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from attnseq.core.once import once
from attnseq.scores import SCORES
from attnseq.scores.relevance_score import Held, RelevanceScore
from attnseq.scores.thresholds import before_and_until, edges, levels, order

if TYPE_CHECKING:
    from torch import Tensor


_BLOCK = 16
"""Positions whose pairs are compared one by one: so few take less time than to sort them."""


def kendall(weights_BxT: Tensor, relevance_BxT: Tensor, present_BxT: Tensor | None = None) -> Tensor:
    """Compute Kendall's tau-b: pairs of positions ordered alike, less those ordered the other way round, of all.

    "All" is the geometric mean of how many pairs the weights order and how many relevance orders. So it is 1 where
    all are ordered alike and weights tie exactly where relevance does. Weights that never tie reach the root of the
    share of pairs that relevance orders: 0.894 for the article's task, which orders 36 of 45. Equal weights give 0.

    Args:
        weights_BxT: any scale and sign.
        relevance_BxT: any scale.
        present_BxT: bool, whether a sample has a position; None: all have all.

    Returns:
        values_B, float64, in [-1, 1]; NaN of a sample whose relevance orders no positions.

    Source: Kendall 1945, "The treatment of ties in ranking problems"; SciPy's `kendalltau`, which is NaN where weights
    order nothing.
    """
    pairs = _pairs(weights_BxT, relevance_BxT, present_BxT)
    both_B = (pairs.by_weights * pairs.by_relevance).sqrt()
    tau_B = pairs.agreement / both_B.masked_fill(both_B == 0, 1.0)
    return tau_B.masked_fill(pairs.by_relevance == 0, float("nan"))


def somers(weights_BxT: Tensor, relevance_BxT: Tensor, present_BxT: Tensor | None = None) -> Tensor:
    """Compute Somers' D of weights given relevance: the same, of the pairs that relevance orders.

    It is 1 where more relevant positions always have more weight, whatever the order of equally relevant ones. Equal
    weights give 0. Of a mean attention it is `agreement.rank_agreement`.

    Args:
        weights_BxT: any scale and sign.
        relevance_BxT: any scale.
        present_BxT: bool, whether a sample has a position; None: all have all.

    Returns:
        values_B, float64, in [-1, 1]; NaN of a sample whose relevance orders no positions.

    Source: Somers 1962, "A new asymmetric measure of association for ordinal variables".
    """
    pairs = _pairs(weights_BxT, relevance_BxT, present_BxT)
    return pairs.agreement / pairs.by_relevance


class _Pairs(NamedTuple):
    """Numbers of pairs of positions, each of shape B, float64.

    Args:
        agreement: ordered alike, less those ordered the other way round.
        by_weights: that the weights order.
        by_relevance: that relevance orders.
    """

    agreement: Tensor
    by_weights: Tensor
    by_relevance: Tensor


@once
def _pairs(weights_BxT: Tensor, relevance_BxT: Tensor, present_BxT: Tensor | None) -> _Pairs:
    """Count pairs.

    Source: Knight 1966, "A computer method for calculating Kendall's tau with ungrouped data": by merge sort.
    """
    length = weights_BxT.shape[-1]
    ranks, tied_B, pairs_B = _ranks(weights_BxT, present_BxT)
    true_ranks, true_tied_B, _ = _ranks(relevance_BxT, present_BxT)
    # in the order of relevance, and of weights where relevance is equal, all that is left to sort are contradictions
    both = (true_ranks * (length + 1) + ranks).sort(dim=-1).values
    contrary_B = _inversions(both % (length + 1))
    present = (both < length * (length + 1)).double()
    before, until = before_and_until(present, *edges(both[..., :-1] != both[..., 1:]))
    both_tied_B = _tied(until - before, present)
    by_weights_B, by_relevance_B = pairs_B - tied_B, pairs_B - true_tied_B
    ordered_by_both_B = by_weights_B - true_tied_B + both_tied_B
    return _Pairs(ordered_by_both_B - 2 * contrary_B, by_weights_B, by_relevance_B)


def _ranks(values_BxT: Tensor, present_BxT: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Rank the positions of each sample: the highest value has 0, equal ones have the same rank, absent ones T.

    Returns:
        ranks_BxT, int64; tied_B, pairs of equal values; pairs_B, all pairs.
    """
    ordered = order(values_BxT, present_BxT)
    size_B = ordered.present.double().sum(dim=-1)
    return levels(ordered), _tied(ordered.sizes, ordered.present), size_B * (size_B - 1) / 2


def _tied(sizes_BxT: Tensor, present_BxT: Tensor) -> Tensor:
    """Count pairs of equal values, by how many each position is equal to."""
    return (present_BxT * (sizes_BxT - 1)).double().sum(dim=-1) / 2


def _inversions(ranks_BxT: Tensor) -> Tensor:
    """Count pairs of places of which the first has the greater rank: one by one in blocks, then by merging these."""
    import torch

    length = ranks_BxT.shape[-1]
    whole = _BLOCK
    while whole < length:
        whole *= 2
    padded = torch.nn.functional.pad(ranks_BxT, (0, whole - length), value=length + 1)
    values = padded.unflatten(-1, (whole // _BLOCK, _BLOCK))
    contrary = values.new_zeros(())
    for apart in range(1, min(_BLOCK, length)):
        contrary = contrary + (values[..., :-apart] > values[..., apart:]).sum(dim=(-1, -2))
    half = _BLOCK
    while half < whole:
        of_right = (torch.arange(2 * half, device=values.device) >= half).long()
        merged = (2 * values.reshape(*values.shape[:-2], -1, 2 * half) + of_right).sort(dim=-1).values
        right = merged % 2  # of equal ranks the left one comes first
        left_behind = half - (1 - right).cumsum(dim=-1)
        contrary = contrary + (right * left_behind).sum(dim=(-1, -2))
        values = merged // 2
        half *= 2
    return contrary.double()


@SCORES.register("relevance/kendall")
class Kendall(RelevanceScore):
    """Kendall's tau-b of attention and relevance, see `kendall`."""

    is_usual = False
    limits = (-1.0, 1.0)

    def of(self, held: Held) -> Tensor:
        return kendall(held.weights, held.relevance, held.present)


@SCORES.register("relevance/somers")
class Somers(RelevanceScore):
    """Somers' D of attention given relevance, see `somers`."""

    is_usual = False
    limits = (-1.0, 1.0)

    def of(self, held: Held) -> Tensor:
        return somers(held.weights, held.relevance, held.present)
