"""Folders of links: each run by its name, up to date with the runs, and nothing of anybody else's is touched."""

from collections.abc import Callable
from pathlib import Path

import pytest
from run_folders import run_config, write_run
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata

from attnseq.comparison.own_folders import NotOwnError
from attnseq.comparison.run_links import COLUMNS, RunLinks, metric_columns
from attnseq.report.event_file import EventFile
from attnseq.report.summaries import scalar


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "outputs"


@pytest.fixture
def add(runs: Path) -> Callable[..., Path]:
    """`add(seed, model="mlp_attention")`: a finished run with an event file."""

    def make(seed: int, model: str = "mlp_attention") -> Path:
        path = write_run(runs / model / f"seed={seed}", run_config(model, seed))
        EventFile(path).add(1, scalar("loss/train", seed))
        return path

    return make


@pytest.fixture
def links(tmp_path: Path, runs: Path) -> RunLinks:
    return RunLinks(tmp_path / "links", [runs])


def shown(links: RunLinks) -> dict[str, list[str]]:
    """Folders of links, and the files in each."""
    return {path.name: sorted(file.name for file in path.iterdir()) for path in sorted(links.folder.iterdir())}


def test_a_link_to_each_event_file_under_the_name_of_the_run(links: RunLinks, add: Callable[..., Path]) -> None:
    add(1), add(2)
    assert links.refresh() == 2
    assert list(shown(links)) == ["seed=1", "seed=2"]
    loss = EventAccumulator(str(links.folder / "seed=2")).Reload().Scalars("loss/train")
    assert [point.value for point in loss] == [2.0]


def test_new_runs_appear_and_change_the_names_of_others(links: RunLinks, add: Callable[..., Path]) -> None:
    add(1), add(2)
    links.refresh()
    add(1, "lstm_attention")
    assert links.refresh() == 3
    assert list(shown(links)) == ["lstm_attention seed=1", "mlp_attention seed=1", "mlp_attention seed=2"]


def test_files_come_and_go_with_those_of_the_run(links: RunLinks, add: Callable[..., Path]) -> None:
    path = add(1)
    add(2)
    links.refresh()
    (first,) = path.glob("events*")
    EventFile(path)
    links.refresh()
    assert len(shown(links)["seed=1"]) == 3  # with the columns
    first.unlink()
    links.refresh()
    assert first.name not in shown(links)["seed=1"]


def test_a_run_without_events_is_left_out(links: RunLinks, add: Callable[..., Path], runs: Path) -> None:
    write_run(runs / "mlp_attention" / "seed=9", run_config(seed=9))
    assert links.refresh() == 0
    assert not links.folder.exists()
    add(1)
    assert links.refresh() == 1


def test_what_differs_is_the_columns_of_the_first_run(links: RunLinks, add: Callable[..., Path]) -> None:
    add(1), add(2), add(1, "lstm_attention")
    links.refresh()
    content = shown(links)
    assert [name for name, files in content.items() if COLUMNS in files] == ["lstm_attention seed=1"]
    found = EventAccumulator(str(links.folder / "lstm_attention seed=1")).Reload().PluginTagToContent("hparams")
    experiment = metadata.parse_experiment_plugin_data(found[metadata.EXPERIMENT_TAG])
    assert [info.name for info in experiment.hparam_infos] == ["model.name", "seed"]
    assert [info.name.tag for info in experiment.metric_infos] == ["loss/validation", "test/loss", "loss/train"]


def test_metrics_of_test_samples_stand_beside_those_of_validation_samples() -> None:
    columns = ("epoch", "loss/train", "loss/validation", "mae/validation", "attention/entropy", "attention/position_0")
    assert metric_columns((*columns, "seconds")) == {
        "loss/validation": "loss/validation",
        "test/loss": "loss/test",
        "loss/train": "loss/train",
        "metrics/mae/validation": "mae/validation",
        "test/mae": "mae/test",
        "scores/entropy": "attention/entropy",
    }


def test_a_folder_of_other_things_is_refused_and_left_as_it_is(
    links: RunLinks, add: Callable[..., Path], runs: Path
) -> None:
    add(1)
    before = sorted(runs.rglob("*"))
    with pytest.raises(NotOwnError, match=r"written by this command; mlp_attention is something else"):
        RunLinks(runs, [runs]).refresh()
    assert sorted(runs.rglob("*")) == before
    links.folder.mkdir()
    (links.folder / "mine.txt").write_text("mine")
    with pytest.raises(NotOwnError, match=r"mine\.txt"):
        links.refresh()
    assert [path.name for path in links.folder.iterdir()] == ["mine.txt"]
