"""What a population's training leaves in its runs' folders and on the terminal."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import torch

from attnseq.report import history
from attnseq.report.terminal import Progress
from attnseq.runs import build, observer
from attnseq.runs.config import RunConfig
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.observer import RunObserver
from attnseq.runs.step_watch import StepWatch
from attnseq.training.evaluation import Meter
from attnseq.training.pool import DataPool
from attnseq.training.replicas import Population


class Watched(NamedTuple):
    """Runs, and what trains and watches them."""

    jobs: list[Job]
    data: DataPool
    population: Population
    meter: Meter

    def observer(self, progress: Progress) -> RunObserver:
        size = self.jobs[0].config.trainer.batch_size
        steps = StepWatch(self.population, self.data.train_size, size)
        return RunObserver(self.jobs, self.data, progress, self.meter, steps)


@pytest.fixture
def watched(tiny: Callable[..., RunConfig], tmp_path: Path) -> Watched:
    """Three runs at their start, in folders of their own."""
    jobs = [Job(replace(tiny(), seed=seed), tmp_path / str(seed)) for seed in range(3)]
    for job in jobs:
        job.path.mkdir()
    configs = [job.config for job in jobs]
    cpu = torch.device("cpu")
    population = build.build_population(configs, cpu)
    meter = build.build_meter(configs[0], population.recipe)
    return Watched(jobs, build.build_data(configs, cpu), population, meter)


def test_every_run_gets_its_own_row_and_a_diverged_one_none(watched: Watched) -> None:
    jobs, population = watched.jobs, watched.population
    population.state.diverged[1] = 5
    with Progress(32, replicas=3) as progress:
        watched.observer(progress).epoch(1, population, [0.5, math.nan, 0.25])
    rows = [history.read(job.folder.history_path) if job.folder.history_path.exists() else [] for job in jobs]
    assert [[row["loss/train"] for row in its] for its in rows] == [[0.5], [], [0.25]]
    assert rows[0][0]["loss/validation"] != rows[2][0]["loss/validation"]  # of weights of their own


def test_an_epochs_time_is_shared_among_the_runs(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, population = watched.jobs, watched.population
    now = [100.0]
    monkeypatch.setattr(observer, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with Progress(32, replicas=3) as progress:
        told = watched.observer(progress)
        now[0] += 7  # building and compiling the program
        told.start()
        now[0] += 30
        told.epoch(1, population, [0.5] * 3)
        assert told.seconds(jobs[0]) == pytest.approx(37 / 3)
    assert [history.read(job.folder.history_path)[0]["seconds"] for job in jobs] == pytest.approx([10.0] * 3)


def test_a_history_of_other_numbers_is_not_gone_on_with(watched: Watched) -> None:
    watched.jobs[1].folder.history_path.write_text("epoch,loss/train,seconds\n1,0.5,1.0\n")
    watched.jobs[1].resumed = SimpleNamespace(epoch=1, step=0, seconds=0.0, epoch_seconds=0.0)  # type: ignore[assignment]
    with Progress(32, replicas=3) as progress, pytest.raises(RunFolderError, match=r"other columns.*overwrite=true"):
        watched.observer(progress).epoch(2, watched.population, [0.5] * 3)


def test_every_checkpoint_holds_its_own_row(watched: Watched) -> None:
    jobs, population = watched.jobs, watched.population
    population.epoch, population.step = 1, 0
    with Progress(32, replicas=3) as progress:
        watched.observer(progress).checkpoint(population)
    for replica, job in enumerate(jobs):
        checkpoint = job.folder.load_checkpoint()
        assert checkpoint is not None
        assert (checkpoint.epoch, checkpoint.step) == (1, 0)
        assert torch.equal(checkpoint.state["parameters"], population.state.parameters[replica])


def test_the_config_is_in_the_events_once_though_a_run_goes_on(watched: Watched) -> None:
    jobs, population = watched.jobs, watched.population
    population.epoch = 1
    with Progress(32, replicas=3) as progress:
        watched.observer(progress).checkpoint(population)
        for job in jobs:
            job.resumed = job.folder.load_checkpoint()
        watched.observer(progress)
    for job in jobs:
        events = b"".join(path.read_bytes() for path in job.path.glob("events.out.tfevents.*"))
        assert events.count(b"learning_rate:") == 1


def test_nothing_reads_the_test_samples_before_the_end(watched: Watched) -> None:
    """An epoch is watched, with its scores, where looking at a test sample fails."""

    class Untouched:
        def __getattr__(self, name: str) -> None:
            raise AssertionError(f"the test samples were asked for their {name}")

    each = [data._replace(splits=data.splits._replace(test=Untouched())) for data in watched.data.each]
    pool = DataPool([each[index] for index in watched.data.index_P])
    with Progress(32, replicas=3) as progress:
        watched._replace(data=pool).observer(progress).epoch(1, watched.population, [0.5, 0.5, 0.25])
    (row,) = history.read(watched.jobs[0].folder.history_path)
    assert {"relevance/mass_accuracy", "relevance/kendall"} <= row.keys()
