"""Runs as a list: a line each, with its state and where it stands."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from attnseq.report.formats import format_age, format_loss, format_seconds
from attnseq.runs.reading import DAMAGED, UNFINISHED, RunRecord, is_locked
from attnseq.runs.standing import Standing, standing

TRAINING = "training"


def state(run: RunRecord) -> str:
    """Return the run's state, or `TRAINING` for one that a process works on right now."""
    return TRAINING if run.state in (UNFINISHED, DAMAGED) and is_locked(run.path) else run.state


def line(shown_state: str, epochs: str, its: Standing) -> str:
    """Write where a run stands in 57 characters."""
    speed = "-" if its.epoch_seconds is None else f"{its.epoch_seconds:.3g}"
    left = format_seconds(its.left) if shown_state == TRAINING and its.left is not None else "-"
    loss = "-" if its.loss is None else format_loss(its.loss)
    age = "-" if its.age is None else format_age(its.age)
    return f"{shown_state:<10}{epochs:>9}{loss:>12}{speed:>9}{left:>9}{age:>8}"


HEADING = f"{'state':<10}{'epochs':>9}{'loss':>12}{'s/epoch':>9}{'left':>9}{'age':>8}"


def listing(runs: Sequence[RunRecord], states: Sequence[str], narrow: bool, now: float | None = None) -> Iterator[str]:
    """Yield a line a run.

    Args:
        runs: in the order in which they are listed.
        states: of each.
        narrow: whether the folder that several runs lie in stands above them, so that their lines are short.
        now: seconds since 1970; None for the clock's.
    """
    yield f"{HEADING}  run"
    for folder, group in groupby(zip(runs, states, strict=True), lambda pair: pair[0].path.parent if narrow else None):
        if folder is not None:
            yield str(folder)
        for run, shown in group:
            epochs = "-" if run.state == DAMAGED else f"{run.epochs}/{run.total_epochs or '?'}"
            name = run.path.name if narrow else str(run.path)
            yield f"{line(shown, epochs, standing(run, now))}  {name}{f' ({run.problem})' if run.problem else ''}"
