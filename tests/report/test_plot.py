import math
from itertools import pairwise

import pytest

from attnseq.report import plot

LONG = (
    "lstm_attention,abs_difference,hidden_size=128,attention=feature_wise,train_size=100000,length=40,score=luong,lr=1"
)


@pytest.mark.parametrize("title", ["", "short", LONG, "x" * 120, "two words", f"{LONG}, {LONG}"])
@pytest.mark.parametrize("width", [200, 540])
def test_a_title_is_wrapped_not_cut(title: str, width: float) -> None:
    lines = plot.wrap(title, width, plot.TITLE_SIZE)
    assert "".join(lines).replace(" ", "") == title.replace(" ", "")
    assert all(plot.text_width(line, plot.TITLE_SIZE) <= width for line in lines)


def test_a_title_is_broken_after_commas() -> None:
    assert all(line.endswith(",") for line in plot.wrap(LONG, 540, plot.TITLE_SIZE)[:-1])


@pytest.mark.parametrize("top", [1e-9, 0.01, 0.0156, 0.19, 0.2, 0.45, 0.61, 1.0, 3.0, 12345.0])
def test_linear_ticks_are_even_few_and_reach_the_top(top: float) -> None:
    ticks = plot.linear_ticks(top)
    assert ticks[0] == 0
    assert ticks[-2] < top <= ticks[-1] * (1 + 1e-9)
    assert 4 <= len(ticks) <= 9
    steps = [high - low for low, high in pairwise(ticks)]
    assert steps == pytest.approx([ticks[1]] * len(steps))
    assert f"{ticks[1]:e}"[0] in "125"


@pytest.mark.parametrize("top", [0.0, -1.0, math.nan, math.inf])
def test_linear_ticks_without_a_top(top: float) -> None:
    assert plot.linear_ticks(top)[-1] == 1


@pytest.mark.parametrize(
    ("count", "most", "step"), [(1, 10, 1), (10, 10, 1), (11, 10, 2), (50, 10, 5), (300, 10, 50), (1000, 10, 100)]
)
def test_whole_steps(count: int, most: int, step: int) -> None:
    assert plot.whole_step(count, most) == step


@pytest.mark.parametrize("losses", [[], [0.1], [0.1, 0.1], [0.1, 0.2], [1e-3, 1e30], [5e-324, 1e300]])
def test_a_log_range_leaves_room(losses: list[float]) -> None:
    low, high = plot.log_range(losses)
    assert high - low >= math.log10(4) - 1e-9
    assert all(low < math.log10(loss) < high for loss in losses)


def test_ticks_of_a_few_decades_are_1_2_5() -> None:
    assert list(plot.log_ticks(-2.9, -1.5).values()) == ["0.002", "0.005", "0.01", "0.02"]
    assert list(plot.log_ticks(-4.9, -4.0).values()) == ["2e-5", "5e-5", "1e-4"]


def test_ticks_of_many_decades_are_powers() -> None:
    assert plot.log_ticks(-6.2, -1.8) == {power: f"10^{power}" for power in (-6, -5, -4, -3, -2)}
    assert list(plot.log_ticks(-4.0, 30.0).values())[:3] == ["10^0", "10^5", "10^10"]


@pytest.mark.parametrize("low", [place / 20 for place in range(-60, -40)])
@pytest.mark.parametrize("decades", [0.61, 1.0, 2.0, 2.49, 2.5, 4.0, 9.0, 40.0])
def test_a_log_axis_has_neither_too_few_nor_too_many_ticks(low: float, decades: float) -> None:
    ticks = plot.log_ticks(low, low + decades)
    assert 2 <= len(ticks) <= 9
    assert all(low <= tick <= low + decades + 1e-9 for tick in ticks)
