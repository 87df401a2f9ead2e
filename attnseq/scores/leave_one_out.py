"""Leave-one-out: how far an answer moves when one position is taken away; and the ways to take positions away.

Shapes: B batch, N samples, T positions, F features, R distributions of a sample, C draws.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attnseq.core.randomness import generator

if TYPE_CHECKING:
    from torch import Tensor

REMOVALS = {
    "resampled": "its input becomes that of another sample, drawn from the data",
    "zeroed": "its encoded input becomes 0",
    "removed": "it has no weight in attention's sum, the others have all of it",
}
"""The ways to take a position away. 0 may be an input like others, so that only the first is sure to say nothing."""

DRAWS = 8
"""Other samples of which a position's input is taken."""

Without = Callable[["Tensor", int], "Tensor"]
"""Predictions when positions are taken away: of gone, ...xBxT of bool, and of the number of the draw."""


def others(inputs: Tensor, lengths: Tensor | None, draws: int = DRAWS) -> Tensor:
    """Draw for each position of each sample the input that another sample has there.

    Args:
        inputs: NxT, or NxTxF.
        lengths: N; None: samples have all positions. Else only samples that have the position are drawn.
        draws: C.

    Returns:
        CxNxT, or CxNxTxF: a function of N, T, the lengths and the number of the draw. A position that no other sample
        has stays as it is.
    """
    import torch

    samples, positions = inputs.shape[:2]
    found = inputs.unsqueeze(0).repeat(draws, *[1] * inputs.dim())
    for draw in range(draws):
        steps_NxT = torch.from_numpy(generator(0, "leave-one-out", draw).random((samples, positions)))
        for position in range(positions):
            having = torch.arange(samples) if lengths is None else (lengths.cpu() > position).nonzero().squeeze(-1)
            count = len(having)
            if count < 2:
                continue
            steps = 1 + (steps_NxT[having, position] * (count - 1)).long().clamp(max=count - 2)
            having = having.to(inputs.device)
            found[draw, having, position] = inputs[having[(torch.arange(count) + steps) % count], position]
    return found


def without_weight(rows: Tensor, gone: Tensor) -> Tensor:
    """Take positions out of attention's sum: the other weights grow so that the sum stays what it was.

    Args:
        rows: ...xBxRxT.
        gone: ...xBxT of bool.

    Returns:
        ...xBxRxT; all 0 where no weight is left.

    Source: Serrano & Smith 2019, "Is Attention Interpretable?" (arXiv:1906.03731).
    """
    kept = rows.masked_fill(gone.unsqueeze(-2), 0.0)
    left = kept.sum(dim=-1, keepdim=True)
    return kept * (rows.sum(dim=-1, keepdim=True) / left.masked_fill(left == 0, 1.0))


def leave_one_out(
    without: Without, change: Callable[[Tensor], Tensor], positions: int, draws: int, present: Tensor | None
) -> Tensor:
    """Compute how far an answer moves on average when one position is taken away.

    Args:
        without: predicts without positions.
        change: of a prediction, from that of all positions: ...xB, not negative.
        positions: T.
        draws: of `without`, C.
        present: BxT; None: samples have all positions.

    Returns:
        ...xBxT; 0 at positions that a sample does not have.

    Source: leave-one-out as in Jain & Wallace 2019 (arXiv:1902.10186), who leave a word out; the input of another
    sample in its place as in permutation importance, Breiman 2001, "Random Forests".
    """
    import torch

    columns = []
    for position in range(positions):
        gone_T = torch.arange(positions) == position
        columns.append(sum((change(without(gone_T, draw)) for draw in range(draws)), start=torch.zeros(())) / draws)
    moved = torch.stack(columns, dim=-1)
    return moved if present is None else moved * present
