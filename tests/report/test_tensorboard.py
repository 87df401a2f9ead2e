"""TensorBoard's own reader says what was written."""

import dataclasses
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator as PluginEventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import backend_context, metadata

from attnseq.report.records import EpochRecord, StepRecord
from attnseq.report.tags import number_tag
from attnseq.report.tensorboard import TensorBoardLog

MakeRecord = Callable[..., EpochRecord]
RELEVANCE_T = [0, 10, 1]
ALL_SCALARS = (
    *("loss/train", "loss/validation", "metrics/mae/validation", "scores/entropy", "scores/mass_accuracy"),
    *("scores/auroc", "scores/aur", "scores/kendall", "scores/rank_agreement", "scores/own/gini"),
)


def events(folder: Path) -> EventAccumulator:
    every = dict.fromkeys(("scalars", "histograms", "images", "tensors", "compressedHistograms"), 0)
    return EventAccumulator(str(folder), size_guidance=every).Reload()


def served_events(folder: Path) -> PluginEventAccumulator:
    """What TensorBoard's server shows: unlike EventAccumulator it purges text, and not at a first session start."""
    every = dict.fromkeys(("scalars", "text"), 0)
    return PluginEventAccumulator(str(folder), tensor_size_guidance=every).Reload()


def hparams_tab(folder: Path) -> tuple[set[str], set[str]]:
    """Hyperparameters and metrics that TensorBoard's server has a column for."""
    multiplexer = EventMultiplexer(tensor_size_guidance={"scalars": 0})
    multiplexer.AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = MultiplexerDataProvider(multiplexer, str(folder))
    served, request = backend_context.Context(TBContext(data_provider=provider)), RequestContext()
    experiment = served.experiment_from_metadata(request, "", True, served.hparams_metadata(request, ""), [])
    names = {info.name for info in experiment.hparam_infos}
    return names, {info.name.tag for info in experiment.metric_infos}


@pytest.fixture
def log(tmp_path: Path) -> TensorBoardLog:
    return TensorBoardLog(tmp_path)


def test_every_scalar_at_its_epoch(tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord) -> None:
    for epoch in (1, 2):
        log.epoch(make_record(epoch))
    read = events(tmp_path)
    assert set(read.Tags()["scalars"]) == {number_tag(name) for name in make_record(1).row}
    for name, value in make_record(2).row.items():
        assert [point.step for point in read.Scalars(number_tag(name))] == [1, 2]
        assert read.Scalars(number_tag(name))[1].value == pytest.approx(value, rel=1e-6)


def test_groups_stand_in_the_order_in_which_people_look_at_them(
    tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord
) -> None:
    log.steps([StepRecord(7, 0.5, 0.25, 1000.0)])
    log.epoch(make_record(1, tags=("attention", "attention/other")), RELEVANCE_T, run=("mlp", 3))
    log.finish({"loss/test": 0.25, "mae/test": 33.0})
    tags = events(tmp_path).Tags()
    groups = {kind: {tag.split("/")[0] for tag in tags[kind]} for kind in ("scalars", "images", "histograms")}
    assert sorted(groups["scalars"]) == ["loss", "metrics", "scores", "steps", "test"]
    assert sorted(set().union(*groups.values())) == [
        *sorted(groups["scalars"]),
        "views",
        "weights of attention",
        "weights of attention, other",
    ]


def test_how_attention_orders_the_positions_is_a_score(
    tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord
) -> None:
    record = make_record(1)
    order_T = np.argsort(np.argsort(record.attention["attention"].mean_T))
    log.epoch(record, order_T)
    log.epoch(make_record(1), order_T.max() - order_T)
    agreement = events(tmp_path).Scalars("scores/rank_agreement")
    assert [point.value for point in agreement] == [1.0, -1.0]


def test_a_histogram_for_each_position_counts_every_sample(
    tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord
) -> None:
    record = make_record(1, tags=("attention", "attention/other"))
    log.epoch(record, RELEVANCE_T)
    read = events(tmp_path)
    groups = dict(zip(("weights of attention", "weights of attention, other"), record.attention.values(), strict=True))
    tags = {f"{group}/{t}": (attention, t) for group, attention in groups.items() for t in range(3)}
    assert set(read.Tags()["histograms"]) == set(tags)
    for tag, (attention, position) in tags.items():
        (event,) = read.Histograms(tag)
        value = event.histogram_value
        assert sum(value.bucket) == value.num == attention.samples_T[position]
        assert (value.min, value.max) == (attention.minimum_T[position], attention.maximum_T[position])
        assert value.sum / value.num == pytest.approx(attention.mean_T[position])
        assert value.bucket[0] > 0
        assert value.bucket[-1] > 0
        # each count still stands at its own bin
        right = np.searchsorted(attention.edges_N1, value.bucket_limit)
        np.testing.assert_array_equal(attention.histogram_TxN[position][right - 1], value.bucket)


def test_a_position_that_no_sample_has_has_no_histogram(
    tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord
) -> None:
    record = make_record(1)
    record.attention["attention"].samples_T[2] = 0
    log.epoch(record)
    assert sorted(events(tmp_path).Tags()["histograms"]) == ["weights of attention/0", "weights of attention/1"]


def test_a_model_that_does_not_attend_has_no_histograms_and_no_images(
    tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord
) -> None:
    log.epoch(dataclasses.replace(make_record(1), attends=False), RELEVANCE_T, run=("mlp", 3))
    tags = events(tmp_path).Tags()
    assert (tags["histograms"], tags["images"]) == ([], [])
    assert "scores/entropy" in tags["scalars"]  # of the control


def test_images_where_they_are_asked_for_and_a_heatmap_where_there_is_one(
    tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord
) -> None:
    log.epoch(make_record(1), RELEVANCE_T)
    log.epoch(make_record(2, tags=("attention", "attention/other")), RELEVANCE_T, ["0 x", "1 y", "2 z"], ("mlp", 3))
    log.epoch(make_record(3, heatmap=True), run=("mlp", 3))
    read = events(tmp_path)
    steps = {tag: [image.step for image in read.Images(tag)] for tag in read.Tags()["images"]}
    mean, digits = "views/mean attention", "views/attention by digit value"
    assert steps == {mean: [2, 3], f"{mean}, other": [2], digits: [3]}
    logged = read.Images(mean)[0]
    with Image.open(io.BytesIO(logged.encoded_image_string)) as image:
        assert (image.format, image.size) == ("PNG", (logged.width, logged.height))


def test_config_as_text(tmp_path: Path, log: TensorBoardLog) -> None:
    log.start("trainer:\n  epochs: 3\n", {})
    (event,) = events(tmp_path).Tensors("config/text_summary")
    assert event.tensor_proto.string_val[0].decode() == "```yaml\ntrainer:\n  epochs: 3\n```"


def test_hyperparameters_and_what_was_measured_at_the_end_in_the_same_run(
    tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord
) -> None:
    log.start("", {"rate": 1e-3, "width": 64, "name": "mlp", "operands": [1, 2], "clip": None, "fast": True})
    for epoch in (1, 2, 3):
        log.epoch(make_record(epoch))
    log.finish({"mae/test": 0.25})
    assert [path.name.startswith("events.out.tfevents") for path in tmp_path.rglob("*")] == [True]
    read = events(tmp_path)
    content = read.PluginTagToContent(metadata.PLUGIN_NAME)
    assert set(content) == {metadata.SESSION_START_INFO_TAG, metadata.SESSION_END_INFO_TAG}
    shown = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG]).hparams
    assert shown["rate"].number_value == 1e-3
    texts = {name: shown[name].string_value for name in ("width", "name", "operands", "clip", "fast")}
    assert texts == {"width": "64", "name": "mlp", "operands": "[1, 2]", "clip": "None", "fast": "True"}
    assert [(point.step, point.value) for point in read.Scalars("test/mae")] == [(1, 0.25), (3, 0.25)]


def test_the_hparams_tab_has_the_columns_of_all_runs(tmp_path: Path, make_record: MakeRecord) -> None:
    for seed, hparams in ((1, {"width": 8}), (2, {"gate": "sigmoid"})):
        folder = tmp_path / f"seed={seed}"
        folder.mkdir()
        log = TensorBoardLog(folder)
        log.start("", {"seed": seed, **hparams})
        log.epoch(make_record(1))
        log.finish({"loss/test": 0.25})
    columns, metrics = hparams_tab(tmp_path)
    assert columns == {"seed", "width", "gate"}
    assert metrics == {*map(number_tag, make_record(1).row), "test/loss"}


def test_charts_of_losses_and_of_scores_are_laid_out(tmp_path: Path, log: TensorBoardLog) -> None:
    log.start("", {})
    (event,) = events(tmp_path).Tensors("custom_scalars__config__")
    layout = layout_pb2.Layout.FromString(event.tensor_proto.string_val[0])
    shown = {chart.title: chart.multiline.tag for category in layout.category for chart in category.chart}
    drawn = {
        title: [tag for tag in ALL_SCALARS if any(re.match(expression, tag) for expression in expressions)]
        for title, expressions in shown.items()
    }
    assert drawn == {
        "training and validation": ["loss/train", "loss/validation"],
        "scores": ["scores/mass_accuracy", "scores/own/gini"],
        "telling what counts from the rest": ["scores/auroc", "scores/aur"],
        "order of positions": ["scores/kendall", "scores/rank_agreement"],
    }


def test_a_resumed_run_keeps_the_steps_that_it_has_taken(tmp_path: Path, make_record: MakeRecord) -> None:
    """Steps of the optimizer count faster than epochs, so that what is purged by its epoch would hit them, too."""
    killed = TensorBoardLog(tmp_path)
    killed.steps([StepRecord(step, step / 8, 0.5, 100.0) for step in (5, 10, 15)])
    killed.epoch(make_record(1))
    resumed = TensorBoardLog(tmp_path, purge_step=2, steps=10)
    resumed.steps([StepRecord(15, 7.5, 0.5, 100.0)])
    again = TensorBoardLog(tmp_path, purge_step=1, steps=10)
    again.steps([StepRecord(15, 8.5, 0.5, 100.0)])
    expected = [(5, 5 / 8), (10, 10 / 8), (15, 8.5)]
    assert [(point.step, point.value) for point in events(tmp_path).Scalars("steps/loss")] == expected
    assert [event.step for event in served_events(tmp_path).Tensors("steps/loss")] == [5, 10, 15]


def test_what_was_measured_at_the_end_is_logged_once(tmp_path: Path, make_record: MakeRecord) -> None:
    killed = TensorBoardLog(tmp_path)
    for epoch in (1, 2):
        killed.epoch(make_record(epoch))
    killed.finish({"loss/test": 0.25})
    TensorBoardLog(tmp_path, purge_step=3).finish({"loss/test": 0.25})
    assert [point.step for point in events(tmp_path).Scalars("test/loss")] == [1, 2]


def test_a_resumed_run_replaces_what_the_killed_one_logged_too_much(tmp_path: Path, make_record: MakeRecord) -> None:
    killed = TensorBoardLog(tmp_path)
    killed.start("a: 1", {})
    for epoch in (1, 2, 3, 4, 5):
        killed.epoch(make_record(epoch), RELEVANCE_T)
    resumed = TensorBoardLog(tmp_path, purge_step=3)
    resumed.start("a: 1", {})
    for epoch in (3, 4):
        resumed.epoch(make_record(epoch), RELEVANCE_T)
    read = events(tmp_path)
    assert [point.step for point in read.Scalars("loss/train")] == [1, 2, 3, 4]
    assert [event.step for event in read.Histograms("weights of attention/0")] == [1, 2, 3, 4]
    assert [event.step for event in served_events(tmp_path).Tensors("loss/train")] == [1, 2, 3, 4]
    assert len(read.Tensors("config/text_summary")) == 1


def test_a_run_resumed_before_its_first_checkpoint_starts_over(tmp_path: Path, make_record: MakeRecord) -> None:
    killed = TensorBoardLog(tmp_path)
    killed.start("a: 1", {})
    killed.epoch(make_record(1), RELEVANCE_T)
    resumed = TensorBoardLog(tmp_path, purge_step=1)
    resumed.start("a: 1", {})
    assert events(tmp_path).Scalars("loss/train") == []
    resumed.epoch(make_record(1), RELEVANCE_T)
    read = events(tmp_path)
    assert [point.step for point in read.Scalars("loss/train")] == [1]
    served = served_events(tmp_path)
    assert [event.step for event in served.Tensors("loss/train")] == [1]
    assert len(served.Tensors("config/text_summary")) == 1


def test_an_epoch_can_be_read_while_the_run_goes_on(
    tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord
) -> None:
    log.epoch(make_record(1), RELEVANCE_T)
    assert len(events(tmp_path).Scalars("loss/train")) == 1
