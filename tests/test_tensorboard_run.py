"""The TensorBoard files of a whole run, read back with TensorBoard's own readers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.plugins.hparams import plugin_data_pb2
from tiny_configs import tiny_config

from attnseq.report import history
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.run import run

EPOCH_TAGS = {"loss/train", "loss/validation", "mae/validation", "exact/validation"}
EPOCH_TAGS |= {"attention/entropy", "attention/relevance_mass"}
TEST_TAGS = {"loss/test", "mae/test", "exact/test"}
HISTOGRAMS = {f"attention/position_{position}" for position in range(10)}


def read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder), size_guidance={"histograms": 0, "images": 0, "tensors": 0})
    events.Reload()
    return events


@pytest.fixture(scope="module")
def element(tiny: Callable[..., RunConfig], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run whose attention has a weight for every element."""
    path = tmp_path_factory.mktemp("element") / "run"
    overrides = ("model=lstm_attention", "model.attention=element", "model.hidden_size=4", "dataset.train_size=100")
    run(Job(tiny(*overrides), path))
    return path


@pytest.mark.parametrize("which", ["finished", "element"])
def test_tags(which: str, request: pytest.FixtureRequest) -> None:
    tags = read(request.getfixturevalue(which)).Tags()
    assert set(tags["scalars"]) == EPOCH_TAGS | TEST_TAGS
    assert set(tags["histograms"]) == HISTOGRAMS
    assert set(tags["images"]) == {"attention/mean"} | ({"attention/heatmap"} if which == "element" else set())
    assert set(tags["tensors"]) == {"config/text_summary"}


def test_numbers_by_length_stand_beside_those_of_the_test_samples(tmp_path: Path, no_pictures: None) -> None:
    lengths = {"dataset.length": 5, "dataset.test_lengths": [4, 9]}
    result = run(Job(tiny_config("add_two_numbers", "lstm_hidden", **lengths), tmp_path / "run"))
    events = read(tmp_path / "run")
    finals = {f"{name}/test{where}" for name in ("loss", "mae", "r2") for where in ("", "@4", "@9")}
    assert finals <= set(events.Tags()["scalars"])
    for tag in finals:
        (scalar,) = events.Scalars(tag)
        assert (scalar.step, scalar.value) == (3, pytest.approx(result[tag], rel=1e-6))


def test_scalars_are_those_of_the_history(finished: Path) -> None:
    events, rows = read(finished), history.read(finished / "history.csv")
    for tag in EPOCH_TAGS:
        scalars = events.Scalars(tag)
        assert [scalar.step for scalar in scalars] == [1, 2]
        assert [scalar.value for scalar in scalars] == pytest.approx([row[tag] for row in rows], rel=1e-6)
    for tag in TEST_TAGS:  # a step after the last epoch, so that a run that resumes there can purge them
        assert [scalar.step for scalar in events.Scalars(tag)] == [3]


def test_histograms_count_the_probe_set_and_have_its_mean(finished: Path) -> None:
    events, rows = read(finished), history.read(finished / "history.csv")
    for tag in sorted(HISTOGRAMS):
        found = events.Histograms(tag)
        assert [histogram.step for histogram in found] == [1, 2]
        for histogram, row in zip(found, rows, strict=True):
            value = histogram.histogram_value
            assert (value.num, sum(value.bucket)) == (64, 64)
            assert 0 <= value.min <= value.max <= 1
            assert value.sum / value.num == pytest.approx(row[tag], rel=1e-5)


def test_images_of_the_last_epoch(element: Path) -> None:
    events = read(element)
    for tag in ("attention/mean", "attention/heatmap"):
        (image,) = events.Images(tag)
        assert image.step == 2
        assert image.encoded_image_string.startswith(b"\x89PNG")
        assert image.width > 100


def test_the_config_is_there_as_text(finished: Path) -> None:
    (text,) = read(finished).Tensors("config/text_summary")
    content = text.tensor_proto.string_val[0].decode()
    assert text.step == 0
    for line in ("name: mlp_attention", "train_size: 500", "seed: 1337"):
        assert line in content


def test_hyperparameters_stand_in_the_same_run(finished: Path) -> None:
    assert set(_runs(finished)) == {"."}
    plugin = read(finished).PluginTagToContent("hparams")
    assert set(plugin) == {"_hparams_/session_start_info", "_hparams_/session_end_info"}
    start = plugin_data_pb2.HParamsPluginData.FromString(plugin["_hparams_/session_start_info"]).session_start_info
    values = {name: value.string_value or value.number_value for name, value in start.hparams.items()}
    assert values["model.name"] == "mlp_attention"
    assert values["dataset.train_size"] == 500
    assert values["trainer.learning_rate"] == pytest.approx(1e-3)
    assert values["seed"] == 1337


def test_one_run_a_training_run(finished: Path, element: Path, tmp_path: Path) -> None:
    for name, path in (("one", finished), ("other", element)):
        (tmp_path / "outputs" / name).mkdir(parents=True)
        (tmp_path / "outputs" / name / "seed=1").symlink_to(path)
    assert set(_runs(tmp_path / "outputs" / "one" / "seed=1")) == {"."}
    assert set(_runs(finished.parent)) == {"run"}


def _runs(folder: Path) -> dict[str, object]:
    runs = EventMultiplexer()
    runs.AddRunsFromDirectory(str(folder))
    return dict(runs.Runs())
