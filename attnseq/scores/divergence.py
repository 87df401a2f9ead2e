"""How far two distributions are from each other: Jensen-Shannon and Kullback-Leibler divergence.

Shapes: T positions, over which a distribution sums to 1; any axes may stand before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def jensen_shannon(one: Tensor, other: Tensor) -> Tensor:
    """Compute the Jensen-Shannon divergence of distributions over the last axis, in nats: 0 to ln 2.

    Args:
        one: ...xT, not negative, sums to 1; positions that a sample does not have are 0 in both.
        other: likewise.

    Source: Lin 1991, "Divergence measures based on the Shannon entropy"; Jain & Wallace 2019 (arXiv:1902.10186).
    """
    return (_to_middle(one, other) + _to_middle(other, one)).sum(dim=-1).clamp(min=0.0) / 2


SMALLEST = 1e-6
"""A weight below it counts as it where its logarithm is taken, so that a divergence is finite: at most 13.8 nats."""


def kullback_leibler(one: Tensor, other: Tensor) -> Tensor:
    """Compute the Kullback-Leibler divergence of `one` from `other` over the last axis, in nats.

    It is the sum of one ln(one / other): 0 where they are equal.

    Args:
        one: ...xT, not negative, sums to 1; positions that a sample does not have are 0 in both.
        other: likewise.

    Source: Kullback & Leibler 1951, "On information and sufficiency".
    """
    return (one * (one.clamp(min=SMALLEST).log() - other.clamp(min=SMALLEST).log())).sum(dim=-1)


def towards_one(weights: Tensor) -> Tensor:
    """Compute the divergence of a distribution from each of those that have all their weight at one position.

    The divergence is convex, so that the largest of these is the farthest that any distribution can be.

    Args:
        weights: ...xT.

    Returns:
        ...xT: from the one at that position.
    """
    import torch

    return (_pair(weights, torch.ones_like(weights)) - _pair(weights, torch.zeros_like(weights))) + LN2 / 2


def between_two(weights: Tensor, share: Tensor) -> Tensor:
    """Compute the divergence from distributions that share their weight between two positions.

    Args:
        weights: ...xT.
        share: ...xTxT, of the first position; the other one has the rest. Where both are the same one, it has all.

    Returns:
        ...xTxT.
    """
    first, second = weights.unsqueeze(-1), weights.unsqueeze(-2)
    rest = LN2 / 2 - _pair(first, share * 0) - _pair(second, share * 0)
    found = rest + _pair(first, share) + _pair(second, 1 - share)
    found.diagonal(dim1=-2, dim2=-1).copy_(towards_one(weights))
    return found


LN2 = 0.6931471805599453
"""The largest divergence, of distributions that share no position."""


def _pair(weight: Tensor, other: Tensor) -> Tensor:
    """Compute what one position adds to the divergence."""
    return (_to_middle(weight, other) + _to_middle(other, weight)) / 2


def _to_middle(one: Tensor, other: Tensor) -> Tensor:
    """Compute one ln(one / middle), where the middle is the mean of both; 0 where one is 0."""
    import torch

    return torch.special.xlogy(one, one) - torch.special.xlogy(one, (one + other) / 2)
