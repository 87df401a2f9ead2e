"""How far a run is, how fast it goes and when it last wrote, read off its folder."""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from statistics import fmean

from attnseq.report import history
from attnseq.runs.reading import RunRecord

LAST = 5
"""Epochs over which the seconds of an epoch are averaged."""

WRITTEN = ("result.json", "checkpoint.pt", history.NAME)
"""Files whose times say when a run last wrote."""


@dataclass(frozen=True)
class Standing:
    """Where a run stands; None for what is not known.

    Args:
        loss: of the validation samples after the last epoch, or in training where there is none.
        epoch_seconds: of an epoch, the mean over the last ones; of a run in a population its share of the time.
        left: seconds until its last epoch, where it is in training now; its whole population's time.
        age: seconds since it last wrote.
    """

    loss: float | None = None
    epoch_seconds: float | None = None
    left: float | None = None
    age: float | None = None


def standing(run: RunRecord, now: float | None = None) -> Standing:
    """Read where a run stands.

    Args:
        run: of any state; of a damaged one it tells what can be read.
        now: seconds since 1970; None for the clock's.
    """
    now = time.time() if now is None else now
    losses, seconds_E = _history(run.path / history.NAME)
    each = fmean(seconds_E[-LAST:]) if seconds_E else None
    ages = [age for age in (_age(run.path / name, now) for name in WRITTEN) if age is not None]
    since, left = _age(run.path / history.NAME, now), None
    if each is not None and since is not None and run.total_epochs is not None:
        whole = (run.total_epochs - run.epochs) * each * _together(run.path / "plan.json")
        left = max(0.0, whole - since)
    return Standing(next(filter(isfinite, losses), None), each, left, min(ages, default=None))


def _history(file: Path) -> tuple[list[float], list[float]]:
    """Read the last epoch's losses, validation first, and the seconds of all epochs; nothing of a damaged file."""
    with suppress(OSError, ValueError, IndexError):
        losses = [name for name in ("loss/validation", "loss/train") if name in history.columns(file)]
        *columns, seconds_E = history.read_columns(file, [*losses, "seconds"])
        return [column[-1] for column in columns if column], seconds_E
    return [], []


def _together(plan: Path) -> int:
    """Read how many runs the population has in which a run is trained; 1 where that is not known."""
    try:
        runs = json.loads(plan.read_bytes())["runs"]
    except (OSError, ValueError, TypeError, KeyError):
        return 1
    return runs if isinstance(runs, int) and runs > 0 else 1


def _age(file: Path, now: float) -> float | None:
    try:
        return max(0.0, now - file.stat().st_mtime)
    except OSError:
        return None
