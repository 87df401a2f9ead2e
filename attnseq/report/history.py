"""history.csv: a row for each epoch, at full precision, whole whenever the process is killed."""

from __future__ import annotations

import csv
import errno
import math
import os
from collections.abc import Sequence
from pathlib import Path

from attnseq.core.files import named_in_errors, write_atomically
from attnseq.report.records import EpochRecord, history_row

NAME = "history.csv"
"""Of the file, in a run's folder."""


def append(path: str | Path, record: EpochRecord) -> None:
    """Append an epoch's row, and before it the header of a new file; it is on disk when this returns.

    Args:
        path: history.csv; its folder exists.
        record: the epoch; floats are written so that they read back bit for bit.

    Raises:
        ValueError: the file has other columns, or already holds this epoch or a later one.
    """
    path = Path(path)
    row = history_row(record)
    lines = _whole_lines(path)
    if lines and lines[0].split(",") != list(row):
        raise ValueError(f"{path} has other columns than this run ({len(row)}): not appended to")
    last = int(lines[-1].split(",", 1)[0]) if len(lines) > 1 else 0
    if record.epoch <= last:
        raise ValueError(f"{path} already holds epoch {last}, so epoch {record.epoch} cannot follow; truncate it first")
    new = ([] if lines else [",".join(row)]) + [",".join(map(repr, row.values()))]
    # overwrite what follows the last whole line: a line without an end was cut off by a kill
    offset = sum(len(line.encode()) + 1 for line in lines)
    with named_in_errors(path), path.open("r+b" if path.exists() else "wb") as file:
        file.seek(offset)
        file.truncate()
        file.write("".join(line + "\n" for line in new).encode())
        file.flush()
        os.fsync(file.fileno())


def read(path: str | Path) -> list[dict[str, float]]:
    """Read the rows of history.csv, oldest first.

    Args:
        path: history.csv.

    Returns:
        A dict for each epoch, keyed by column; `epoch` is an int. A last line that was cut off is left out.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: its lines are not those of a history.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "no history", str(path))
    lines = _whole_lines(path)
    if lines and not lines[0].startswith("epoch,"):
        raise ValueError(f"{path}: no history: its first column is not epoch")
    try:
        return [
            {key: int(value) if key == "epoch" else float(value) for key, value in row.items()}
            for row in csv.DictReader(lines)
        ]
    except TypeError:  # of a row that is longer or shorter than the others
        raise ValueError(f"{path}: no history: a row has other columns than the first line") from None


def columns(path: str | Path) -> list[str]:
    """Read the names of the columns of history.csv; none where there is no file, or its first line is not whole.

    Args:
        path: history.csv.
    """
    try:
        with Path(path).open(newline="") as file:
            line = file.readline()
    except FileNotFoundError:
        return []
    return line[:-1].split(",") if line.endswith("\n") else []


def last(path: str | Path) -> tuple[int, float]:
    """Read the last epoch of history.csv, and its training loss; (0, nan) where there is no whole row.

    Args:
        path: history.csv, which a process may be writing.
    """
    lines = _whole_lines(Path(path))
    try:
        row = dict(zip(lines[0].split(","), lines[-1].split(","), strict=True))
        return int(row["epoch"]), float(row["loss/train"])
    except (IndexError, KeyError, ValueError):
        return 0, math.nan


def read_columns(path: str | Path, columns: Sequence[str]) -> list[list[float]]:
    """Read some columns of history.csv only, for comparisons that read the files of a thousand runs.

    Args:
        path: history.csv.
        columns: to read.

    Returns:
        Each column, oldest epoch first; empty where there is no file or no whole line.

    Raises:
        ValueError: the file has no such column, or a cell is not a number.
    """
    lines = _whole_lines(Path(path))
    if not lines:
        return [[] for _ in columns]
    header = lines[0].split(",")
    rows = [line.split(",") for line in lines[1:]]
    return [[float(row[index]) for row in rows] for index in map(header.index, columns)]


def truncate(path: str | Path, epochs: int) -> None:
    """Drop the rows after an epoch, for a run that resumes there; do so atomically, and nothing without a file.

    Args:
        path: history.csv.
        epochs: the last epoch to keep; 0 drops the file.

    Raises:
        ValueError: the file is damaged.
    """
    path = Path(path)
    lines = _whole_lines(path)
    try:
        kept = [line for line in lines[1:] if int(line.split(",", 1)[0]) <= epochs]
    except ValueError:
        raise ValueError(f"{path}: damaged: a row does not begin with its epoch") from None
    if not kept:
        path.unlink(missing_ok=True)
        return
    write_atomically(path, "".join(line + "\n" for line in [lines[0], *kept]).encode())


def _whole_lines(path: Path) -> list[str]:
    """Read the lines that end in a newline, without it; none where there is no file."""
    if not path.exists():
        return []
    return path.read_bytes().decode(errors="replace").split("\n")[:-1]
