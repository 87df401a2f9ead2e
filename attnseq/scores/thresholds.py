"""Positions in the order of their weights, equal weights together: what scores by rank and by threshold stand on.

Shapes: B batch, T positions. Further axes may stand before T, such as BxKxT. All runs under `torch.vmap`, by sorting:
memory grows with T, and not with its square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from attnseq.core.once import once

if TYPE_CHECKING:
    import torch
    from torch import Tensor

TIE = 1e-9
"""Neighbours in the order that differ by no more than this share of the larger one are equal, as in `agreement`.

Of float32, whose rounding is coarser than that, 8 times its epsilon: 9.5e-7.
"""


class Order(NamedTuple):
    """Positions from the highest weight to the lowest; absent ones are last. All of shape BxT.

    Args:
        place: where each stands in the sequence.
        weights: of each.
        present: 1 for a position that the sample has, 0 for padding.
        before: how many have a higher weight.
        until: how many have a weight as high, or higher: those above the threshold that this weight is.
        first, last: bool, whether a place is the first, or the last, of its weight.
    """

    place: Tensor
    weights: Tensor
    present: Tensor
    before: Tensor
    until: Tensor
    first: Tensor
    last: Tensor

    @property
    def sizes(self) -> Tensor:
        """How many positions have the same weight, itself among them; 0 or more at absent ones."""
        return self.until - self.before


class Hits(NamedTuple):
    """Relevant positions in an order; all of shape BxT.

    Args:
        relevant: 1 where a position is relevant, else 0.
        before: how many of those with a higher weight are relevant.
        until: how many of those with a weight as high, or higher, are.
    """

    relevant: Tensor
    before: Tensor
    until: Tensor


@once
def order(weights_BxT: Tensor, present_BxT: Tensor | None = None) -> Order:
    """Order the positions of each sample by their weights.

    Args:
        weights_BxT: any scale and sign.
        present_BxT: whether a sample has a position; None: all have all.
    """
    import torch

    values = weights_BxT if weights_BxT.is_floating_point() else weights_BxT.double()
    if present_BxT is not None:  # lower than all, by more than ties allow
        lowest = values.amin(dim=-1, keepdim=True)
        values = torch.where(present_BxT, values, lowest - lowest.abs() - 1)
    values, place = values.sort(dim=-1, descending=True)
    higher, lower = values[..., :-1], values[..., 1:]
    first, last = edges(higher - lower > tie(values.dtype) * torch.maximum(higher.abs(), lower.abs()))
    if present_BxT is None:
        present = torch.ones_like(values)
    else:
        present = present_BxT.expand(place.shape).gather(-1, place).to(values.dtype)
    return Order(place, values, present, *before_and_until(present, first, last), first, last)


def levels(ordered: Order) -> Tensor:
    """Give each weight of an order a number: 0 for the highest, 1 for the next lower one; T at absent positions.

    Returns:
        BxT, int64, by where a position stands in the sequence.
    """
    import torch

    numbers = (ordered.first.long().cumsum(dim=-1) - 1).masked_fill(ordered.present == 0, ordered.first.shape[-1])
    return torch.zeros_like(numbers).scatter(-1, ordered.place, numbers)


@once
def count(ordered: Order, relevant_BxT: Tensor) -> Hits:
    """Count relevant positions in an order; of absent ones none is."""
    relevant = relevant_BxT.expand(ordered.place.shape).gather(-1, ordered.place) * ordered.present
    return Hits(relevant, *before_and_until(relevant, ordered.first, ordered.last))


def edges(apart: Tensor) -> tuple[Tensor, Tensor]:
    """Tell which places are the first and the last of their weight.

    Args:
        apart: whether each place but the last has another weight than the next one.
    """
    import torch

    edge = apart.new_ones((*apart.shape[:-1], 1))
    return torch.cat([edge, apart], dim=-1), torch.cat([apart, edge], dim=-1)


def before_and_until(counts: Tensor, first: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
    """Sum counts from the first place of an order to each, ties together.

    Args:
        counts: of each place, not negative.
        first: whether a place is the first of its weight.
        last: whether it is the last of its weight.

    Returns:
        Sums up to the places of higher weight, and up to the last place of the same weight.
    """
    sums = counts.cumsum(dim=-1)
    before = (sums - counts).masked_fill(~first, 0.0).cummax(dim=-1).values
    until = sums.masked_fill(~last, float("inf")).flip(-1).cummin(dim=-1).values.flip(-1)
    return before, until


def tie(dtype: torch.dtype) -> float:
    """Return the share by which equal weights may differ."""
    import torch

    return max(TIE, 8 * torch.finfo(dtype).eps)
