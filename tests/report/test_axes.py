"""What all pictures share: few and plain labels, and room around a single point."""

from itertools import pairwise

import pytest

from attnseq.report.axes import SERIES, label_log_axis, new_figure, whole_ticks


@pytest.mark.parametrize("count", [1, 2, 10, 20, 21, 40, 1000])
def test_whole_ticks_begin_at_zero_and_are_few(count: int) -> None:
    ticks = whole_ticks(count)
    assert ticks[0] == 0
    assert len(ticks) <= 20
    assert count - 1 - ticks[-1] < max(2, ticks[1] if count > 1 else 1)
    assert len({b - a for a, b in pairwise(ticks)}) <= 1


@pytest.mark.parametrize("side", ["x", "y"])
def test_points_close_together_have_room_around_them_and_plain_labels(side: str) -> None:
    axes = new_figure(4, 3).add_subplot()
    axes.set(**{f"{side}scale": "log"})
    axes.plot([0.01, 0.0101], [0.01, 0.0101], "o")
    label_log_axis(axes, side)
    low, high = getattr(axes, f"get_{side}lim")()
    assert low < 0.01 / 1.5
    assert high > 0.01 * 1.5
    axes.figure.canvas.draw()
    labels = [label.get_text() for label in getattr(axes, f"get_{side}ticklabels")()]
    assert "0.01" in labels
    assert not any("$" in label or "e-" in label for label in labels)


def test_many_decades_keep_a_label_a_decade() -> None:
    axes = new_figure(4, 3).add_subplot()
    axes.set(yscale="log", ylim=(1e-6, 1.0))
    label_log_axis(axes)
    axes.figure.canvas.draw()
    assert 3 <= len([tick for tick in axes.get_yticks() if 1e-6 <= tick <= 1.0]) <= 8


def test_colours_differ() -> None:
    assert len(set(SERIES)) == len(SERIES)
