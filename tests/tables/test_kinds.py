"""What cells are taken for, and what is refused."""

import re

import numpy as np
import pytest

from attnseq.core.keys import ConfigError
from attnseq.tables.columns import Columns
from attnseq.tables.kinds import read_answers, read_features


def columns(**arrays: list[object]) -> Columns:
    kept = {
        name: np.array(values, dtype=object if isinstance(values[0], str) else None) for name, values in arrays.items()
    }
    return Columns("my.csv", kept, lambda row: f"line {row + 2}")


TABLE = columns(x=[1.5, 2.0, -1.0], n=["1", "2", "3"], w=["10", "9", "b"], c=["v", "u", "v"])


def test_features_are_numbers_unless_no_cell_is_one() -> None:
    numbers = read_features(TABLE, ["x", "n"], "auto")
    assert numbers.names is None
    assert numbers.values.tolist() == [[1.5, 1], [2, 2], [-1, 3]]
    categories = read_features(TABLE, ["c"], "auto")
    assert categories.names == ("u", "v")
    assert categories.values.tolist() == [[1], [0], [1]]


def test_categories_may_look_like_numbers_and_are_sorted_as_such() -> None:
    assert read_features(TABLE, ["w", "n"], "categories").names == ("1", "2", "3", "9", "10", "b")


@pytest.mark.parametrize(
    ("names", "kind", "problem"),
    [
        (["w"], "auto", "line 4, column w: 'b' is no number; where it is a name: dataset.feature_kind=categories"),
        (["c"], "numbers", "line 2, column c: 'v' is no number"),
        (["x", "c"], "auto", "line 2, column c: 'v' is no number"),
    ],
)
def test_features_that_are_both_are_refused(names: list[str], kind: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"my.csv, {problem}")):
        read_features(TABLE, names, kind)


def test_answers_are_numbers_unless_no_cell_is_one() -> None:
    assert read_answers(TABLE, "x", "auto").values.tolist() == [1.5, 2, -1]
    classes = read_answers(TABLE, "c", "auto")
    assert (classes.values.tolist(), classes.names) == ([1, 0, 1], ("u", "v"))
    assert read_answers(TABLE, "n", "class").names == ("1", "2", "3")
    with pytest.raises(
        ConfigError, match=r"line 4, column w: 'b' is no number; where it is a name: dataset\.target_kind=cl"
    ):
        read_answers(TABLE, "w", "auto")


def test_what_the_model_was_not_trained_on_is_named() -> None:
    assert read_features(TABLE, ["c"], "categories", known=("v", "t", "u")).values.tolist() == [[0], [2], [0]]
    with pytest.raises(ConfigError, match="line 3, column c: 'u' is no category that the model was trained on"):
        read_features(TABLE, ["c"], "categories", known=("v", "t"))
    with pytest.raises(ConfigError, match="line 3, column c: 'u' is no class that the model was trained on"):
        read_answers(TABLE, "c", "class", known=("v", "t"))


def test_cells_that_are_not_needed_may_be_missing() -> None:
    table = columns(a=["u", "v"], b=["u", ""], x=[1.0, np.nan])
    needed = np.array([[True, True], [True, False]])
    assert read_features(table, ["a", "b"], "auto", needed=needed).values[:, 0].tolist() == [0, 1]
    assert read_features(table, ["x", "x"], "numbers", needed=np.array([[True] * 2, [False] * 2])).values[
        0
    ].tolist() == [1, 1]
    with pytest.raises(ConfigError, match="line 3, column b: missing"):
        read_features(table, ["a", "b"], "auto", needed=~needed | needed)
    with pytest.raises(ConfigError, match="line 3, column b: missing"):
        read_features(table, ["b"], "auto", needed=np.array([[False], [True]]))
