"""Whether the published run was reproduced: each figure of the article beside ours, with a stated tolerance.

Shapes: E epochs, T positions, M first samples.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from attnseq.article import published

# tolerate more later on: the LSTM's run is chaotic, and 1e-7 more in a kernel moves later epochs by some per cent
LSTM_CALM_EPOCHS = 5
LSTM_CALM_TOLERANCE = 0.03
LSTM_TOLERANCE = 0.25


class Verdict(NamedTuple):
    """A figure's name, its published and our value, and whether the two agree."""

    figure: str
    published: float | str
    ours: float | str
    holds: bool


def targets(targets_M: npt.ArrayLike) -> Iterator[Verdict]:
    """Judge the first targets: equal to three decimals, as printed."""
    for index, (theirs, ours) in enumerate(zip(published.FIRST_TARGETS_M, np.asarray(targets_M).tolist(), strict=True)):
        yield Verdict(f"target {index}", theirs, round(ours, 6), f"{ours:.3f}" == f"{theirs:.3f}")


def mlp_losses(loss_E: Sequence[float]) -> Iterator[Verdict]:
    """Judge the MLP's training losses: equal as printed."""
    for epoch, (theirs, ours) in enumerate(zip(published.MLP_LOSS_E, loss_E, strict=True), 1):
        yield Verdict(f"MLP loss, epoch {epoch}", theirs, f"{ours:.6f}", published.as_printed(ours) == theirs)


def mlp_attention(mean_T: npt.ArrayLike) -> Iterator[Verdict]:
    """Judge the MLP's mean attention over all training samples: within 1e-4 and 3 % at each position."""
    pairs = zip(published.MLP_MEAN_ATTENTION_T, np.asarray(mean_T).tolist(), strict=True)
    for position, (theirs, ours) in enumerate(pairs):
        holds = abs(ours - theirs) <= 1e-4 and abs(ours - theirs) <= 0.03 * theirs
        yield Verdict(f"MLP attention, position {position}", f"{theirs:.4e}", f"{ours:.4e}", holds)


def mlp_predictions(predictions_M: npt.ArrayLike) -> Iterator[Verdict]:
    """Judge the MLP's predictions of the first samples: within 5e-5."""
    pairs = zip(published.MLP_FIRST_PREDICTIONS_M, np.asarray(predictions_M).tolist(), strict=True)
    for index, (theirs, ours) in enumerate(pairs):
        yield Verdict(f"MLP prediction {index}", f"{theirs:.6f}", f"{ours:.6f}", abs(ours - theirs) <= 5e-5)


def lstm_losses(loss_E: Sequence[float]) -> Iterator[Verdict]:
    """Judge the LSTM's training losses: within 3 % through epoch 5 and 25 % after."""
    for epoch, (printed, ours) in enumerate(zip(published.LSTM_LOSS_E, loss_E, strict=True), 1):
        tolerance = LSTM_CALM_TOLERANCE if epoch <= LSTM_CALM_EPOCHS else LSTM_TOLERANCE
        holds = abs(ours / float(printed) - 1) <= tolerance
        yield Verdict(f"LSTM loss, epoch {epoch}", printed, f"{ours:.4e}", holds)
