"""How the rows of a file make sequences: a row each, rows that share an id, or windows over a long series.

Shapes: R rows of a file, N sequences, T positions, C cells (see `Arrangement`).
"""

import warnings
from typing import NamedTuple

import numpy as np

from attnseq.core.keys import ConfigError
from attnseq.tables.columns import Array, Columns

LONGEST = 10_000
"""Most positions of a sequence."""

LARGEST = 1 << 29
"""Most numbers that all positions of all sequences may have together, padding included: 2 GiB in float32."""

NOWHERE = -1
"""The row of an answer that the file does not have."""


class Arrangement(NamedTuple):
    """Which cells of a file make which sequences. A cell is what stands at one position: all features of a time step.

    Args:
        cells_NxT: the cell at each position, 0 behind the end of a sequence.
        lengths_N: positions of each sequence, 1 to T.
        answers_N: the row of each answer; -1 where the file does not have it.
        order_N: places of the sequences in time, equal for those of the same time.
        ids: N names.
        position_names: T of them.
    """

    cells_NxT: Array
    lengths_N: Array
    answers_N: Array
    order_N: Array
    ids: tuple[str, ...]
    position_names: tuple[str, ...]


def wide(columns: Columns, positions: tuple[str, ...], id_: str, time: str, lengths: str) -> Arrangement:
    """Arrange a row a sequence; cell r T + t is what row r has at position t.

    Args:
        columns: of the file.
        positions: names of the T positions.
        id_, time: names of columns; "" for none.
        lengths: name of the column that says how many positions a row has; "" where all have T.

    Raises:
        ConfigError: a length is not 1 to T, an id or a time is missing.
    """
    rows, longest = columns.rows, len(positions)
    lengths_N = np.full(rows, longest)
    if lengths:
        given_N = columns.numbers(lengths)
        for row in np.flatnonzero((given_N < 1) | (given_N > longest) | (given_N % 1 != 0))[:1]:
            raise columns.wrong(row, lengths, f"{given_N[row]:g}: must be a whole number, 1 to {longest}")
        lengths_N = given_N.astype(np.int64)
    cells_NxT = np.arange(rows * longest).reshape(rows, longest)
    cells_NxT[np.arange(longest) >= lengths_N[:, None]] = 0
    order_N = _ranks(moments(columns, time)) if time else np.arange(rows)
    ids = tuple(columns.texts(id_)) if id_ else tuple(str(row + 1) for row in range(rows))
    return Arrangement(cells_NxT, lengths_N, np.arange(rows), order_N, ids, positions)


def long(columns: Columns, id_: str, time: str) -> Arrangement:
    """Arrange a row a time step: rows of one id are a sequence, in the order of `time`, or of the file.

    Args:
        columns: of the file; a cell is a row.
        id_: name of the column that names the sequence.
        time: name of the column that orders its steps; "" for the file's order.

    Raises:
        ConfigError: a sequence is too long, or has two rows of one time.
    """
    rows_R, starts_N, lengths_N, names = _series(columns, id_, time)
    longest = int(lengths_N.max())
    if longest > LONGEST:
        name = names[int(lengths_N.argmax())]
        raise ConfigError(f"{columns.file}: {id_}={name} has {longest} rows; a sequence has at most {LONGEST}")
    check_size(columns.file, len(names), longest)
    places_NxT = starts_N[:, None] + np.arange(longest)
    present_NxT = np.arange(longest) < lengths_N[:, None]
    cells_NxT = np.where(present_NxT, rows_R[np.where(present_NxT, places_NxT, 0)], 0)
    order_N = _ranks(moments(columns, time)[rows_R[starts_N + lengths_N - 1]]) if time else np.arange(len(names))
    positions = tuple(map(str, range(longest)))
    return Arrangement(cells_NxT, lengths_N, rows_R[starts_N], order_N, names, positions)


def windows(columns: Columns, id_: str, time: str, window: int, horizon: int, ahead: bool = False) -> Arrangement:
    """Arrange windows over a long series, or over each of several.

    Args:
        columns: of the file; a cell is a row.
        id_: name of the column that names the series; "" for one series.
        time: name of the column that orders its rows; "" for the file's order.
        window: T, rows that are seen.
        horizon: how many rows after the last one of these the answer stands.
        ahead: whether windows count whose answer is not there yet.

    Returns:
        Windows, each named by its series and the time (or the number of the row) of the last row that is seen.
        Positions are named by how many rows before the answer they stand: -12 to -1.

    Raises:
        ConfigError: a series is too short, or has two rows of one time.
    """
    rows_R, starts_S, lengths_S, names = _series(columns, id_, time)
    needed = window if ahead else window + horizon
    for number in np.flatnonzero(lengths_S < needed)[:1]:
        series = f"{id_}={names[number]} has" if id_ else "has"
        keys = f"dataset.window={window}" + (f" and dataset.horizon={horizon}" if not ahead else "")
        raise ConfigError(f"{columns.file}: {series} {lengths_S[number]} rows; {keys} need {needed}")
    lasts, answers, series_N = [], [], []
    for number, (start, length) in enumerate(zip(starts_S, lengths_S, strict=True)):
        last_N = np.arange(start + window - 1, start + length - (0 if ahead else horizon))
        is_there_N = last_N + horizon < start + length
        answers.append(np.where(is_there_N, rows_R[np.where(is_there_N, last_N + horizon, 0)], NOWHERE))
        lasts.append(last_N)
        series_N.append(np.full(len(last_N), number))
    last_N, owner_N = np.concatenate(lasts), np.concatenate(series_N)
    check_size(columns.file, len(last_N), window)
    cells_NxT = rows_R[last_N[:, None] + np.arange(1 - window, 1)]
    moments_R = moments(columns, time) if time else np.arange(columns.rows)
    shown_N = columns[time][rows_R[last_N]] if time else rows_R[last_N] + 1
    ids = tuple(f"{names[owner]}/{shown}" if id_ else f"{shown}" for owner, shown in zip(owner_N, shown_N, strict=True))
    positions = tuple(f"-{steps}" for steps in range(window + horizon - 1, horizon - 1, -1))
    order_N = _ranks(moments_R[rows_R[last_N]])
    return Arrangement(cells_NxT, np.full(len(last_N), window), np.concatenate(answers), order_N, ids, positions)


def check_size(file: str, number: int, longest: int, features: int = 1) -> None:
    """Raise ConfigError where sequences, padded to the longest, would need too much memory.

    Args:
        file: its name.
        number: of sequences.
        longest: positions of the longest.
        features: of a position.
    """
    if number * longest * features > LARGEST:
        size = f"{number} sequences of up to {longest} positions with {features} features"
        raise ConfigError(f"{file}: {size}: more than {LARGEST} numbers")


def moments(columns: Columns, name: str) -> Array:
    """Return a column of times as numbers: numbers as they are, dates in microseconds.

    Raises:
        ConfigError: a cell is missing, or neither a number nor a date in the form of ISO 8601.
    """
    if not columns.is_text(name):
        return columns.numbers(name)
    texts_R = columns.texts(name)
    try:
        return _as_dates(texts_R)
    except ValueError:
        row = next(row for row, text in enumerate(texts_R) if not _is_date(text))
        form = "no number, and no date such as 2024-05-31 or 2024-05-31T12:30"
        raise columns.wrong(row, name, f"{texts_R[row]!r} is {form}") from None


def _as_dates(texts: Array) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns where it leaves a time zone out
        dates: Array = texts.astype("datetime64[us]").astype(np.int64)
    return dates


def _is_date(text: str) -> bool:
    try:
        _as_dates(np.array([text], dtype=object))
    except ValueError:
        return False
    return True


def _series(columns: Columns, id_: str, time: str) -> tuple[Array, Array, Array, tuple[str, ...]]:
    """Sort rows by series, in the order of their first rows, and by time.

    Returns:
        rows_R, in this order; for each series where its rows start there, and how many there are; the names.
    """
    places: dict[str, int] = {}
    texts_R = columns.texts(id_) if id_ else [""] * columns.rows
    owner_R = np.array([places.setdefault(text, len(places)) for text in texts_R])
    moments_R = moments(columns, time) if time else np.zeros(columns.rows)
    rows_R = np.lexsort((np.arange(columns.rows), moments_R, owner_R))
    if time:
        same_R = (np.diff(owner_R[rows_R]) == 0) & (np.diff(moments_R[rows_R]) == 0)
        for place in np.flatnonzero(same_R)[:1]:
            row = rows_R[place + 1]
            series = f" of {id_}={texts_R[row]}" if id_ else ""
            raise columns.wrong(row, time, f"a second row{series} at {columns[time][row]}")
    lengths_S = np.bincount(owner_R)
    return rows_R, np.cumsum(lengths_S) - lengths_S, lengths_S, tuple(places)


def _ranks(values: Array) -> Array:
    """Return the places of values among those that there are, from 0."""
    ranks: Array = np.unique(values, return_inverse=True)[1]
    return ranks
