"""The columns of a file as they were read, and errors that name file, row and column.

Shapes: R rows of a file.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from attnseq.core.keys import ConfigError

Array = npt.NDArray[Any]


class Columns:
    """Columns by name, each of R rows; arrays of a file of arrays may have more axes.

    Args:
        file: its name, as the user wrote it.
        arrays: numbers, with NaN for what is missing; or texts (of dtype object), with "" for it.
        place: says where a row is to be found, by its number from 0: "line 7".
    """

    def __init__(self, file: str, arrays: Mapping[str, Array], place: Callable[[int], str]):
        self.file, self._arrays, self._place = file, arrays, place

    @property
    def rows(self) -> int:
        """R."""
        return len(next(iter(self._arrays.values())))

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def spread(self, name: str) -> tuple["Columns", list[str]]:
        """Make a column of each place of an array RxT or RxTxF, such as "x[3]", beside those that there are.

        Returns:
            The columns, and the names of the new ones, features of a position side by side.
        """
        array = self[name]
        places = list(np.ndindex(array.shape[1:]))
        new = {f"{name}[{','.join(map(str, place))}]": array[(slice(None), *place)] for place in places}
        return Columns(self.file, {**self._arrays, **new}, self._place), list(new)

    def picked(self, name: str, rows: Array) -> "Columns":
        """Take some rows of a column; errors name the rows as they stand in the file."""
        return Columns(self.file, {name: self[name][rows]}, lambda row: self._place(int(rows[row])))

    def is_text(self, name: str) -> bool:
        """Tell whether a column holds texts, and not numbers alone."""
        return self[name].dtype.kind == "O"

    def wrong(self, row: int, name: str, problem: str) -> ConfigError:
        """Make the error that a cell is wrong, in one line.

        Args:
            row: from 0.
            name: of the column.
            problem: what is wrong there.
        """
        return ConfigError(f"{self.file}, {self._place(int(row))}, column {name}: {problem}")

    def texts(self, name: str) -> Array:
        """Return a column as texts, of dtype object, none of which is missing."""
        values = self[name]
        texts_R: Array = values if self.is_text(name) else values.astype(str).astype(object)
        missing = texts_R == "" if self.is_text(name) else ~np.isfinite(values)
        for row in np.flatnonzero(missing)[:1]:
            raise self.wrong(row, name, "missing")
        return texts_R

    def numbers(self, name: str, needed: Array | None = None, hint: str = "") -> Array:
        """Return a column as numbers, float64.

        Args:
            name: of the column.
            needed: where a number must stand; None: everywhere. Elsewhere NaN stands for what is none.
            hint: what to do where there are other texts.

        Raises:
            ConfigError: a cell is missing, infinite, or no number.
        """
        values = self[name]
        numbers_R = as_numbers(values)
        bad = ~np.isfinite(numbers_R) if needed is None else ~np.isfinite(numbers_R) & needed
        for place in np.argwhere(bad)[:1]:
            text = values[tuple(place)]
            shown = repr(text) if self.is_text(name) else f"{text:g}"
            raise self.wrong(place[0], name, "missing" if shown in ("''", "nan") else f"{shown} is no number{hint}")
        return numbers_R


def as_numbers(values: Array) -> Array:
    """Turn a column into float64, with NaN where a text is no number."""
    if values.dtype.kind != "O":
        return values.astype(np.float64)
    try:
        return values.astype(np.float64)
    except ValueError:
        numbers = {text: _number(text) for text in set(values.flat)}  # of names there are few that differ
        return np.array([numbers[text] for text in values.flat]).reshape(values.shape)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def check_named(file: str, names: Collection[str], **asked: str) -> None:
    """Raise ConfigError for a key that names a column which a file does not have.

    Args:
        file: its name.
        names: of its columns.
        asked: by the key's last part, the column that it names; "" names none.
    """
    for key, name in asked.items():
        if name and name not in names:
            raise ConfigError(f"dataset.{key}={name}: no such column in {file}; it has {listed(names)}")


def listed(names: Collection[str], most: int = 20) -> str:
    """List names, of many only the first ones."""
    named = ", ".join(list(names)[:most])
    return named + (f" and {len(names) - most} more" if len(names) > most else "")
