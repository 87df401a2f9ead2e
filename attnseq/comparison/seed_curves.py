"""Variants as curves in TensorBoard: a run a variant, with the mean over its seeds and the lowest and highest of them.

Legend: S runs, E epochs, C columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from attnseq.comparison.comparison import Comparison
from attnseq.comparison.own_folders import check_own, clear
from attnseq.comparison.run_names import as_folder
from attnseq.comparison.variants import Variant
from attnseq.report import history, summaries
from attnseq.report.event_file import EventFile
from attnseq.report.tags import number_tag
from attnseq.runs.reading import FINISHED

SPREAD = "spread"
"""Group of tags of the lowest and highest seed: after all that is looked at first."""

FloatArray = npt.NDArray[np.float64]


def write_curves(comparison: Comparison, folder: Path) -> list[Path]:
    """Write a TensorBoard run for each variant that has a finished run with a history.

    Curves end with the last epoch that all of a variant's runs have.

    Args:
        comparison: whose runs' history.csv are read.
        folder: empty, of an earlier call, which is written anew, or not there yet.

    Returns:
        The folders of the runs.

    Raises:
        NotOwnError: there are other things in the folder.
        OSError: it cannot be written.
    """
    for path in check_own(folder, _is_ours):
        clear(path)
    written = []
    for row in comparison.rows:
        curves = _curves(row.variant)
        if curves:
            path = folder / as_folder(row.variant.name)
            path.mkdir(parents=True)
            _write(path, curves)
            written.append(path)
    return written


def _is_ours(path: Path) -> bool:
    return path.name.startswith("events.out.tfevents.")


def _curves(variant: Variant) -> dict[str, FloatArray]:
    """Read values_SxE of each column that all runs of a variant have."""
    columns: list[str] = []
    values_SxCxE: list[list[list[float]]] = []
    for run in variant.of_state(FINISHED):
        path = run.path / history.NAME
        try:
            columns = columns or [name for name in history.columns(path) if _is_shown(name)]
            values_CxE = history.read_columns(path, columns)
        except (OSError, ValueError, IndexError):  # it is damaged, or of other metrics than the first one
            continue
        if values_CxE and values_CxE[0]:
            values_SxCxE.append(values_CxE)
    epochs = min((len(values_CxE[0]) for values_CxE in values_SxCxE), default=0)
    cut = [[values_E[:epochs] for values_E in values_CxE] for values_CxE in values_SxCxE]
    return {name: np.array([values_CxE[place] for values_CxE in cut]) for place, name in enumerate(columns) if cut}


def _is_shown(column: str) -> bool:
    return "/" in column and not column.startswith("attention/position_")


def _write(folder: Path, curves: Mapping[str, FloatArray]) -> None:
    tags = {name: _tags(name) for name in curves}
    charts: dict[str, dict[str, Sequence[str]]] = {}
    for mean, low, high in tags.values():
        charts.setdefault(mean.partition("/")[0], {})[mean] = (mean, low, high)
    events = EventFile(folder)
    events.add(0, summaries.band_layout(charts))
    drawn: dict[str, FloatArray] = {}
    for name, values_SxE in curves.items():
        spread = values_SxE.mean(axis=0), values_SxE.min(axis=0), values_SxE.max(axis=0)
        drawn |= dict(zip(tags[name], spread, strict=True))
    for epoch, values_C in enumerate(np.stack(list(drawn.values()), axis=1), start=1):
        events.add(epoch, *map(summaries.scalar, drawn, values_C.tolist()))


def _tags(name: str) -> tuple[str, str, str]:
    """Return the tags of a number's mean, lowest and highest value."""
    tag = number_tag(name)
    return tag, f"{SPREAD}/{tag}/low", f"{SPREAD}/{tag}/high"
