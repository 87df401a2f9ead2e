"""What cells are: features as numbers or categories, answers as numbers or classes.

Shapes: R rows of a file, C cells of these rows (C = R where a row is a time step), F features.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from attnseq.core.keys import ConfigError
from attnseq.tables.columns import Array, Columns, as_numbers

NUMBERS, CATEGORIES, NUMBER, CLASS, AUTO = "numbers", "categories", "number", "class", "auto"

VOCABULARY = 65_536
"""Most categories."""


class Values(NamedTuple):
    """What features or answers are.

    Args:
        values: RxF (features) or R (answers): numbers, float64, or the places of names.
        names: of categories or classes; None for numbers.
    """

    values: Array
    names: tuple[str, ...] | None = None


def read_features(
    columns: Columns,
    names: Sequence[str],
    kind: str,
    known: Sequence[str] | None = None,
    needed: Array | None = None,
) -> Values:
    """Read feature columns.

    Args:
        columns: of a file.
        names: of the features.
        kind: "numbers", "categories", or "auto": categories where no cell is a number.
        known: all categories; None: those that are found, sorted.
        needed: RxF, cells that must not be missing; None: all.

    Raises:
        ConfigError: a cell is missing or of the wrong kind, or there are too many categories.
    """
    needed_RxF = np.ones((columns.rows, len(names)), dtype=bool) if needed is None else needed
    if kind == CATEGORIES or (kind == AUTO and _hold_no_numbers(columns, names)):
        texts = [_texts(columns, name, needed_RxF[:, number]) for number, name in enumerate(names)]
        found = tuple(sorted(set().union(*map(set, texts)) - {""}, key=_natural))
        places = _places(known if known is not None else found)
        if len(places) > VOCABULARY:
            raise ConfigError(f"{columns.file}: {len(places)} categories; there can be at most {VOCABULARY}")
        pairs = zip(names, texts, strict=True)
        coded = [_coded(columns, name, column, places, "category") for name, column in pairs]
        return Values(np.stack(coded, axis=1).astype(np.float64), tuple(places))
    hint = "" if kind == NUMBERS else "; where it is a name: dataset.feature_kind=categories"
    numbers = [columns.numbers(name, needed_RxF[:, number], hint) for number, name in enumerate(names)]
    return Values(np.stack(numbers, axis=1))


def read_answers(columns: Columns, name: str, kind: str, known: Sequence[str] | None = None) -> Values:
    """Read the column of the answers.

    Args:
        columns: of a file.
        name: of the column.
        kind: "number", "class", or "auto": a class where no cell is a number.
        known: all classes; None: those that are found, sorted.

    Raises:
        ConfigError: a cell is missing or of the wrong kind.
    """
    if kind == CLASS or (kind == AUTO and _hold_no_numbers(columns, [name])):
        texts_R = columns.texts(name)
        places = _places(known if known is not None else tuple(sorted(set(texts_R), key=_natural)))
        return Values(_coded(columns, name, texts_R, places, "class"), tuple(places))
    hint = "" if kind == NUMBER else "; where it is a name: dataset.target_kind=class"
    return Values(columns.numbers(name, hint=hint))


def _hold_no_numbers(columns: Columns, names: Sequence[str]) -> bool:
    """Tell whether columns hold texts of which none is a number."""
    return all(columns.is_text(name) and np.isnan(as_numbers(columns[name])).all() for name in names)


def _texts(columns: Columns, name: str, needed_R: Array) -> Array:
    """Return a column of categories; "" where none is needed."""
    if needed_R.all():
        return columns.texts(name)
    texts_R: Array = np.where(needed_R, columns[name].astype(str).astype(object), "")
    for row in np.flatnonzero(needed_R & np.isin(texts_R, ["", "nan"]))[:1]:
        raise columns.wrong(row, name, "missing")
    return texts_R


def _places(names: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def _coded(columns: Columns, name: str, texts_R: Array, places: Mapping[str, int], what: str) -> Array:
    """Turn texts into the places of their names; a text that is not needed is at the first place."""
    coded_R = np.array([places.get(text, 0 if text == "" else -1) for text in texts_R], dtype=np.int64)
    for row in np.flatnonzero(coded_R < 0)[:1]:
        raise columns.wrong(row, name, f"{texts_R[row]!r} is no {what} that the model was trained on")
    return coded_R


def _natural(name: str) -> tuple[int, float, str]:
    """Make a key for sorting in which numbers come first, as numbers."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name
