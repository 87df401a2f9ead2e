"""Permutation: what becomes of an answer when the weights of attention change places.

Shapes: B batch, T positions, R distributions of a sample, M permutations; a population has P before them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from attnseq.core.randomness import generator

if TYPE_CHECKING:
    from torch import Tensor

PERMUTATIONS = 100
"""As Jain & Wallace take."""


def orders(samples: range, rows: int, positions: int, lengths: Tensor | None, number: int = PERMUTATIONS) -> Tensor:
    """Draw orders of the positions that a sample has; the others stay in their places.

    Args:
        samples: their numbers, B.
        rows: R, each of which has orders of its own.
        positions: T.
        lengths: B; None: samples have all positions.
        number: M.

    Returns:
        MxBxRxT positions, int16: 100 orders of many samples take much memory. A sample's are a function of its number,
        its length and of these sizes, and not of which samples they are drawn with.
    """
    import torch

    lengths_B = [positions] * len(samples) if lengths is None else lengths.tolist()
    found_BxMxRxT = np.empty((len(samples), number, rows, positions), dtype=np.int16)
    for place, (sample, length) in enumerate(zip(samples, lengths_B, strict=True)):
        keys_MxRxT = generator(0, "permutation", sample).random((number, rows, positions))
        keys_MxRxT[..., length:] = 1 + np.arange(length, positions)
        found_BxMxRxT[place] = keys_MxRxT.argsort(axis=-1)
    return torch.from_numpy(found_BxMxRxT).transpose(0, 1)


def median_change(change: Callable[[Tensor], Tensor], rows: Tensor, orders: Tensor, lengths: Tensor | None) -> Tensor:
    """Compute the median change of an answer over permutations of its attention weights.

    Args:
        change: of the answer, ...xB, when attention has other weights, ...xBxRxT.
        rows: the weights after the softmax, ...xBxRxT.
        orders: MxBxRxT, of the positions, see `orders`.
        lengths: B; None: samples have all positions.

    Returns:
        ...xB, not negative; NaN for a sample with a single position, whose weight cannot change places.

    Source: Jain & Wallace 2019, "Attention is not Explanation" (arXiv:1902.10186), algorithm 2.
    """
    import torch

    changes = torch.stack(
        [change(rows.gather(-1, order.to(rows.device).long().expand(rows.shape))) for order in orders], dim=-1
    )
    median = changes.quantile(0.5, dim=-1)
    single = torch.tensor(rows.shape[-1] < 2) if lengths is None else lengths < 2
    return median.masked_fill(single.to(median.device), torch.nan)
