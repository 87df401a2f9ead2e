"""What the panel of an alignment shows, as its artists say."""

import math

import numpy as np
import pytest
from matplotlib.axes import Axes

from attnseq.report.alignment_panel import BLANK, AlignmentPanel
from attnseq.report.axes import new_figure


@pytest.fixture
def axes() -> Axes:
    return new_figure(4, 3).add_subplot()


def test_symbols_stand_on_both_axes_and_squares_where_the_truth_is(axes: Axes) -> None:
    panel = AlignmentPanel(axes, ("3", " ", "M"), 2, truth=True)
    weights_KxT = [[0.7, math.nan, 0.3], [0.0, 0.4, 0.6]]
    panel.show(weights_KxT, ("0", " "), [[1, 0, 0], [0, 0.5, 0.5]])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["3", BLANK, "M"]
    assert [text.get_text() for text in axes.texts] == ["0", BLANK]
    assert [text.get_position()[1] for text in axes.texts] == [0, 1]
    (image,) = axes.images
    np.testing.assert_array_equal(np.ma.filled(image.get_array(), math.nan), weights_KxT)
    assert (image.origin, image.get_clim()) == ("upper", (0.0, 1.0))
    assert image.get_extent() == [-0.5, 2.5, 1.5, -0.5]  # the first token of the answer is on top
    (marks,) = axes.lines
    assert list(zip(*marks.get_data(), strict=True)) == [(0, 0), (1, 1), (2, 1)]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["true alignment"]
    panel.show(weights_KxT, ("4", "2"))
    assert [text.get_text() for text in axes.texts] == ["4", "2"]
    assert len(marks.get_xdata()) == 0


def test_without_a_truth_there_is_no_legend_and_without_an_answer_no_cell(axes: Axes) -> None:
    panel = AlignmentPanel(axes, ("12", "3"), 0, truth=False)
    panel.show(np.zeros((0, 2)), ())
    assert axes.get_legend() is None
    assert not axes.images[0].get_array().any()


def test_a_long_answer_is_higher_and_long_names_stand_upright(axes: Axes) -> None:
    panel = AlignmentPanel(axes, ("10000",) * 30, 40, truth=False)
    short = AlignmentPanel(new_figure(4, 3).add_subplot(), ("1",) * 30, 3, truth=False)
    assert panel.height > 3 * short.height
    assert panel.below > short.below
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {90.0}
