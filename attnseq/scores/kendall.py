"""Kendall's tau-b of two rankings of positions, sample by sample.

Shapes: T positions; any axes may stand before them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

TIE = 1e-6
"""Values that differ by less than this share of the largest are equal: rounding orders no positions."""


def tau_b(one: Tensor, other: Tensor, present: Tensor | None = None) -> Tensor:
    """Compute Kendall's tau-b, which allows for ties on either side.

    Args:
        one: ...xT.
        other: ...xT.
        present: which positions count, of a shape that broadcasts; None: all.

    Returns:
        ..., in [-1, 1]; NaN where one side orders no pair of positions.

    Source: Kendall 1945, "The treatment of ties in ranking problems"; per sample as in Jain & Wallace 2019.
    """
    ones, others = _order(one, present), _order(other, present)
    pairs = ((ones * ones).sum(dim=(-2, -1)) * (others * others).sum(dim=(-2, -1))).sqrt()
    return (ones * others).sum(dim=(-2, -1)) / pairs  # 0 / 0 is NaN


def _order(values: Tensor, present: Tensor | None) -> Tensor:
    """Compute ...xTxT: the sign of each pair's difference, 0 for ties and for pairs that do not count."""
    import torch

    if present is not None:
        values = torch.where(present, values, values.new_zeros(()))
    gaps = values.unsqueeze(-1) - values.unsqueeze(-2)
    tie = TIE * values.abs().amax(dim=-1)[..., None, None]
    signs = gaps.sign() * (gaps.abs() > tie)
    return signs if present is None else signs * (present.unsqueeze(-1) & present.unsqueeze(-2))
