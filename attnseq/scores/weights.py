"""Attention of any axes as a weight a position, or as rows of such weights. Modules of scores do not load PyTorch.

Shapes: B batch, T positions, R rows (answer or query positions); a population's have P before them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Attention, Batch


def position_weights(attention: Attention, samples: Batch) -> Tensor:
    """Reduce attention to a weight a position.

    Of weights for each feature it takes the one of the position's own token, or the mean for real numbers. Of several
    rows it takes the mean.

    Args:
        attention: of one model, or of every replica.
        samples: that it attends to.

    Returns:
        weights_BxT, or weights_PxBxT.
    """
    weights, axes = attention
    if axes == "BT":
        return weights
    if axes == "BTD":
        if samples.inputs.is_floating_point():
            return weights.mean(dim=-1)
        return weights.gather(-1, own_tokens(weights, samples)).squeeze(-1)
    rows, counted_BxR = attention_rows(attention, samples)
    return (rows * counted_BxR.unsqueeze(-1)).sum(dim=-2) / counted_BxR.sum(dim=-1, keepdim=True).clamp(min=1)


def own_tokens(weights: Tensor, samples: Batch) -> Tensor:
    """Return the token of each position as an index into weights of the axes BTD: ...xBxTx1."""
    return samples.inputs.long().unsqueeze(-1).expand(*weights.shape[:-1], 1)


def attention_rows(attention: Attention, samples: Batch) -> tuple[Tensor, Tensor]:
    """Lay attention with a weight a position for each answer or query position out as rows, one for each of these.

    Args:
        attention: of axes BKT, or BMTT, whose heads are averaged.
        samples: that it attends to; with targets, where answers differ in length.

    Returns:
        rows_BxRxT (or rows_PxBxRxT), and counted_BxR: 1 for a row that a sample has, 0 for padding.
    """
    weights, axes = attention
    rows = weights.mean(dim=-3) if axes == "BMTT" else weights
    counted_BxR = rows.new_ones(samples.size, rows.shape[-2])
    if axes == "BMTT":
        present_BxT = samples.present()
        return rows, counted_BxR if present_BxT is None else present_BxT.to(rows.dtype)
    if samples.targets is None or samples.targets.dim() == 1:  # one query for the whole answer
        return rows, counted_BxR
    return rows, (samples.targets >= 0).to(rows.dtype)
