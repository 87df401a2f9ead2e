"""The values that a training run hands to its reports: plain Python and NumPy, no tensors.

Legend: T positions, D digit values, N histogram bins, E epochs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from attnseq.training.attention_summary import AttentionSummary

# what pictures with room for it say: not how much the answer changes where the digit is drawn anew
RELEVANCE_LABEL = "exact relevance (place value)"

FloatArray = npt.NDArray[np.float64]

# the columns of history.csv that every run has; `history_columns` adds one a position
HISTORY_COLUMNS = (
    "epoch",
    "loss/train",
    "loss/validation",
    "mae/validation",
    "exact/validation",
    "attention/entropy",
    "seconds",
)


@dataclass(frozen=True, eq=False)
class EpochRecord:
    """What is known of a run when an epoch ends.

    Args:
        epoch: counted from 1.
        loss_train: mean loss over the epoch's training steps; squared error of the scaled target.
        loss_validation: the same on held-out samples, after the epoch.
        mae_validation: mean absolute error, in units of the answer.
        exact_validation: share of held-out samples whose rounded answer is right; in [0, 1].
        seconds: wall time of this epoch.
        attention: attention over the probe set, after the epoch.
    """

    epoch: int
    loss_train: float
    loss_validation: float
    mae_validation: float
    exact_validation: float
    seconds: float
    attention: AttentionSummary


@dataclass(frozen=True, eq=False)
class ReproducedRun:
    """One of the tutorial's runs beside ours, for the reproduction figure.

    Args:
        name: heading, such as "MLP with attention".
        loss_E: our training loss, an entry an epoch; (E,).
        published_loss_E: the tutorial's; (E,).
        mean_T: our mean attention; (T,).
        relevance_T: exact relevance of each position, any scale; (T,).
        published_mean_T: the tutorial's mean attention, None where it printed none; (T,).
    """

    name: str
    loss_E: Sequence[float]
    published_loss_E: Sequence[float]
    mean_T: npt.ArrayLike
    relevance_T: npt.ArrayLike
    published_mean_T: npt.ArrayLike | None = None


def history_columns(positions: int) -> tuple[str, ...]:
    """Columns of history.csv, in order, for sequences of `positions` positions.

    Args:
        positions: length of a sequence, T.

    Returns:
        `HISTORY_COLUMNS` with `attention/position_0`... before `seconds`.
    """
    per_position = tuple(f"attention/position_{position}" for position in range(positions))
    return (*HISTORY_COLUMNS[:-1], *per_position, HISTORY_COLUMNS[-1])


def relevance_share(relevance_T: npt.ArrayLike, positions: int) -> FloatArray:
    """Relevance scaled to sum to one, so that it can stand beside attention.

    Args:
        relevance_T: exact relevance of each position, not negative, any scale; (T,).
        positions: T, the length of the attention that it stands beside.

    Returns:
        Shares that sum to one, or zeros where no position matters; (T,).

    Raises:
        ValueError: its length is not `positions`.
    """
    relevance = np.asarray(relevance_T, dtype=np.float64)
    if relevance.shape != (positions,):
        raise ValueError(f"relevance has shape {relevance.shape}, attention has {positions} positions")
    total = relevance.sum()
    return relevance / total if total > 0 else relevance
