"""Permutation: what becomes of an answer when the weights of attention change places.

Shapes: B batch, T positions, R distributions of a sample, M permutations; a population has P before them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from attnseq.core.randomness import generator

if TYPE_CHECKING:
    from torch import Tensor

PERMUTATIONS = 100
"""As Jain & Wallace take."""


def orders(
    samples: int, rows: int, positions: int, lengths: Tensor | None, number: int = PERMUTATIONS
) -> Iterator[Tensor]:
    """Draw orders of the positions that a sample has; the others stay in their places.

    Args:
        samples: B.
        rows: R, each of which has orders of its own.
        positions: T.
        lengths: B; None: samples have all positions.
        number: M.

    Yields:
        M tensors BxRxT of positions, functions of their number and of these sizes.
    """
    import torch

    for each in range(number):
        keys_BxRxT = torch.from_numpy(generator(0, "permutation", each).random((samples, rows, positions)))
        if lengths is not None:
            places_T = torch.arange(positions)
            absent_BxT = places_T >= lengths.cpu().unsqueeze(-1)
            keys_BxRxT = torch.where(absent_BxT.unsqueeze(-2), 1.0 + places_T, keys_BxRxT)
        yield keys_BxRxT.argsort(dim=-1)


def median_change(
    change: Callable[[Tensor], Tensor], rows: Tensor, orders: Iterable[Tensor], lengths: Tensor | None
) -> Tensor:
    """Compute the median change of an answer over permutations of its attention weights.

    Args:
        change: of the answer, ...xB, when attention has other weights, ...xBxRxT.
        rows: the weights after the softmax, ...xBxRxT.
        orders: of the positions, see `orders`.
        lengths: B; None: samples have all positions.

    Returns:
        ...xB, not negative; NaN for a sample with a single position, whose weight cannot change places.

    Source: Jain & Wallace 2019, "Attention is not Explanation" (arXiv:1902.10186), algorithm 1.
    """
    import torch

    changes = torch.stack([change(rows.gather(-1, order.expand(rows.shape))) for order in orders], dim=-1)
    median = changes.quantile(0.5, dim=-1)
    single = torch.tensor(rows.shape[-1] < 2) if lengths is None else lengths < 2
    return median.masked_fill(single.to(median.device), torch.nan)
