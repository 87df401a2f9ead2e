"""What trained runs show of the article's claims: their figures by variant and seed.

Shapes: T positions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from attnseq.runs.analysis_file import read_analysis
from attnseq.runs.reading import FINISHED, RunRecord, is_number

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """What is known of a finished run.

    Args:
        result: of result.json.
        numbers: of its analysis, by name.
        positions: of its analysis: numbers a position, by name.
    """

    result: Mapping[str, Any]
    numbers: Mapping[str, float] = field(default_factory=dict)
    positions: Mapping[str, Any] = field(default_factory=dict)


class Evidence:
    """Figures of runs by variant and seed.

    Args:
        seen: finished runs, by variant's label and seed.
        lost: runs that diverged or failed, by label: how many.
    """

    def __init__(self, seen: Mapping[str, Mapping[int, Seen]], lost: Mapping[str, int] | None = None):
        self._seen, self.lost = seen, dict(lost or {})

    @property
    def labels(self) -> list[str]:
        """Of the variants of which a run is finished."""
        return [label for label, runs in self._seen.items() if runs]

    def result(self, label: str, *names: str) -> dict[int, float]:
        """Return a number of each seed's result: the first of these names that it has."""
        return _numbers({seed: _first(run.result, names) for seed, run in self._seen.get(label, {}).items()})

    def analysed(self, label: str, name: str) -> dict[int, float]:
        """Return a number of each seed's analysis."""
        return _numbers({seed: run.numbers.get(name) for seed, run in self._seen.get(label, {}).items()})

    def attention(self, label: str) -> dict[int, FloatArray]:
        """Return the mean attention of each seed over the test samples, T."""
        lists = {seed: run.result.get("attention/mean") for seed, run in self._seen.get(label, {}).items()}
        return {seed: np.array(values) for seed, values in lists.items() if values}

    def relevance(self, label: str) -> FloatArray:
        """Return the exact relevance of the positions, T: the same for all seeds of a variant."""
        return next(np.array(run.result["attention/relevance"]) for run in self._seen[label].values())

    def by_position(self, label: str, name: str) -> dict[int, FloatArray]:
        """Return numbers of each seed's analysis, T."""
        lists = {seed: run.positions.get(name) for seed, run in self._seen.get(label, {}).items()}
        return {seed: np.array(values) for seed, values in lists.items() if values}


def seen(record: RunRecord) -> Seen | None:
    """Return what is known of a run by its result and its analysis.json; None for one that did not finish."""
    if record.state != FINISHED:
        return None
    its = read_analysis(record.path)
    return Seen(record.result, its.get("numbers", {}), its.get("positions", {}))


def _first(result: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((result[name] for name in names if name in result), None)


def _numbers(values: Mapping[int, Any]) -> dict[int, float]:
    return {seed: float(value) for seed, value in values.items() if is_number(value)}
