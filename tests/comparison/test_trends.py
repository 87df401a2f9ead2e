"""Metrics against a swept number: which key is taken, what each curve holds, and when there is none."""

from pathlib import Path

import numpy as np
import pytest
from run_folders import run_config, write_run

from attnseq.comparison.comparison import Comparison, compare
from attnseq.comparison.trends import SERIES, trend_figure
from attnseq.comparison.variants import naming_keys
from attnseq.runs.reading import find_runs


def compared(folder: Path, metrics: tuple[str, ...] = ("loss/test", "exact/test")) -> Comparison:
    runs = find_runs([folder])
    return compare(runs, naming_keys(runs), list(metrics), "loss/validation")


def sweep(folder: Path, *rates: float, models: tuple[str, ...] = ("mlp_attention", "lstm_attention")) -> Path:
    """Two seeds each, whose losses are the rate and three times the rate."""
    for rate in rates:
        for model in models:
            for seed in (1, 2):
                config = run_config(model, seed, trainer__learning_rate=rate)
                result = {"exact/test": 0.1 * seed}
                write_run(folder / f"{model}{rate}{seed}", config, loss=rate * (2 * seed - 1), result=result)
    return folder


def test_a_curve_a_choice_of_the_other_keys_against_the_number_that_varies(tmp_path: Path) -> None:
    figure = trend_figure(compared(sweep(tmp_path, 0.1, 0.01, 0.001)))
    assert figure is not None
    loss, exact = figure.axes
    assert [axes.get_title() for axes in (loss, exact)] == ["loss/validation", "exact/test"]
    assert {axes.get_xlabel() for axes in (loss, exact)} == {"trainer.learning_rate"}
    assert [curve.get_label() for curve in loss.containers] == ["lstm_attention", "mlp_attention"]
    for curve in loss.containers:
        line, _, (bars,) = curve.lines
        assert np.asarray(line.get_xdata()) == pytest.approx([0.001, 0.01, 0.1], rel=0.05)  # a little aside
        assert np.asarray(line.get_ydata()) == pytest.approx([0.002, 0.02, 0.2])  # means of two seeds
        assert len(bars.get_segments()) == 3
    assert exact.get_ylim() == (0, 1.02)
    for _, _, (bars,) in (curve.lines for curve in exact.containers):  # of two seeds wider than a share can be
        assert all(0 <= y <= 1 for segment in bars.get_segments() for _, y in segment)


def test_two_values_are_no_trend(tmp_path: Path) -> None:
    assert trend_figure(compared(sweep(tmp_path, 0.1, 0.01))) is None


def test_names_are_no_numbers(tmp_path: Path) -> None:
    for seed, adam in enumerate(("keras", "torch", "other")):
        write_run(tmp_path / adam, run_config(seed=seed, trainer__adam=adam))
    assert trend_figure(compared(tmp_path)) is None


def test_one_curve_needs_no_legend_and_one_metric_no_second_panel(tmp_path: Path) -> None:
    figure = trend_figure(compared(sweep(tmp_path, 1.0, 2.0, 3.0, models=("mlp_attention",)), ("loss/test",)))
    assert figure is not None
    assert len(figure.axes) == 1
    assert not figure.legends
    assert figure.axes[0].get_xscale() == "linear"


def test_more_curves_than_colours_are_not_drawn(tmp_path: Path) -> None:
    for size in range(len(SERIES) + 1):
        for rate in (1.0, 2.0, 3.0):
            config = run_config(model__hidden_size=1 + size, trainer__adam=f"form{size}", trainer__learning_rate=rate)
            write_run(tmp_path / f"{size}{rate}", config)
    runs = find_runs([tmp_path])
    keys = ["trainer.adam", "trainer.learning_rate"]
    assert trend_figure(compare(runs, keys, ["loss/test"], "loss/validation")) is None
