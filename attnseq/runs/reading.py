"""Finding runs on disk and reading them: state, config and results.

Results are read as plain JSON and configs as plain YAML, without PyTorch and Hydra, so that commands over a thousand
runs answer in seconds. Nothing here writes.
"""

import json
import math
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from attnseq.runs.analysis_file import FILE as ANALYSIS
from attnseq.runs.analysis_file import read_analysis

FINISHED, DIVERGED, UNFINISHED, DAMAGED = STATES = ("finished", "diverged", "unfinished", "damaged")

GROUPS = ("model", "dataset", "trainer")
"""The groups of a config that decide a run's result, in the order in which names show them."""

Value = bool | int | float | str | tuple[Any, ...] | None


@dataclass(frozen=True)
class RunRecord:
    """One run as its folder shows it.

    Args:
        path: the run's folder.
        state: one of `STATES`.
        config: the part that decides the result, with dotted keys such as `model.name`, and `seed`; empty if unknown.
        result: the content of result.json; empty where there is none, or a damaged one.
        epochs: how many are finished.
        total_epochs: how many were asked for; None where the config is not known.
        problem: what is damaged, in one line; "" where nothing is.
        analysis: numbers of analysis.json, as far as it is of this result.
    """

    path: Path
    state: str
    config: Mapping[str, Value] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 0
    total_epochs: int | None = None
    problem: str = ""
    analysis: Mapping[str, float] = field(default_factory=dict)


class DamagedError(ValueError):
    """A file of a run that cannot be used; the message is one line that names the file."""


def find_runs(folders: Iterable[Path]) -> list[RunRecord]:
    """Find and read every run in or below the folders, at any depth.

    Args:
        folders: to search; no run is read twice where one folder lies in another.

    Returns:
        The runs; those of one folder are in natural order (seed=2 before seed=10).

    Raises:
        OSError: a folder cannot be listed.
    """
    paths: dict[Path, Path] = {}
    for folder in folders:
        for path in sorted(run_folders(folder), key=_natural):
            paths.setdefault(path.resolve(), path)
    return [read_run(path) for path in paths.values()]


def run_folders(folder: Path) -> Iterator[Path]:
    """Yield the folders of runs in or below a folder: those that hold a result, a checkpoint or a config.

    Hidden folders are left out. Links to folders are followed last, so that each folder is found once, by a path
    without links where there is one.

    Raises:
        OSError: a folder cannot be listed.
    """
    seen: set[tuple[int, int]] = set()
    links = [folder]
    while links:
        found: list[Path] = []
        for link in links:
            yield from _below(link, seen, found)
        links = sorted(found)


def _below(folder: Path, seen: set[tuple[int, int]], links: list[Path]) -> Iterator[Path]:
    """Do as `run_folders`, but collect links to folders in `links`, and skip folders that are in `seen`."""
    status = folder.stat()
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    with os.scandir(folder) as entries:
        found = {entry.name: entry for entry in entries}
    if {"result.json", "checkpoint.pt"} & found.keys() or (".hydra" in found and _config_path(folder).is_file()):
        yield folder
    for name, entry in found.items():
        if name.startswith("."):
            continue
        if entry.is_symlink():
            links += [folder / name] if (folder / name).is_dir() else []  # the entry raises for a link to itself
        elif entry.is_dir():
            yield from _below(folder / name, seen, links)


def read_run(path: Path) -> RunRecord:
    """Read a run's folder.

    Args:
        path: the folder.

    Returns:
        The record; a file that cannot be used does not raise an error, but makes it `DAMAGED`.
    """
    try:
        if (path / "result.json").exists():
            return _finished(path)
        return _unfinished(path)
    except DamagedError as error:
        return RunRecord(path, DAMAGED, problem=str(error))
    except (OSError, ValueError) as error:
        return RunRecord(path, DAMAGED, problem=f"{path}: cannot be read ({type(error).__name__})")


def is_locked(path: Path) -> bool:
    """Tell whether a process holds the run's lock, which means that it trains the run.

    To find out, the lock is taken for an instant; a process that starts the run at that time waits for it.

    Args:
        path: the run's folder; if it has no lock file, none is made.
    """
    lock = path / ".lock"
    if not lock.exists():
        return False
    try:
        with FileLock(lock, blocking=False):
            return False
    except Timeout:
        return True
    except OSError:  # it belongs to another user; nothing says that it is held
        return False


def _finished(path: Path) -> RunRecord:
    file = path / "result.json"
    content = file.read_bytes()
    try:
        result = json.loads(content)
    except ValueError as error:
        raise DamagedError(f"{file}: damaged ({type(error).__name__})") from None
    if not isinstance(result, dict) or result.get("status") not in (FINISHED, DIVERGED):
        raise DamagedError(f"{file}: damaged, or not of attnseq: no status that is {FINISHED} or {DIVERGED}")
    config = _flat_config(file, result.get("config"))
    losses = (result.get("loss/validation"), result.get("loss/test"))
    if result["status"] == FINISHED and not all(map(is_number, losses)):
        raise DamagedError(f"{file}: damaged: finished, but its losses are not numbers")
    epochs = result.get("epochs")
    done = epochs if isinstance(epochs, int) else 0
    found = read_analysis(path, content).get("numbers", {}) if (path / ANALYSIS).exists() else {}
    analysis = {name: float(value) for name, value in found.items() if is_number(value)}
    return RunRecord(path, result["status"], config, result, done, _total_epochs(config), analysis=analysis)


def _unfinished(path: Path) -> RunRecord:
    config: Mapping[str, Value] = {}
    file = _config_path(path)
    if file.is_file():
        config = _flat_config(file, _load_yaml(file))
    checkpoint = path / "checkpoint.pt"
    if checkpoint.exists() and not zipfile.is_zipfile(checkpoint):
        raise DamagedError(f"{checkpoint}: damaged; overwrite=true starts the run anew")
    return RunRecord(path, UNFINISHED, config, {}, _history_epochs(path / "history.csv"), _total_epochs(config))


def is_number(value: Any) -> bool:
    """Tell whether a value of a result is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def attends(record: RunRecord) -> bool:
    """Tell whether a finished run's model makes the weights of its attention; those of a baseline are even.

    Results of before say nothing of it: there the config tells, of the models that ship.
    """
    kept = record.result.get("attention/attends")
    return kept if isinstance(kept, bool) else record.config.get("model.attention") != "none"


def attention_is_share(result: Mapping[str, Any]) -> bool:
    """Tell whether the weights of a result's attention are shares, which sum to 1 for each sample.

    Results of before say nothing of it: there the sum of the means tells, unless sequences differ in length.
    """
    kept = result.get("attention/is_share")
    if isinstance(kept, bool):
        return kept
    return math.isclose(sum(filter(is_number, result["attention/mean"])), 1.0, abs_tol=0.02)


def _flat_config(file: Path, config: Any) -> dict[str, Value]:
    """Flatten what decides the result to dotted keys; raise DamagedError where groups or the seed are missing."""
    if not isinstance(config, dict):
        raise DamagedError(f"{file}: damaged, or written by another version of attnseq: its config is not a mapping")
    missing = [name for name in GROUPS if not isinstance(config.get(name), dict) or "name" not in config[name]]
    missing += [] if isinstance(config.get("seed"), int) else ["seed"]
    if missing:
        raise DamagedError(f"{file}: damaged, or written by another version of attnseq: no {', '.join(missing)}")
    flat = {f"{group}.{key}": _hashable(value) for group in GROUPS for key, value in config[group].items()}
    return flat | {"seed": config["seed"]}


def _hashable(value: Any) -> Value:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _load_yaml(file: Path) -> Any:
    import yaml  # here, since only unfinished runs need it

    try:
        return yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise DamagedError(f"{file}: damaged ({type(error).__name__})") from None


def _history_epochs(file: Path) -> int:
    """Read the last epoch of history.csv; a last line that was cut off does not count."""
    lines = file.read_bytes().split(b"\n")[1:-1] if file.exists() else []
    return int(lines[-1].split(b",", 1)[0]) if lines else 0


def _total_epochs(config: Mapping[str, Value]) -> int | None:
    epochs = config.get("trainer.epochs")
    return epochs if isinstance(epochs, int) else None


def _config_path(path: Path) -> Path:
    return path / ".hydra" / "config.yaml"


def _natural(path: Path) -> list[int | str]:
    """Make a key for sorting in which digits compare as numbers."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", str(path))]
