"""TensorBoard's own reader says what was written."""

import io
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
from tensorboard.plugins.hparams import backend_context, metadata

from attnseq.report.pictures import Pictures
from attnseq.report.records import EpochRecord
from attnseq.report.tensorboard import TensorBoardLog

MakeRecord = Callable[..., EpochRecord]
RELEVANCE_T = [0, 10, 1]


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
        log.epoch(make_record(epoch), RELEVANCE_T)
    read = events(tmp_path)
    assert set(read.Tags()["scalars"]) == set(make_record(1).row)
    for tag, value in make_record(2).row.items():
        assert [point.step for point in read.Scalars(tag)] == [1, 2]
        assert read.Scalars(tag)[1].value == pytest.approx(value, rel=1e-6)


def test_a_histogram_for_each_position_counts_every_sample(
    tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord
) -> None:
    record = make_record(1, tags=("attention", "attention/other"))
    log.epoch(record, RELEVANCE_T)
    read = events(tmp_path)
    tags = {f"{tag}/position_{t}": (attention, t) for tag, attention in record.attention.items() for t in range(3)}
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
    assert sorted(events(tmp_path).Tags()["histograms"]) == ["attention/position_0", "attention/position_1"]


def test_images_where_they_are_asked_for_and_a_heatmap_where_there_is_one(
    tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord
) -> None:
    pictures = Pictures()
    log.epoch(make_record(1), RELEVANCE_T)
    log.epoch(make_record(2, tags=("attention", "attention/other")), RELEVANCE_T, ["one", "two", "three"], pictures)
    log.epoch(make_record(3, heatmap=True), pictures=pictures)
    read = events(tmp_path)
    steps = {tag: [image.step for image in read.Images(tag)] for tag in read.Tags()["images"]}
    assert steps == {"attention/mean": [2, 3], "attention/other/mean": [2], "attention/heatmap": [3]}
    logged = read.Images("attention/mean")[0]
    with Image.open(io.BytesIO(logged.encoded_image_string)) as image:
        assert (image.format, image.size) == ("PNG", (logged.width, logged.height))


def test_config_as_text(tmp_path: Path, log: TensorBoardLog) -> None:
    log.config("trainer:\n  epochs: 3\n")
    (event,) = events(tmp_path).Tensors("config/text_summary")
    assert event.tensor_proto.string_val[0].decode() == "```yaml\ntrainer:\n  epochs: 3\n```"


def test_hyperparameters_and_final_metrics_in_the_same_run(
    tmp_path: Path, log: TensorBoardLog, make_record: MakeRecord
) -> None:
    log.epoch(make_record(1), RELEVANCE_T)
    hparams = {"rate": 1e-3, "width": np.int64(64), "name": "mlp", "operands": [1, 2], "clip": None, "compile": True}
    log.hyperparameters(hparams, {"loss/test": 0.25})
    assert [path.name.startswith("events.out.tfevents") for path in tmp_path.rglob("*")] == [True]
    read = events(tmp_path)
    content = read.PluginTagToContent(metadata.PLUGIN_NAME)
    assert set(content) == {metadata.SESSION_START_INFO_TAG, metadata.SESSION_END_INFO_TAG}
    shown = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG]).hparams
    assert shown["rate"].number_value == 1e-3
    assert shown["width"].number_value == 64
    texts = {name: shown[name].string_value for name in ("name", "operands", "clip", "compile")}
    assert texts == {"name": "mlp", "operands": "[1, 2]", "clip": "None", "compile": "True"}
    assert [(point.step, point.value) for point in read.Scalars("loss/test")] == [(2, 0.25)]


def test_the_hparams_tab_has_the_columns_of_all_runs(tmp_path: Path, make_record: MakeRecord) -> None:
    runs: list[dict[str, float | str]] = [{"seed": 1, "width": 8}, {"seed": 2, "gate": "sigmoid"}]
    for hparams in runs:
        folder = tmp_path / f"seed={hparams['seed']}"
        folder.mkdir()
        log = TensorBoardLog(folder)
        log.epoch(make_record(1), RELEVANCE_T)
        log.hyperparameters(hparams, {"loss/test": 0.25})
    columns, metrics = hparams_tab(tmp_path)
    assert columns == {"seed", "width", "gate"}
    assert metrics == {*make_record(1).row, "loss/test"}


def test_a_resumed_run_replaces_what_the_killed_one_logged_too_much(tmp_path: Path, make_record: MakeRecord) -> None:
    killed = TensorBoardLog(tmp_path)
    killed.config("a: 1")
    for epoch in (1, 2, 3, 4, 5):
        killed.epoch(make_record(epoch), RELEVANCE_T)
    resumed = TensorBoardLog(tmp_path, purge_step=3)
    resumed.config("a: 1")
    for epoch in (3, 4):
        resumed.epoch(make_record(epoch), RELEVANCE_T)
    read = events(tmp_path)
    assert [point.step for point in read.Scalars("loss/train")] == [1, 2, 3, 4]
    assert [event.step for event in read.Histograms("attention/position_0")] == [1, 2, 3, 4]
    assert [event.step for event in served_events(tmp_path).Tensors("loss/train")] == [1, 2, 3, 4]
    assert len(read.Tensors("config/text_summary")) == 1


def test_a_run_resumed_before_its_first_checkpoint_starts_over(tmp_path: Path, make_record: MakeRecord) -> None:
    killed = TensorBoardLog(tmp_path)
    killed.config("a: 1")
    killed.epoch(make_record(1), RELEVANCE_T)
    resumed = TensorBoardLog(tmp_path, purge_step=1)
    resumed.config("a: 1")
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
