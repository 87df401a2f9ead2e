"""The TensorBoard files of a whole run, read back with TensorBoard's own readers."""

from collections.abc import Callable
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.plugins.hparams import plugin_data_pb2
from tiny_configs import tiny_config

from attnseq.report import history
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.population_run import train_jobs
from attnseq.runs.run import run
from attnseq.scores import SCORES
from attnseq.training.stopping import StopSignals

EPOCH_TAGS = {
    "loss/train": "loss/train",
    "loss/validation": "loss/validation",
    "metrics/mae/validation": "mae/validation",
    "metrics/exact/validation": "exact/validation",
    "scores/entropy": "attention/entropy",
    **{f"scores/{name.partition('/')[2]}": name for name in SCORES.names() if name.startswith("relevance/")},
}
"""Names of history.csv by tag."""
STEP_TAGS = {"steps/loss", "steps/gradient_norm", "steps/samples/s"}
TEST_TAGS = {"test/loss", "test/mae", "test/exact"}
ROLES = ("distractor", "a hundreds", "a tens", "a ones", "distractor", "b hundreds", "b tens", "b ones")
HISTOGRAMS = [f"weights of attention/{t} {role}" for t, role in enumerate((*ROLES, "distractor", "distractor"))]


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
    assert set(tags["scalars"]) == {*EPOCH_TAGS, "scores/rank_agreement"} | STEP_TAGS | TEST_TAGS
    assert set(tags["histograms"]) == set(HISTOGRAMS)
    by_token = {"views/attention by token"} if which == "element" else set()
    assert set(tags["images"]) == {"views/mean attention"} | by_token
    hparams = {"_hparams_/session_start_info", "_hparams_/session_end_info"}
    assert set(tags["tensors"]) == {"config/text_summary", "custom_scalars__config__"} | hparams


def test_numbers_by_length_stand_beside_those_of_the_test_samples(tmp_path: Path, no_pictures: None) -> None:
    lengths = {"dataset.length": 5, "dataset.test_lengths": [4, 9]}
    result = run(Job(tiny_config("add_two_numbers", "lstm_hidden", **lengths), tmp_path / "run"))
    events = read(tmp_path / "run")
    finals = list(product(("loss", "mae", "r2"), ("", "@4", "@9")))
    assert {f"test/{name}{where}" for name, where in finals} <= set(events.Tags()["scalars"])
    for name, where in finals:
        first, last = events.Scalars(f"test/{name}{where}")
        value = pytest.approx(result[f"{name}/test{where}"], rel=1e-6)
        assert [(each.step, each.value) for each in (first, last)] == [(1, value), (2, value)]


def test_scalars_are_those_of_the_history(finished: Path) -> None:
    events, rows = read(finished), history.read(finished / "history.csv")
    for tag, name in EPOCH_TAGS.items():
        scalars = events.Scalars(tag)
        assert [scalar.step for scalar in scalars] == [1, 2]
        assert [scalar.value for scalar in scalars] == pytest.approx([row[name] for row in rows], rel=1e-6)
    for tag in TEST_TAGS:
        first, last = events.Scalars(tag)
        assert (first.step, last.step, first.value) == (1, 2, last.value)
    losses = events.Scalars("steps/loss")
    assert [scalar.step for scalar in losses] == [16, 32]
    assert [scalar.value for scalar in losses] == pytest.approx([row["loss/train"] for row in rows], rel=1e-6)


def test_histograms_count_the_probe_set_and_have_its_mean(finished: Path) -> None:
    events, rows = read(finished), history.read(finished / "history.csv")
    for position, tag in enumerate(HISTOGRAMS):
        found = events.Histograms(tag)
        assert [histogram.step for histogram in found] == [1, 2]
        for histogram, row in zip(found, rows, strict=True):
            value = histogram.histogram_value
            assert (value.num, sum(value.bucket)) == (64, 64)
            assert 0 <= value.min <= value.max <= 1
            assert value.sum / value.num == pytest.approx(row[f"attention/position_{position}"], rel=1e-5)


def test_images_of_the_last_epoch(element: Path) -> None:
    events = read(element)
    for tag in ("views/mean attention", "views/attention by token"):
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
    assert values["dataset.train_size"] == "500"
    assert values["trainer.learning_rate"] == pytest.approx(1e-3)
    assert values["seed"] == "1337"
    assert not {"trainer.compile", "device", "name"} & values.keys()  # they decide no result


def test_runs_of_one_variant_share_the_pictures_of_the_first(tiny: Callable[..., RunConfig], tmp_path: Path) -> None:
    rates = {0: 0.001, 1: 0.001, 2: 0.01}
    jobs = [Job(tiny(f"seed={n}", f"trainer.learning_rate={rate}"), tmp_path / str(n)) for n, rate in rates.items()]
    with ExitStack() as stack:
        for job in jobs:
            stack.enter_context(job.hold())
        train_jobs(jobs, torch.device("cpu"), stack.enter_context(StopSignals()))
    assert [read(job.path).Tags()["images"] for job in jobs] == [["views/mean attention"], [], ["views/mean attention"]]


def test_a_model_without_attention_shows_none(
    tiny: Callable[..., RunConfig], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = Job(tiny("model=mlp_plain"), tmp_path / "run")
    result = run(job)
    assert [name for name in result if name.startswith("attention")] == ["attention/attends"]
    tags = read(job.path).Tags()
    assert (tags["histograms"], tags["images"]) == ([], [])
    assert not [tag for tag in tags["scalars"] if tag.startswith("scores")]
    assert not (job.path / "attention.png").exists()
    run(job)  # shown again
    out = capsys.readouterr().out
    assert "already finished" in out
    assert not any(word in out for word in ("attention.png", "attends to", "position "))


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
