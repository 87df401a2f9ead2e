"""A folder for TensorBoard in which runs are called by what differs: links to their event files, and nothing else.

TensorBoard calls a run by its folder, and a run's own folder has the same name whatever it is compared with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attnseq.comparison.own_folders import check_own, clear
from attnseq.comparison.run_names import differing_keys, run_names
from attnseq.core.files import named_in_errors
from attnseq.report import history, summaries
from attnseq.report.event_file import EventFile
from attnseq.report.tags import number_tag
from attnseq.runs.reading import RunRecord, read_run, run_folders

COLUMNS = "events.out.tfevents.0000000000.columns"
"""The file that chooses the columns of the tab HParams: read before all others of its folder."""

FIRST_METRICS = ("loss/validation", "loss/test", "loss/train")
"""Metrics that are shown first: by the first one it is judged which run is best."""


class RunLinks:
    """Links to runs, which `refresh` brings up to date: a sweep may be under way.

    Args:
        folder: in which the links are made; it is empty, or has links to runs, or does not exist.
        searched: folders, in or below which the runs lie.
    """

    def __init__(self, folder: Path, searched: Sequence[Path]):
        self.folder, self._searched = folder, searched
        self._records: dict[Path, RunRecord] = {}

    def refresh(self) -> int:
        """Make links to new runs and event files, rename what is called otherwise now, and remove what is gone.

        Returns:
            How many runs are linked to.

        Raises:
            NotOwnError: there are other things in the folder.
            OSError: a folder cannot be listed, or a link cannot be made.
        """
        records = self._read()
        named = {name: run for name, run in zip(run_names(records), records, strict=True) if _events(run)}
        with named_in_errors(self.folder):
            if named:
                self.folder.mkdir(parents=True, exist_ok=True)
            for path in check_own(self.folder, _is_ours):
                if path.name not in named:
                    clear(path)
            for name, run in named.items():
                _link(self.folder / name, _events(run))
        if named:
            self._choose_columns(min(named), records)
        return len(named)

    def _read(self) -> list[RunRecord]:
        """Read runs that are new; the config of one that was read does not change."""
        before, self._records = self._records, {}
        for path in (path.resolve() for folder in self._searched for path in run_folders(folder)):
            if not path.is_relative_to(self.folder.resolve()):
                known = before.get(path)
                self._records[path] = known if known and known.config else read_run(path)
        return list(self._records.values())

    def _choose_columns(self, name: str, runs: Sequence[RunRecord]) -> None:
        """Write which columns the tab HParams has, once it is known what is measured.

        They stand beside the events of a run, since a folder of their own would be shown as a run. TensorBoard reads
        them once; where other keys differ later, runs have other names, and are read anew.

        Args:
            name: of the run.
            runs: all of them.
        """
        measured = dict.fromkeys(column for run in runs for column in history.columns(run.path / history.NAME))
        if (self.folder / name / COLUMNS).exists() or not measured:
            return
        values = {key: [run.config[key] for run in runs if key in run.config] for key in differing_keys(runs)}
        EventFile(self.folder / name, COLUMNS).add(0, summaries.experiment(values, metric_columns(measured)))


def metric_columns(measured: Iterable[str]) -> dict[str, str]:
    """Choose the metrics of the tab HParams.

    Args:
        measured: columns of history.csv.

    Returns:
        What each is called, by its tag: losses first, then other metrics and scores, those of the test samples beside
        those of the validation samples.
    """
    names = [name for name in measured if "/" in name and not name.startswith("attention/position_")]
    both = [each for name in names for each in (name, name.replace("/validation", "/test"))]
    chosen = [name for name in FIRST_METRICS if name in both] + both
    return {number_tag(name): name for name in dict.fromkeys(chosen)}


def _events(run: RunRecord) -> dict[str, Path]:
    """Find a run's event files, by name."""
    return {path.name: path.resolve() for path in run.path.glob("events.out.tfevents.*")}


def _is_ours(path: Path) -> bool:
    return path.is_symlink() or path.name == COLUMNS


def _link(folder: Path, files: Mapping[str, Path]) -> None:
    """Make `folder` a folder of links to files, and of nothing else but columns."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name != COLUMNS and files.get(path.name) != path.resolve():
            path.unlink()
    for name, file in files.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(file)
