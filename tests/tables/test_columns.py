"""Columns as numbers or texts, and errors that name file, row and column.

Shapes: R rows.
"""

import re

import numpy as np
import pytest

from attnseq.core.keys import ConfigError
from attnseq.tables.columns import Columns, check_named, listed


def columns(**arrays: list[object]) -> Columns:
    kept = {
        name: np.array(values, dtype=object if isinstance(values[0], str) else None) for name, values in arrays.items()
    }
    return Columns("my.csv", kept, lambda row: f"line {row + 2}")


def test_numbers_are_float64_whatever_they_were() -> None:
    table = columns(whole=[1, 2], real=[0.5, 1e9], text=["1", " 2e3"])
    assert [table.numbers(name).tolist() for name in ("whole", "real", "text")] == [[1, 2], [0.5, 1e9], [1, 2000]]
    assert {table.numbers(name).dtype for name in ("whole", "real", "text")} == {np.dtype(np.float64)}
    assert [table.is_text(name) for name in ("whole", "text")] == [False, True]


@pytest.mark.parametrize(
    ("values", "line", "problem"),
    [
        ([1.0, np.nan], 3, "missing"),
        (["1", "2", ""], 4, "missing"),
        (["1", "x", "y"], 3, "'x' is no number, or what?"),
        ([np.inf, 1.0], 2, "inf is no number, or what?"),
    ],
)
def test_the_first_cell_that_is_no_number_is_named(values: list[object], line: int, problem: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(f'my.csv, line {line}, column x: {problem}')}$"):
        columns(x=values).numbers("x", hint=", or what?")


def test_what_is_not_needed_may_be_missing() -> None:
    values = columns(x=["1", "", "z"]).numbers("x", np.array([True, False, False]))
    assert values[0] == 1
    assert np.isnan(values[1:]).all()


def test_texts_are_numbers_as_they_are_written_and_none_is_missing() -> None:
    assert columns(x=[7, 8]).texts("x").tolist() == ["7", "8"]
    for values in (["a", ""], [1.0, np.nan]):
        with pytest.raises(ConfigError, match=r"^my\.csv, line 3, column x: missing$"):
            columns(x=values).texts("x")


def test_an_array_is_spread_into_a_column_a_place() -> None:
    array = np.arange(12).reshape(2, 3, 2)
    table, names = Columns("my.npz", {"x": array}, lambda row: f"row {row + 1}").spread("x")
    assert names == ["x[0,0]", "x[0,1]", "x[1,0]", "x[1,1]", "x[2,0]", "x[2,1]"]
    assert np.stack([table[name] for name in names], axis=1).tolist() == array.reshape(2, 6).tolist()


def test_rows_that_are_picked_are_named_as_they_stand_in_the_file() -> None:
    picked = columns(x=["1", "2", "z"]).picked("x", np.array([2, 0]))
    assert picked.rows == 2
    with pytest.raises(ConfigError, match="line 4, column x: 'z' is no number"):
        picked.numbers("x")


def test_a_key_that_names_no_column_is_told_which_there_are() -> None:
    check_named("my.csv", ["a", "b"], target="a", id="")
    with pytest.raises(ConfigError, match=r"^dataset\.id=c: no such column in my\.csv; it has a, b$"):
        check_named("my.csv", ["a", "b"], target="a", id="c")
    assert listed([str(number) for number in range(30)], most=3) == "0, 1, 2 and 27 more"
