"""Reading the goals of docs/performance.md, and judging whether a figure reaches them.

Its first table has a row for each ratio: name, goal ("at least 1.5", "at most 8 s") and, where the goal is out of
reach, the bound that was accepted, a figure of the same kind.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.output import Row
from benchmarks.process import ROOT

FILE = ROOT / "docs" / "performance.md"
ROW = re.compile(
    r"\| *(?P<name>[^|]+?) *\| *at (?P<side>least|most) (?P<goal>[\d.]+) ?(?P<unit>\w*) *\| *(?P<bound>[\d.]*)"
)
HEADS = ("ratio", "goal", "here", "verdict")
FIGURES = {"here": 2, "verdict": 0}
ACCEPTED = ("reached", "bounded")


class Goal(NamedTuple):
    """What a ratio should be.

    Args:
        at_least: whether a figure must be at least `value`; else at most.
        value: the goal, in `unit`.
        bound: the accepted bound; None where there is none.
        unit: "s", "MB", or "" for a ratio.
    """

    at_least: bool
    value: float
    bound: float | None
    unit: str

    def __str__(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {self.value:g} {self.unit}".rstrip()


def read_goals(file: Path = FILE) -> dict[str, Goal]:
    """Read all goals by name, in their order."""
    found = filter(None, map(ROW.match, file.read_text(encoding="utf-8").splitlines()))
    return {row["name"]: as_goal(row) for row in found}


def as_goal(row: re.Match[str]) -> Goal:
    """Make the goal of a row of the table."""
    bound = float(row["bound"]) if row["bound"] else None
    return Goal(row["side"] == "least", float(row["goal"]), bound, row["unit"])


def stretch(goals: Mapping[str, Goal], times: float) -> dict[str, Goal]:
    """Stretch goals in seconds for a machine that is so many times slower than the one that they were set for."""
    return {
        name: goal._replace(value=goal.value * times, bound=goal.bound and goal.bound * times)
        if goal.unit == "s"
        else goal
        for name, goal in goals.items()
    }


def judge(goal: Goal, figure: float | None) -> str:
    """Judge a figure: `reached`, `bounded` (only as good as the accepted bound), `missed` or `not measured`."""
    if figure is None:
        return "not measured"

    def holds(value: float) -> bool:
        return figure >= value if goal.at_least else figure <= value

    if holds(goal.value):
        return "reached"
    return "bounded" if goal.bound is not None and holds(goal.bound) else "missed"


def judge_all(goals: Mapping[str, Goal], figures: Mapping[str, float | None]) -> list[Row]:
    """Make a row for each goal."""
    return [
        {"model": name, "contestant": str(goal), "here": figures[name], "verdict": judge(goal, figures[name])}
        for name, goal in goals.items()
    ]


def all_accepted(rows: Sequence[Row]) -> bool:
    """Tell whether each goal is reached or bounded."""
    return all(row["verdict"] in ACCEPTED for row in rows)
