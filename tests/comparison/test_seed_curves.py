"""Curves of variants: means of seeds between the lowest and the highest, as TensorBoard reads them."""

from pathlib import Path

import pytest
from run_folders import run_config, write_diverged, write_run, write_unfinished
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2

from attnseq.comparison.comparison import Comparison, compare
from attnseq.comparison.own_folders import NotOwnError
from attnseq.comparison.seed_curves import write_curves
from attnseq.comparison.variants import naming_keys
from attnseq.runs.reading import find_runs


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    """Two variants; losses of the three seeds of one end at 1, 2 and 6."""
    for seed, loss in ((1, 1.0), (2, 2.0), (3, 6.0)):
        write_run(tmp_path / "outputs/mlp" / f"seed={seed}", run_config(seed=seed), loss=loss)
    write_run(tmp_path / "outputs/lstm/seed=1", run_config("lstm_attention", 1), loss=0.5)
    write_unfinished(tmp_path / "outputs/mlp/seed=4", run_config(seed=4), epochs=1)
    write_diverged(tmp_path / "outputs/mlp/seed=5", run_config(seed=5))
    runs = find_runs([tmp_path / "outputs"])
    return compare(runs, naming_keys(runs), ["loss/test"], "loss/validation")


def curve(folder: Path, tag: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in EventAccumulator(str(folder)).Reload().Scalars(tag)]


def test_a_variant_is_a_run_with_the_mean_and_both_ends(comparison: Comparison, tmp_path: Path) -> None:
    written = write_curves(comparison, tmp_path / "curves")
    assert [path.name for path in written] == ["lstm_attention", "mlp_attention"]
    mlp = written[1]
    assert curve(mlp, "loss/validation") == [(1, 9.0), (2, 4.5), (3, 3.0)]  # 3 times, 1.5 times and once the last loss
    assert curve(mlp, "spread/loss/validation/low") == [(1, 3.0), (2, 1.5), (3, 1.0)]
    assert curve(mlp, "spread/loss/validation/high") == [(1, 18.0), (2, 9.0), (3, 6.0)]
    assert curve(written[0], "loss/train") == curve(written[0], "spread/loss/train/high")  # of a single seed


def test_each_number_has_a_chart_with_a_band(comparison: Comparison, tmp_path: Path) -> None:
    (lstm, _) = write_curves(comparison, tmp_path / "curves")
    (event,) = EventAccumulator(str(lstm)).Reload().Tensors("custom_scalars__config__")
    (category,) = layout_pb2.Layout.FromString(event.tensor_proto.string_val[0]).category
    bands = [(chart.title, *chart.margin.series) for chart in category.chart]
    assert [title for title, _ in bands] == ["loss/train", "loss/validation"]
    for title, series in bands:
        assert series.value == title
        assert (series.lower, series.upper) == (f"spread/{title}/low", f"spread/{title}/high")


def test_curves_end_where_the_shortest_history_does(comparison: Comparison, tmp_path: Path) -> None:
    file = tmp_path / "outputs/mlp/seed=2/history.csv"
    file.write_text("\n".join([*file.read_text().splitlines()[:-1], ""]))
    mlp = write_curves(comparison, tmp_path / "curves")[1]
    assert [step for step, _ in curve(mlp, "loss/train")] == [1, 2]


def test_a_variant_without_histories_has_no_run(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "outputs/lstm/seed=1/history.csv").unlink()
    assert [path.name for path in write_curves(comparison, tmp_path / "curves")] == ["mlp_attention"]


def test_curves_are_written_anew_and_nothing_else_is_touched(comparison: Comparison, tmp_path: Path) -> None:
    first = write_curves(comparison, tmp_path / "curves")
    assert write_curves(comparison, tmp_path / "curves") == first
    assert [len(list(path.iterdir())) for path in first] == [1, 1]
    with pytest.raises(NotOwnError, match=r"lstm is something else|mlp is something else"):
        write_curves(comparison, tmp_path / "outputs")
