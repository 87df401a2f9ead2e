"""What panels show, as their artists say; how it looks is a matter of Matplotlib."""

import math

import numpy as np
import pytest
from matplotlib.axes import Axes

from attnseq.report.axes import new_figure
from attnseq.report.panels import AttentionPanel, Bars, LossPanel, Positions, loss_limits, numbered, share_top


@pytest.fixture
def axes() -> Axes:
    return new_figure(4, 3).add_subplot()


def labels(axes: Axes) -> list[str]:
    axes.figure.canvas.draw()
    return [label.get_text() for label in axes.get_xticklabels()]


def legend(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_bars_stand_side_by_side_at_their_positions(axes: Axes) -> None:
    panel = AttentionPanel(axes, Positions(numbered(3)), 1.0, Bars(relevance=True))
    panel.show([0.1, 0.6, 0.3], [0, 0.75, 0.25])
    attention, relevance = (patch.get_data() for patch in axes.patches)
    assert attention.values[::2].tolist() == [0.1, 0.6, 0.3]
    assert relevance.values[::2].tolist() == [0, 0.75, 0.25]
    assert np.isnan(attention.values[1::2]).all()
    middles = [(bars.edges[::2] + bars.edges[1::2]) / 2 for bars in (attention, relevance)]
    assert (middles[0] < range(3)).all()
    assert (middles[1] > range(3)).all()
    assert (middles[1] - middles[0] < 0.5).all()
    assert legend(axes) == ["mean attention", "exact relevance"]


def test_alone_bars_stand_in_the_middle(axes: Axes) -> None:
    AttentionPanel(axes, Positions(numbered(2)), 1.0, Bars()).show([0.5, 0.5])
    edges = axes.patches[0].get_data().edges
    np.testing.assert_allclose((edges[::2] + edges[1::2]) / 2, [0, 1], atol=0.03)
    assert legend(axes) == ["mean attention"]


def test_published_attention_is_a_diamond_on_its_bar(axes: Axes) -> None:
    AttentionPanel(axes, Positions(numbered(2)), 1.0, Bars(relevance=True, published=True)).show(
        [0.5, 0.5], [0, 1], [0.4, 0.6]
    )
    (diamonds,) = axes.lines
    assert np.asarray(diamonds.get_ydata()).tolist() == [0.4, 0.6]
    edges = axes.patches[0].get_data().edges
    np.testing.assert_allclose(diamonds.get_xdata(), (edges[::2] + edges[1::2]) / 2, atol=0.02)


def test_positions_are_called_by_their_names(axes: Axes) -> None:
    AttentionPanel(axes, Positions(("Monday", "Tuesday")), 1.0, Bars())
    assert labels(axes) == ["Monday", "Tuesday"]
    assert axes.get_xlabel() == "position"


def test_numbers_count_from_zero_and_stay_few(axes: Axes) -> None:
    AttentionPanel(axes, Positions(numbered(300)), 1.0, Bars())
    assert labels(axes)[:2] == ["0", "15"]
    assert axes.get_xlabel() == "position, from 0"


def test_losses_on_a_log_scale_with_gaps(axes: Axes) -> None:
    panel = LossPanel(axes, ("training", "validation"), 4, (0.01, 1.0), "cross-entropy")
    panel.show({"training": ([1, 2, 3, 4], [0.5, math.nan, 0.0, math.inf]), "validation": ([1], [0.3])})
    training, validation = (np.asarray(line.get_ydata()) for line in axes.lines)
    np.testing.assert_array_equal(training, [0.5, math.nan, math.nan, math.nan])
    assert validation.tolist() == [0.3]
    assert (axes.get_yscale(), axes.get_ylabel()) == ("log", "cross-entropy")
    assert legend(axes) == ["training", "validation"]


def test_markers_where_epochs_are_few(axes: Axes) -> None:
    figure = new_figure(4, 3)
    for axes, epochs in zip(figure.subplots(1, 2), (10, 1000), strict=True):
        LossPanel(axes, ("training",), epochs, (0.01, 1.0), "loss")
    assert [axes.lines[0].get_marker() for axes in figure.axes] == ["o", ""]


def test_without_a_loss_the_panel_says_so(axes: Axes) -> None:
    LossPanel(axes, ("training",), 1, None, "loss").show({"training": ([1], [math.nan])})
    assert [text.get_text() for text in axes.texts] == ["no finite loss"]


def test_what_is_no_share_is_not_called_one(axes: Axes) -> None:
    AttentionPanel(axes, Positions(numbered(2)), 1.0, Bars(relevance=True))
    assert axes.get_ylabel() == "share"
    axes = new_figure(4, 3).add_subplot()
    AttentionPanel(axes, Positions(numbered(2)), 2.0, Bars(relevance=True, share=False))
    assert axes.get_ylabel() == "mean weight"
    assert legend(axes) == ["mean attention", "exact relevance, scaled"]


def test_positions_that_count_are_marked_and_called_what_they_are(axes: Axes) -> None:
    roles = ("distractor", "a hundreds", "distractor")
    AttentionPanel(axes, Positions(numbered(3), roles, (1,)), 1.0, Bars())
    (band,) = axes.patches[1:]
    assert (band.get_x(), band.get_width()) == (0.5, 1.0)
    assert legend(axes) == ["mean attention", "relevant position"]
    assert [(text.get_text(), text.xy[0]) for text in axes.texts if text.get_text()] == [("a\nhundreds", 1)]


def test_roles_are_left_out_where_there_is_no_room(axes: Axes) -> None:
    AttentionPanel(axes, Positions(numbered(40), ("a hundreds",) * 40, (1,)), 1.0, Bars())
    assert not axes.texts


@pytest.mark.parametrize("largest", [1e-6, 0.1, 0.45, 0.75, 1.0, 7.0])
def test_a_share_axis_ends_at_a_tick_above_all_values(largest: float) -> None:
    top = share_top([0.0, math.nan], None, [largest])
    assert largest <= top * (1 + 1e-9)
    assert top <= 1.5 * largest


@pytest.mark.parametrize("values", [[], [math.nan], [0.0]])
def test_a_share_axis_of_nothing_ends_at_one(values: list[float]) -> None:
    assert share_top(values) == 1.0


def test_a_loss_axis_holds_all_losses_and_is_shared_by_like_ones() -> None:
    low, high = loss_limits([0.5, 0.0, math.nan], [1e-3, math.inf]) or (0, 0)
    assert low <= 1e-3 < 0.5 <= high
    assert loss_limits([0.0011], [0.48]) == loss_limits([0.0012], [0.49])
    assert loss_limits([math.nan, 0.0, -1.0]) is None
