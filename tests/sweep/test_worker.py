"""What a worker does with a population: trains it or goes on with it, and reports what went wrong."""

import json
import pickle
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from attnseq.core.keys import ConfigError
from attnseq.runs.config import RunConfig
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.sweep import worker
from attnseq.sweep.claim import RunFailedError
from attnseq.sweep.worker import Failed, Finished, Lost, Share, train_population
from attnseq.training.stopping import FailedFast, Interrupted

Tiny = Callable[..., RunConfig]
Jobs = Callable[..., list[Job]]

SHARE = Share("cpu", threads=1, sharing=1)


@pytest.fixture
def three(tiny: Tiny, jobs: Jobs, tmp_path: Path) -> list[Job]:
    made = jobs(tiny("trainer.epochs=1"), tmp_path, [{"seed": 1}, {"seed": 2}, {"seed": 3}])
    for job in made:
        job.path.mkdir()
    return made


class Clock:
    """Stands for `time` where a worker waits; `sleeping` is called in each sleep."""

    def __init__(self, sleeping: Callable[[], None] = lambda: None) -> None:
        self.now, self._sleeping = 0.0, sleeping

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._sleeping()


@pytest.mark.usefixtures("no_pictures")
class TestTraining:
    def test_a_second_attempt_trains_nothing_twice(self, three: list[Job]) -> None:
        first = train_population(three, SHARE, None, again=False)
        assert isinstance(first, Finished)
        written = [job.folder.result_path.stat().st_mtime_ns for job in three]
        assert train_population(three, SHARE, None, again=True) == first
        assert written == [job.folder.result_path.stat().st_mtime_ns for job in three]
        assert torch.get_num_threads() == 1

    def test_the_device_is_the_worker_s_and_the_config_stays_as_it_was_given(
        self, three: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)  # a GPU that is not for this worker
        for job in three:
            job.config = replace(job.config, device="auto")
        report = train_population(three, SHARE, None, again=False)
        assert isinstance(report, Finished)
        for job in three:
            assert "device: auto" in (job.path / ".hydra" / "config.yaml").read_text()
            assert json.loads(job.folder.result_path.read_text())["device"] == "cpu"

    def test_memory_is_shared_with_other_populations(self, three: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
        sizes = []

        def note(jobs: list[Job], largest: int, device: str, **options: Any) -> list[Any]:
            assert device == "cpu"
            sizes.append(largest)
            return []

        monkeypatch.setattr(worker, "run_sweep", note)
        monkeypatch.setattr(worker, "largest_population", lambda config, device: 100)
        for sharing, largest in ((1, None), (4, None), (1000, None), (4, 10), (4, 50)):
            train_population(three, Share("cpu", 1, sharing), largest, again=False)
        assert sizes == [100, 25, 1, 10, 25]

    def test_a_second_attempt_waits_for_the_locks_of_the_first(
        self, three: list[Job], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with ExitStack() as first:
            first.enter_context(Job(three[1].config, three[1].path).folder.lock())
            monkeypatch.setattr(worker, "time", Clock(first.close))
            report = train_population(three, SHARE, None, again=True)
        assert isinstance(report, Finished)
        assert [outcome["seed"] for outcome in report.outcomes if isinstance(outcome, dict)] == [1, 2, 3]

    def test_but_not_for_ever(self, three: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock()
        monkeypatch.setattr(worker, "time", clock)
        monkeypatch.setattr(worker, "LOCK_PATIENCE", 1.0)
        with Job(three[1].config, three[1].path).folder.lock():
            report = train_population(three, SHARE, None, again=True)
        assert clock.now >= 1.0
        assert isinstance(report, Finished)
        assert [isinstance(outcome, RunFolderError) for outcome in report.outcomes] == [False, True, False]


class TestTroubles:
    def test_a_cluster_s_cancellation_is_heard_in_the_background(self, three: list[Job]) -> None:
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        three[2].path.rmdir()
        try:
            train_population(three, SHARE, None, again=False)
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        finally:
            signal.signal(signal.SIGINT, handler)

    def test_a_folder_that_is_not_shared(self, three: list[Job]) -> None:
        three[2].path.rmdir()
        report = train_population(three, SHARE, None, again=False)
        assert isinstance(report, Failed)
        assert isinstance(report.error, ConfigError)
        assert "all nodes must share" in str(report.error)
        assert not three[2].path.exists()

    @pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ConfigError("device=cuda: none")])
    def test_what_would_meet_all(self, three: list[Job], error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*arguments: Any, **options: Any) -> None:
            raise error

        monkeypatch.setattr(worker, "run_sweep", fails)
        assert train_population(three, SHARE, None, again=False) == Failed(error)

    def test_what_meets_these_runs_alone(self, three: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*arguments: Any) -> int:
            raise MemoryError

        monkeypatch.setattr(worker, "largest_population", fails)
        report = train_population(three, SHARE, None, again=False)
        assert isinstance(report, Finished)
        assert {outcome.cause for outcome in report.outcomes if isinstance(outcome, RunFailedError)} == {
            "out of memory"
        }
        assert all(job.folder.error_path.exists() for job in three)

    def test_a_worker_that_is_stopped_is_lost(self, three: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
        def stopped(*arguments: Any, **options: Any) -> None:
            raise Interrupted(15)

        monkeypatch.setattr(worker, "run_sweep", stopped)
        assert train_population(three, SHARE, None, again=False) == Lost("stopped by SIGTERM")

    def test_a_run_that_is_lost_stops_the_sweep_if_asked(self, three: list[Job], vary: Callable[..., Any]) -> None:
        three[1] = Job(vary(three[1].config, trainer__learning_rate=1e39), three[1].path)
        report = pickle.loads(pickle.dumps(train_population(three, SHARE, None, again=False, fail_fast=True)))
        assert isinstance(report, Failed)
        assert isinstance(report.error, FailedFast)
        assert str(report.error).startswith(f"{three[1].name} diverged")
