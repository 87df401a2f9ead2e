"""A grid of small sweeps: fused with `trainer.compile=auto` beside all that it could have chosen.

A cell is a model, a number of runs and a number of steps; each choice is a whole command with an empty cache. A command
that takes longer than `auto` did is stopped: it would not have been a better choice.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.contestants.job import LSTM, MLP
from benchmarks.output import Row, machine, table, write_json
from benchmarks.process import Command, call, say, scratch_folder

HELP = "instead, a grid of small sweeps: whether fused with compile=auto chooses the fastest way (two hours)"
SAMPLES = 20_000
EPOCHS = {625: 1, 2_500: 4, 20_000: 32}  # by steps
CHOICES = {
    "basic": ["hydra/launcher=basic"],
    "compile=true": ["trainer.compile=true"],
    "compile=false": ["trainer.compile=false"],
}
HEADS = ("model", "runs, steps", "auto: s", *CHOICES, "auto / best", "choice")
FIGURES = {"auto": 1} | dict.fromkeys(CHOICES, 1) | {"times": 2, "verdict": 0}
MARGIN, SECONDS = 1.15, 1.0  # a choice is wrong if it is worse than the best by more than both


class Cell(NamedTuple):
    """One sweep."""

    model: str
    runs: int
    steps: int


ALL = tuple(Cell(model, runs, steps) for model in (MLP, LSTM) for runs in (2, 8, 32) for steps in EPOCHS)


def command_of(cell: Cell, overrides: Sequence[str]) -> list[str]:
    """Write the arguments of Python for a cell's command."""
    given = ["device=cpu", "dataset=abs_difference", f"dataset.train_size={SAMPLES}", f"model={cell.model}"]
    given += [f"seed=range({cell.runs})", f"trainer.epochs={EPOCHS[cell.steps]}", *overrides]
    return ["-m", "attnseq.train", "-m", *given]


def measure(cell: Cell) -> Row:
    """Measure the seconds of each choice; None where it took longer than auto."""
    with scratch_folder() as scratch:
        say(f"{cell.model}: {cell.runs} runs, {cell.steps} steps")
        _, auto = call(command_of(cell, []), scratch, "auto")
        others = {name: seconds_of(command_of(cell, given), scratch, name, auto) for name, given in CHOICES.items()}
    return judge(cell, auto, others)


def seconds_of(command: Sequence[str], scratch: Path, name: str, limit: float) -> float | None:
    """Measure the seconds of a command; None where it was stopped at the limit."""
    ended = Command(command, scratch, name).wait(limit)
    return ended[1] if ended else None


def judge(cell: Cell, auto: float, others: dict[str, float | None]) -> Row:
    """Make a cell's row, with a verdict on auto's choice."""
    best = min([auto, *(seconds for seconds in others.values() if seconds is not None)])
    wrong = auto > MARGIN * best and auto > best + SECONDS
    shown = {name: f">{auto:.1f}" if seconds is None else seconds for name, seconds in others.items()}
    figures = {"auto": auto, **shown, "times": auto / best, "verdict": "wrong" if wrong else "right"}
    return {"model": cell.model, "contestant": f"{cell.runs}, {cell.steps}", **figures}


def worst(rows: Sequence[Row]) -> float:
    """Find the largest ratio of auto to the best choice among cells where they are more than a second apart, or 1."""
    return max([1.0, *(row["times"] for row in rows if row["auto"] - row["auto"] / row["times"] > SECONDS)])


def run(given: argparse.Namespace) -> None:
    """Run `benchmark.py sweep --grid`."""
    head = f"{machine()}, {SAMPLES:,} samples, caches empty"
    rows = [measure(cell) for cell in ALL if cell.model in given.model]
    print(head, table(HEADS, FIGURES, rows), sep="\n")
    write_json(given.json, head, rows)
