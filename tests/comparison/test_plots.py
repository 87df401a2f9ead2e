"""What the pictures of a comparison show, and what they leave out with a word."""

import numpy as np
import pytest
from run_folders import RELEVANCE_T, run_config, write_diverged, write_run

from attnseq.comparison import plots as figures
from attnseq.comparison.comparison import compare
from attnseq.comparison.variants import naming_keys
from attnseq.runs.reading import find_runs


def compared(folder, keys=None):
    runs = find_runs([folder])
    return compare(runs, keys or naming_keys(runs), ["loss/test"], "loss/validation")


@pytest.fixture
def two(tmp_path):
    for seed, loss in ((1, 0.1), (2, 0.3)):
        write_run(tmp_path / f"mlp{seed}", run_config("mlp_attention", seed), loss=loss)
        write_run(tmp_path / f"lstm{seed}", run_config("lstm_attention", seed), loss=loss / 100)
    return tmp_path


def test_curves_are_means_in_a_band_of_all_seeds(two):
    train, validation = figures.curves_figure(compared(two)).axes
    assert [line.get_label() for line in train.lines] == ["lstm_attention (2 seeds)", "mlp_attention (2 seeds)"]
    # the synthetic loss falls as 1 / epoch, to 0.1 and 0.3 after three
    assert np.asarray(validation.lines[1].get_ydata()) == pytest.approx([0.6, 0.3, 0.2])
    band = validation.collections[1].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.1, 0.9))


def test_a_run_without_a_history_is_left_out_of_curves_alone(two):
    (two / "mlp1" / "history.csv").unlink()
    (two / "lstm1" / "history.csv").write_text("epoch,loss/train,loss/validation\n1,x,y\n")
    labels = [line.get_label() for line in figures.curves_figure(compared(two)).axes[0].lines]
    assert labels == ["lstm_attention (one seed)", "mlp_attention (one seed)"]
    for path in two.glob("*/history.csv"):
        path.unlink()
    assert figures.curves_figure(compared(two)) is None
    assert figures.losses_figure(compared(two)) is not None


def test_seeds_of_unlike_length_are_drawn_as_far_as_all_go(two):
    write_run(two / "long", run_config("mlp_attention", 3, trainer__epochs=5), loss=0.2)
    axes = figures.curves_figure(compared(two, ["model.name"])).axes[0]
    assert len(np.asarray(axes.lines[1].get_xdata())) == 3


def test_a_dot_a_seed_with_mean_and_interval(two):
    validation, test = figures.losses_figure(compared(two)).axes
    dots, interval, mean = validation.lines[3:]
    assert np.asarray(dots.get_xdata()) == pytest.approx([0.1, 0.3])
    assert np.asarray(mean.get_xdata()) == pytest.approx([0.2])
    assert len(interval.get_xdata()) == 2
    assert np.asarray(test.lines[3].get_xdata()) == pytest.approx([0.11, 0.33])
    assert [label.get_text() for label in validation.get_yticklabels()] == ["lstm_attention", "mlp_attention"]


def test_one_seed_has_no_interval(tmp_path):
    write_run(tmp_path / "run")
    assert len(figures.losses_figure(compared(tmp_path)).axes[0].lines) == 2


def test_attention_beside_relevance_with_an_interval_a_position(two):
    axes = figures.attention_figure(compared(two)).axes
    assert [panel.get_title(loc="left") for panel in axes] == ["lstm_attention (2 seeds)", "mlp_attention (2 seeds)"]
    attention, relevance = axes[0].containers
    assert sum(bar.get_height() for bar in attention) == pytest.approx(1.0)
    assert [bar.get_height() for bar in relevance] == pytest.approx(np.array(RELEVANCE_T) / sum(RELEVANCE_T))
    (intervals,) = axes[0].collections
    assert len(intervals.get_paths()) == len(RELEVANCE_T)


def test_panels_share_an_axis_that_no_bar_leaves(two):
    for seed in (1, 2):
        peak = {"attention/mean": [0.9 + seed / 100] + [0.01] * 9}
        write_run(two / f"peaked{seed}", run_config("mlp_attention", seed, model__hidden_size=3), loss=9.0, result=peak)
    for panel in figures.attention_figure(compared(two)).axes:
        assert panel.get_ylim()[0] == 0.0
        assert panel.get_ylim()[1] >= 1.0  # the interval of two seeds is wide, but no share is above 1
        (intervals,) = panel.collections
        assert max(path.vertices[:, 1].max() for path in intervals.get_paths()) <= 1.0


def test_sequences_of_unlike_length_have_a_panel_each(tmp_path):
    write_run(tmp_path / "short", run_config(seed=1), relevance_T=[0, 1, 0])
    write_run(tmp_path / "long", run_config(seed=2))
    axes = figures.attention_figure(compared(tmp_path, ["model.name"])).axes
    assert sorted(len(panel.containers[0]) for panel in axes) == [3, 10]


def test_more_variants_than_fit_are_counted(tmp_path):
    for index in range(figures.STRIPS + 1):
        write_run(tmp_path / str(index), run_config(trainer__learning_rate=0.1 / (index + 1)))
    comparison = compared(tmp_path)
    drawn = (
        (figures.curves_figure, figures.CURVES),
        (figures.losses_figure, figures.STRIPS),
        (figures.attention_figure, figures.PANELS),
    )
    for draw, limit in drawn:
        assert f"the best {limit} of {figures.STRIPS + 1}" in draw(comparison).get_suptitle()


def test_without_a_finished_run_there_is_nothing_to_draw(tmp_path):
    write_diverged(tmp_path / "run", run_config())
    comparison = compared(tmp_path)
    assert [draw(comparison) for draw in (figures.curves_figure, figures.losses_figure, figures.attention_figure)] == [
        None
    ] * 3


def test_what_is_no_share_is_not_called_one(two):
    def label():
        return figures.attention_figure(compared(two)).axes[0].get_ylabel()

    assert label() == "share"
    weights = {"attention/mean": [0.15] * 10, "attention/is_share": False}
    write_run(two / "element", run_config("lstm_attention", 1, model__attention="element"), loss=9.0, result=weights)
    assert label() == "mean weight"
    panels = {panel.get_title(loc="left"): panel for panel in figures.attention_figure(compared(two)).axes}
    (element,) = [panel for name, panel in panels.items() if "element" in name]
    assert sum(bar.get_height() for bar in element.containers[1]) == pytest.approx(1.5)


def test_curves_can_be_told_apart_without_their_colours(tmp_path):
    for index in range(figures.CURVES):
        write_run(tmp_path / str(index), run_config(trainer__learning_rate=0.1 / (index + 1)))
    lines = figures.curves_figure(compared(tmp_path)).axes[0].lines
    assert len({line.get_linestyle() for line in lines}) == 4
    assert len({(line.get_linestyle(), line.get_color()) for line in lines}) == figures.CURVES


def test_a_model_that_does_not_attend_has_no_panel(two):
    even = {"attention/mean": [0.1] * 10}
    write_run(two / "before", run_config("lstm_attention", 1, model__attention="none"), result=even)
    write_run(
        two / "own", run_config("mlp_attention", 1, model__hidden_size=7), result=even | {"attention/attends": False}
    )
    axes = figures.attention_figure(compared(two)).axes
    assert [panel.get_title(loc="left").split(" ")[0] for panel in axes] == ["lstm_attention", "mlp_attention"]


def test_where_no_model_attends_there_is_no_picture_of_it(tmp_path):
    write_run(tmp_path / "run", result={"attention/attends": False})
    assert figures.attention_figure(compared(tmp_path)) is None
