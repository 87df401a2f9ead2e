"""The values that a training run hands to its reports: plain Python and NumPy, no tensors.

Legend: T positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from attnseq.training.attention_summary import Alignment, AttentionSummary

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EpochRecord:
    """What is known of a run when an epoch ends.

    Args:
        epoch: counted from 1.
        row: all that was measured, by name, in the order in which it is shown: "loss/train", "mae/validation".
        attention: to the probe set, by tag, the model's main attention first; empty where a model has none.
        seconds: wall time of this epoch.
        alignment: of one sample; None where there is none to show.
        attends: whether the model attends, see `Model.attends`; if not, its weights are kept as a baseline's, and not
            shown.
    """

    epoch: int
    row: Mapping[str, float]
    attention: Mapping[str, AttentionSummary]
    seconds: float
    alignment: Alignment | None = None
    attends: bool = True

    @property
    def main_attention(self) -> AttentionSummary | None:
        """The attention that the history and the terminal show, or None."""
        return next(iter(self.attention.values()), None)


@dataclass(frozen=True)
class StepRecord:
    """What is known of some steps of training within an epoch.

    Args:
        step: the last of them, counted from the beginning of the run.
        loss: of their samples, mean.
        gradient_norm: of their gradients, root of the mean square; later ones count a little more.
        samples_per_second: their samples by the run's share of the time.
    """

    step: int
    loss: float
    gradient_norm: float
    samples_per_second: float


def history_row(record: EpochRecord) -> dict[str, float]:
    """Make a row of history.csv: its numbers by column, in order.

    Args:
        record: the epoch.

    Returns:
        `epoch`, what was measured, the main attention's mean as `attention/position_0`..., `seconds`.
    """
    main = record.main_attention
    mean_T: Iterable[float] = () if main is None else main.mean_T
    positions = {f"attention/position_{position}": mean for position, mean in enumerate(mean_T)}
    numbers = {**record.row, **positions, "seconds": record.seconds}
    return {"epoch": record.epoch} | {name: float(number) for name, number in numbers.items()}


def relevance_share(relevance_T: npt.ArrayLike, positions: int) -> FloatArray:
    """Scale relevance to sum to one, so that it can stand beside attention.

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
    total = np.nansum(relevance)
    return relevance / total if total > 0 else relevance
