"""Which cells make which sequences, computed by hand."""

import re

import numpy as np
import pytest

from attnseq.core.keys import ConfigError
from attnseq.tables.arrangement import long, moments, wide, windows
from attnseq.tables.columns import Columns


def columns(**arrays: list[object]) -> Columns:
    kept = {
        name: np.array(values, dtype=object if isinstance(values[0], str) else None) for name, values in arrays.items()
    }
    return Columns("my.csv", kept, lambda row: f"line {row + 2}")


def test_a_row_a_sequence() -> None:
    table = columns(n=["p", "q"], day=[2, 1], length=[1, 3], x=[0, 0])
    whole = wide(table, ("a", "b", "c"), "", "", "")
    assert whole.cells_NxT.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (whole.lengths_N.tolist(), whole.answers_N.tolist(), whole.ids) == ([3, 3], [0, 1], ("1", "2"))
    named = wide(table, ("a", "b", "c"), "n", "day", "length")
    assert named.cells_NxT.tolist() == [[0, 0, 0], [3, 4, 5]]
    assert (named.lengths_N.tolist(), named.order_N.tolist(), named.ids) == ([1, 3], [1, 0], ("p", "q"))
    assert named.position_names == ("a", "b", "c")


@pytest.mark.parametrize("length", [0, 4, 1.5])
def test_a_length_that_a_row_cannot_have_is_refused(length: float) -> None:
    with pytest.raises(ConfigError, match=f"line 3, column n: {length:g}: must be a whole number, 1 to 3"):
        wide(columns(n=[1, length]), ("a", "b", "c"), "", "", "n")


def test_rows_of_an_id_are_a_sequence_in_the_order_of_time() -> None:
    table = columns(who=["p", "q", "p", "q", "p"], t=[3, 5, 1, 4, 2])
    found = long(table, "who", "t")
    assert found.ids == ("p", "q")
    assert found.cells_NxT.tolist() == [[2, 4, 0], [3, 1, 0]]
    assert (found.lengths_N.tolist(), found.order_N.tolist()) == ([3, 2], [0, 1])  # by the last time: 3 and 5
    assert found.answers_N.tolist() == [2, 3]
    assert long(table, "who", "").cells_NxT.tolist() == [[0, 2, 4], [1, 3, 0]]


def test_two_rows_of_one_time_are_refused() -> None:
    table = columns(who=["p", "q", "p"], t=[1, 1, 1])
    with pytest.raises(ConfigError, match=r"^my\.csv, line 4, column t: a second row of who=p at 1$"):
        long(table, "who", "t")
    with pytest.raises(ConfigError, match=r"^my\.csv, line 3, column t: a second row at 1$"):
        windows(table, "", "t", 1, 1)


def test_windows_end_before_their_answers() -> None:
    found = windows(columns(t=[10, 40, 20, 30, 50]), "", "t", window=2, horizon=2)
    assert found.cells_NxT.tolist() == [[0, 2], [2, 3]]  # of 10 20 for 40, and 20 30 for 50
    assert found.answers_N.tolist() == [1, 4]
    assert (found.ids, found.position_names) == (("20", "30"), ("-3", "-2"))
    ahead = windows(columns(t=[10, 40, 20, 30, 50]), "", "t", window=2, horizon=2, ahead=True)
    assert ahead.answers_N.tolist() == [1, 4, -1, -1]
    assert ahead.ids == ("20", "30", "40", "50")


def test_windows_stay_within_their_series_and_are_ordered_by_time() -> None:
    table = columns(who=["p"] * 4 + ["q"] * 3, t=[1, 2, 3, 4, 1, 2, 3])
    found = windows(table, "who", "t", window=2, horizon=1)
    assert found.cells_NxT.tolist() == [[0, 1], [1, 2], [4, 5]]
    assert found.answers_N.tolist() == [2, 3, 6]
    assert found.ids == ("p/2", "p/3", "q/2")
    assert found.order_N.tolist() == [0, 1, 0]


def test_a_series_that_is_too_short_is_named() -> None:
    table = columns(who=["p"] * 4 + ["q"], x=[0] * 5)
    line = "my.csv: who=q has 1 rows; dataset.window=2 and dataset.horizon=1 need 3"
    with pytest.raises(ConfigError, match=f"^{re.escape(line)}$"):
        windows(table, "who", "", window=2, horizon=1)
    with pytest.raises(ConfigError, match=r"^my\.csv: has 5 rows; dataset\.window=9 need 9$"):
        windows(table, "", "", window=9, horizon=1, ahead=True)


def test_times_are_numbers_or_dates() -> None:
    assert moments(columns(t=[3, 1]), "t").tolist() == [3, 1]
    dates = moments(columns(t=["2024-05-31", "2024-05-30 23:59:59", "2024-06-01T00:00"]), "t")
    assert np.argsort(dates).tolist() == [1, 0, 2]
    with pytest.raises(ConfigError, match="line 3, column t: '31/5/24' is no number, and no date such as 2024-05-31"):
        moments(columns(t=["2024-05-31", "31/5/24"]), "t")
