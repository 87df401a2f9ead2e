"""Reading sequences from a file of some form, for training or for a trained model.

Shapes: R rows of a file, N sequences, T positions, C cells, F features.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from attnseq.core.keys import ConfigError
from attnseq.tables.arrangement import LONGEST, NOWHERE, Arrangement, check_size, long, wide, windows
from attnseq.tables.columns import Array, Columns
from attnseq.tables.files import Source, open_file
from attnseq.tables.form import LONG, WIDE, Form
from attnseq.tables.kinds import Values, read_answers, read_features


class Known(NamedTuple):
    """What a trained model knows of its files.

    Args:
        categories: that there are; None where features are numbers.
        classes: that there are; None where the answer is a number.
    """

    categories: tuple[str, ...] | None
    classes: tuple[str, ...] | None


class Sequences(NamedTuple):
    """Sequences as a file has them.

    Args:
        arrangement: which cells make which sequences.
        columns: names of the feature columns.
        features: of each cell, CxF.
        answers: of each sequence, N; NaN, or -1 for a class, where the file does not have it. None where it has none.
        relevance_C: of each cell; None where it is not known.
        groups_N, splits_N: names; None where there is no such column.
    """

    arrangement: Arrangement
    columns: tuple[str, ...]
    features: Values
    answers: Values | None
    relevance_C: Array | None
    groups_N: Array | None
    splits_N: Array | None


def read_sequences(source: Source, form: Form, known: Known | None = None) -> Sequences:
    """Read the sequences of a file.

    Args:
        source: the file.
        form: of it.
        known: what a trained model knows: then answers may be missing; None: the file is for training.

    Raises:
        ConfigError: the file does not fit; the message is one line.
    """
    form.check(source.file, source.names)
    features = form.features_of(source.names)
    in_file = form.relevance if form.relevance in source.names else ""
    asked = dict.fromkeys((*features, *form.others, form.target, in_file))
    columns = source.read([name for name in asked if name in source.names], form.texts_of(source.names))
    if form.layout == WIDE:
        arrangement, values = _wide(columns, form, features, known)
    else:
        arrangement = _arranged(columns, form, known)
        values = read_features(columns, features, form.feature_kind, known and known.categories)
        if values.names is not None and len(features) > 1:
            raise ConfigError(f"dataset.features: categories are one column, not {len(features)}")
    number, longest = arrangement.cells_NxT.shape
    check_size(source.file, number, longest, values.values.shape[1])
    answers = _answers(columns, form, arrangement, known) if form.target else None
    relevance_C = _relevance(source, columns, form, features, arrangement) if form.relevance else None
    names = [_of_sequences(columns, name, form, arrangement) if name else None for name in (form.group, form.split)]
    return Sequences(arrangement, features, values, answers, relevance_C, names[0], names[1])


def _arranged(columns: Columns, form: Form, known: Known | None) -> Arrangement:
    """Arrange the rows of a file whose rows are time steps."""
    if form.layout == LONG:
        return long(columns, form.id, form.time)
    return windows(columns, form.id, form.time, form.window, form.horizon, ahead=known is not None)


def _wide(columns: Columns, form: Form, features: Sequence[str], known: Known | None) -> tuple[Arrangement, Values]:
    """Arrange the rows of a file that has a row a sequence, and read its features."""
    names, places, width = list(features), tuple(features), 1
    shape = columns[features[0]].shape
    if len(shape) > 1:
        if len(features) > 1 or len(shape) > 3:
            shapes = ", ".join(f"{name} {columns[name].shape}" for name in features)
            raise ConfigError(f"dataset.features: must be one array, N x T or N x T x F, not {shapes}")
        columns, names = columns.spread(features[0])
        places, width = tuple(map(str, range(shape[1]))), len(names) // shape[1]
    if len(places) > LONGEST:
        raise ConfigError(f"{columns.file}: {len(places)} positions; a sequence has at most {LONGEST}")
    arrangement = wide(columns, places, form.id, form.time, form.lengths)
    present_NxT = np.arange(len(places)) < arrangement.lengths_N[:, None]
    needed = np.repeat(present_NxT, width, axis=1)
    values, categories = read_features(columns, names, form.feature_kind, known and known.categories, needed)
    if categories is not None and width > 1:
        raise ConfigError(f"dataset.features: categories are one a position, not {width}")
    return arrangement, Values(values.reshape(-1, width), categories)


def _answers(columns: Columns, form: Form, arrangement: Arrangement, known: Known | None) -> Values:
    """Read the answers of sequences; a row that answers none is not looked at."""
    answered = arrangement.answers_N[arrangement.answers_N != NOWHERE]
    picked = columns.picked(form.target, np.arange(columns.rows) if form.layout == LONG else answered)
    values, names = read_answers(picked, form.target, form.target_kind, known and known.classes)
    if form.layout == LONG:
        _check_same(columns, form.target, form.id, arrangement, values)
    answers_N = np.full(len(arrangement.answers_N), -1 if names is not None else np.nan, dtype=values.dtype)
    answers_N[arrangement.answers_N != NOWHERE] = values[answered] if form.layout == LONG else values
    return Values(answers_N, names)


def _of_sequences(columns: Columns, name: str, form: Form, arrangement: Arrangement) -> Array:
    """Return the texts of a column that names something of each sequence; of a window, of its answer's row."""
    texts_R = columns.texts(name)
    if form.layout == LONG:
        _check_same(columns, name, form.id, arrangement, texts_R)
    texts_N: Array = texts_R[arrangement.answers_N]
    return texts_N


def _check_same(columns: Columns, name: str, id_: str, arrangement: Arrangement, values_R: Array) -> None:
    """Raise ConfigError where the rows of a sequence do not have the same value."""
    present_NxT = np.arange(arrangement.cells_NxT.shape[1]) < arrangement.lengths_N[:, None]
    differs_NxT = present_NxT & (values_R[arrangement.cells_NxT] != values_R[arrangement.answers_N][:, None])
    for number, position in np.argwhere(differs_NxT)[:1]:
        row, first = arrangement.cells_NxT[number, position], arrangement.answers_N[number]
        problem = f"{columns[name][row]}, but {columns[name][first]} in another row of {id_}={arrangement.ids[number]}"
        raise columns.wrong(row, name, problem)


def _relevance(
    source: Source, columns: Columns, form: Form, features: Sequence[str], arrangement: Arrangement
) -> Array:
    """Read the relevance of each cell, a number that is not negative."""
    table, names = _relevance_columns(source, columns, form, features)
    needed_RxT = np.ones((columns.rows, len(names)), dtype=bool)
    if form.layout == WIDE:
        if len(names) != arrangement.cells_NxT.shape[1]:
            raise ConfigError(f"dataset.relevance={form.relevance}: must have a number a position, not {len(names)}")
        needed_RxT = np.arange(len(names)) < arrangement.lengths_N[:, None]
    relevance_RxT = np.stack([table.numbers(name, needed_RxT[:, n]) for n, name in enumerate(names)], axis=1)
    for row, place in np.argwhere(relevance_RxT < 0)[:1]:
        raise table.wrong(row, names[place], f"{relevance_RxT[row, place]:g}: relevance is 0 or more")
    return np.nan_to_num(relevance_RxT.reshape(-1))


def _relevance_columns(
    source: Source, columns: Columns, form: Form, features: Sequence[str]
) -> tuple[Columns, Sequence[str]]:
    """Find the columns with relevance: one, those of an array, or the feature columns of a second file."""
    if form.relevance in columns:
        return columns.spread(form.relevance) if columns[form.relevance].ndim > 1 else (columns, [form.relevance])
    if form.layout != WIDE:
        raise ConfigError(f"dataset.relevance={form.relevance}: no such column in {source.file}")
    other = open_file(form.relevance)
    Form(WIDE, "", tuple(features), id=form.id).check(other.file, other.names)
    table = other.read([*features, *filter(None, [form.id])], {form.id} - {""})
    if table.rows != columns.rows or (form.id and (table.texts(form.id) != columns.texts(form.id)).any()):
        raise ConfigError(f"{form.relevance}: must have the rows of {source.file}, in their order")
    return table, features
