"""Attention of any axes as distributions over the positions, which can be changed and given back to a model.

Shapes: B batch, T positions, R distributions of a sample: one, or one for each answer position or feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def to_rows(weights: Tensor, axes: str) -> Tensor:
    """Lay weights out as ...xBxRxT.

    Args:
        weights: of the axes, of one model or of every replica.
        axes: "BT", "BTD" or "BKT".
    """
    if axes == "BT":
        return weights.unsqueeze(-2)
    return weights.transpose(-1, -2) if axes == "BTD" else weights


def from_rows(rows: Tensor, axes: str) -> Tensor:
    """Turn ...xBxRxT back into weights of the axes."""
    if axes == "BT":
        return rows.squeeze(-2)
    return rows.transpose(-1, -2) if axes == "BTD" else rows


def ranks_positions(rows: Tensor, present: Tensor | None) -> bool:
    """Tell whether attention may weigh two positions of a sample differently; weights of features alone never do.

    Args:
        rows: ...xBxRxT.
        present: BxT; None: samples have all positions.

    Returns:
        False where all positions of each sample weigh the same, in every row, and some sample has several.
    """
    import torch

    low = high = rows
    if present is not None:
        if bool((present.sum(dim=-1) < 2).all()):
            return True
        low, high = (rows.masked_fill(~present.unsqueeze(-2), sign * torch.inf) for sign in (1, -1))
    return bool((high.amax(dim=-1) > low.amin(dim=-1)).any())
