"""An alignment reads at 80 columns, however long the sequence and however even its attention."""

import numpy as np
import pytest

from attnseq.report.grid import DIGITS, SHADES, WIDTH, alignment_grid, grid_legend


def test_an_alignment_is_darker_for_more_weight_and_starred_where_it_is_true() -> None:
    weights_KxT = [[0.0, 0.3, 0.7], [0.55, 0.45, 0.0]]
    truth_KxT = [[0, 0, 1], [1, 0, 0]]
    grid = alignment_grid(weights_KxT, ["2", "8", "4"], ["4", "2"], truth_KxT, "utf-8")
    assert grid.splitlines() == ["   2   8   4   max", "4  ·   ▒   █*  .70", "2  █*  ▓   ·   .55"]
    plain = alignment_grid(weights_KxT, ["2", "8", "4"], ["4", "2"], None, "ascii")
    assert plain.splitlines() == ["   2   8   4   max", "4  0   4   9   .70", "2  8   6   0   .55"]
    with pytest.raises(ValueError, match=r"^\(2, 3\) weights for 1 answer positions and 3 inputs$"):
        alignment_grid(weights_KxT, ["2", "8", "4"], ["4"])


def test_attention_that_is_spread_over_many_positions_is_seen() -> None:
    weights_1xT = np.full((1, 40), 0.02)
    weights_1xT[0, 3] = 0.06
    row = alignment_grid(weights_1xT, ["a"] * 40, ["b"], None, "utf-8").splitlines()
    shades = [letter for line in row[1::3] for letter in line.split(" .06")[0] if letter in SHADES]
    assert shades == ["░"] * 3 + ["█"] + ["░"] * 36
    assert row[-1].endswith(".06")


@pytest.mark.parametrize("count", [3, 10, 40])
def test_attention_that_nothing_stands_out_of_is_no_solid_black(count: int) -> None:
    even = 1 / count + 0.1 / count * np.sin(np.arange(count))[None]
    text = alignment_grid(even, ["a"] * count, ["b"], None, "utf-8")
    assert {letter for letter in text if letter in SHADES} == {"▒"}


def test_of_few_positions_the_only_one_that_has_weight_is_the_darkest() -> None:
    for weights_1xT in ([[1.0]], [[1.0, 0.0]], [[0.2, 0.0, 0.0]]):
        text = alignment_grid(weights_1xT, ["a"] * len(weights_1xT[0]), ["b"], None, "utf-8")
        assert text.count("█") == 1


@pytest.mark.parametrize("count", [1, 26, 35, 36, 37, 60, 100])
@pytest.mark.parametrize("symbol", ["a", "908"])
def test_a_long_sequence_goes_on_below(count: int, symbol: str) -> None:
    text = alignment_grid(np.eye(3, count), [symbol] * count, ["b", "c", "-12"], np.eye(3, count), "utf-8")
    lines = text.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert sum(line.split().count(symbol) for line in lines) == count
    assert text.count("*") == min(3, count)
    assert len(text.split("\n\n")) == 1 or all(len(block.splitlines()) == 4 for block in text.split("\n\n"))
    assert lines[-1].endswith("1.00" if count >= 3 else ".00")


def test_no_weight_at_all_and_no_number_are_shown_as_none() -> None:
    rows = alignment_grid([[0.0, 0.0], [np.nan, np.nan]], ["a", "b"], ["c", "d"], None, "utf-8").splitlines()
    assert [row.split() for row in rows[1:]] == [["c", "·", "·", ".00"], ["d", "·", "·", ".00"]]


def test_the_legend_has_the_darkest_shade_of_the_output() -> None:
    assert grid_legend(False, "utf-8").startswith(f"{SHADES[-1]}: ")
    assert grid_legend(True, "ascii").startswith(f"{DIGITS[-1]}: ")
    assert "*" in grid_legend(True, "ascii")
    assert "*" not in grid_legend(False, "ascii")
