"""A sweep on a cluster that only notes what it is given: who gets what, lost workers, errors, signals."""

import math
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from attnseq.core.keys import ConfigError
from attnseq.runs.config import RunConfig
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.run import run
from attnseq.sweep.claim import Outcome, WorkerLostError
from attnseq.sweep.outcome import failure, objective
from attnseq.sweep.remote import Assignment, Place, run_remotely
from attnseq.sweep.worker import Failed, Finished, Lost, Report, Share
from attnseq.training.stopping import FailedFast, Interrupted

Tiny = Callable[..., RunConfig]
Jobs = Callable[..., list[Job]]


def trained(assignment: Assignment) -> Report:
    """What a worker reports that had no trouble."""
    return Finished([{"status": "finished", "seed": job.config.seed} for job in assignment.jobs])


class FakeCluster:
    """Workers that report at once what `answer` says, first in first out."""

    def __init__(self, slots: int = 3, answer: Callable[[Assignment], Report] = trained) -> None:
        self.slots, self.answer = slots, answer
        self.submitted: list[Assignment] = []
        self.cancelled: list[Any] = []
        self._handles = count()
        self._waiting: dict[Any, Assignment] = {}

    @contextmanager
    def connect(self) -> Iterator["FakeCluster"]:
        yield self

    def place(self, device: str) -> Place:
        return Place(0.0, self.slots, Share(device, 1, 1))

    def submit(self, assignment: Assignment) -> Any:
        handle = next(self._handles)
        self.submitted.append(assignment)
        self._waiting[handle] = assignment
        return handle

    def wait(self, handles: Sequence[Any], seconds: float) -> list[tuple[Any, Report]]:
        assert set(handles) == set(self._waiting)
        handle = min(self._waiting)
        assignment = self._waiting.pop(handle)
        return [(handle, Lost("cancelled") if handle in self.cancelled else self.answer(assignment))]

    def cancel(self, handle: Any) -> None:
        self.cancelled.append(handle)

    @property
    def sizes(self) -> list[int]:
        return [len(assignment.jobs) for assignment in self.submitted]


@pytest.fixture
def seven(tiny: Tiny, jobs: Jobs, tmp_path: Path) -> list[Job]:
    return jobs(tiny(), tmp_path, [{"seed": seed} for seed in range(7)])


def seeds(outcomes: Sequence[Outcome]) -> list[int]:
    return [outcome["seed"] for outcome in outcomes if not isinstance(outcome, Exception)]


class TestDealing:
    @pytest.mark.parametrize(
        ("slots", "largest", "sizes"),
        [(3, None, [2, 2, 3]), (1, None, [7]), (100, None, [1] * 7), (3, 2, [1, 2, 2, 2]), (3, 100, [2, 2, 3])],
    )
    def test_every_slot_has_work(self, seven: list[Job], slots: int, largest: int | None, sizes: list[int]) -> None:
        cluster = FakeCluster(slots)
        assert seeds(run_remotely(seven, cluster.connect, largest)) == list(range(7))
        assert cluster.sizes == sizes

    def test_no_program_is_cut_without_need(self, tiny: Tiny, jobs: Jobs, tmp_path: Path) -> None:
        values = [{"seed": seed, "trainer__epochs": epochs} for seed in range(3) for epochs in (1, 2, 3)]
        cluster = FakeCluster(slots=3)
        assert seeds(run_remotely(jobs(tiny(), tmp_path, values), cluster.connect)) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
        assert cluster.sizes == [3, 3, 3]

    def test_programs_that_cost_nothing_are_dealt_whole(self, seven: list[Job]) -> None:
        cluster = FakeCluster()
        assert seeds(run_remotely(seven, cluster.connect, cost=lambda _: 0.0)) == list(range(7))
        assert cluster.sizes == [7]

    def test_jobs_travel_light(self, tiny: Tiny, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (job,) = jobs(tiny("overwrite=true"), Path("relative"), [{}])
        job.path.mkdir(parents=True)
        job.folder.result_path.write_text("of an earlier run")
        cluster = FakeCluster()
        run_remotely([job], cluster.connect)
        (sent,) = cluster.submitted[0].jobs
        assert sent.path == tmp_path / "relative" / "0"
        assert (sent.config, sent.cleared, sent.resumed) == (job.config, True, None)
        assert not job.folder.result_path.exists()

    def test_finished_runs_need_no_cluster(self, tiny: Tiny, finished: Path) -> None:
        job = Job(tiny(), finished)
        (outcome,) = run_remotely([job], lambda: pytest.fail("connected"))
        assert outcome == run(job)

    def test_a_folder_in_use_is_an_outcome(self, seven: list[Job], capsys: pytest.CaptureFixture[str]) -> None:
        cluster = FakeCluster()
        with Job(seven[2].config, seven[2].path).folder.lock():
            outcomes = run_remotely(seven, cluster.connect)
        assert isinstance(outcomes[2], RunFolderError)
        assert seeds(outcomes) == [0, 1, 3, 4, 5, 6]
        assert "another process is training this run" in capsys.readouterr().out


class TestFailFast:
    @pytest.mark.parametrize("fail_fast", [False, True])
    def test_a_diverged_run_stops_the_others_if_asked(self, seven: list[Job], fail_fast: bool) -> None:
        def answer(assignment: Assignment) -> Report:
            assert assignment.fail_fast is fail_fast
            return Finished([{"status": "diverged", "seed": job.config.seed} for job in assignment.jobs])

        cluster = FakeCluster(answer=answer)
        if not fail_fast:
            assert seeds(run_remotely(seven, cluster.connect)) == list(range(7))
            return
        with pytest.raises(FailedFast, match="seed=0 diverged"):
            run_remotely(seven, cluster.connect, fail_fast=True)
        assert cluster.cancelled == [1, 2]

    def test_so_does_one_of_which_a_worker_says_so(self, seven: list[Job]) -> None:
        cluster = FakeCluster(answer=lambda assignment: Failed(FailedFast("mlp_attention seed=0 diverged")))
        with pytest.raises(FailedFast):
            run_remotely(seven, cluster.connect, fail_fast=True)
        assert cluster.cancelled == [1, 2]


class TestLostWorkers:
    def test_another_worker_goes_on(self, seven: list[Job], capsys: pytest.CaptureFixture[str]) -> None:
        def answer(assignment: Assignment) -> Report:
            first = assignment.jobs[0].config.seed
            return Lost("its node died") if first == 2 and assignment.lost == 0 else trained(assignment)

        cluster = FakeCluster(answer=answer)
        assert seeds(run_remotely(seven, cluster.connect)) == list(range(7))
        again = cluster.submitted[3:]
        assert [[job.config.seed for job in each.jobs] for each in again] == [[2, 3]]
        assert [each.lost for each in again] == [1]
        out = capsys.readouterr().out
        assert "a worker was lost (its node died): its 2 runs go on from their checkpoints" in out
        assert out.endswith("7 of 7 runs\n")

    def test_too_often(self, seven: list[Job], capsys: pytest.CaptureFixture[str]) -> None:
        def answer(assignment: Assignment) -> Report:
            return Lost("its process died") if assignment.jobs[0].config.seed == 0 else trained(assignment)

        cluster = FakeCluster(answer=answer)
        outcomes = run_remotely(seven, cluster.connect, max_retries=2)
        assert seeds(outcomes) == [2, 3, 4, 5, 6]
        assert len(cluster.submitted) == 3 + 2
        for job, outcome in zip(seven[:2], outcomes, strict=False):
            assert isinstance(outcome, WorkerLostError)
            assert "\n" not in str(outcome)
            assert failure(job, outcome) == f"{job.name} (its workers were lost)"
            assert objective(outcome) == math.inf
        assert capsys.readouterr().out.count("3 workers were lost with the same 2 runs (its process died)") == 1


class TestTheEnd:
    def test_an_error_stops_the_others(self, seven: list[Job]) -> None:
        error = OSError(28, "No space left on device", "checkpoint.pt")
        cluster = FakeCluster(answer=lambda assignment: Failed(error))
        with pytest.raises(OSError, match="No space left") as raised:
            run_remotely(seven, cluster.connect)
        assert raised.value is error
        assert cluster.cancelled == [1, 2]

    @pytest.mark.skipif(os.name == "nt", reason="Windows cannot send itself SIGINT")
    def test_a_signal_stops_all(self, seven: list[Job]) -> None:
        def answer(assignment: Assignment) -> Report:
            os.kill(os.getpid(), signal.SIGINT)
            return trained(assignment)

        cluster = FakeCluster(answer=answer)
        with pytest.raises(Interrupted) as raised:
            run_remotely(seven, cluster.connect)
        assert raised.value.status == 130
        assert cluster.cancelled == [1, 2]

    def test_no_room_is_refused(self, seven: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
        def none(self: FakeCluster, device: str) -> Place:
            raise ConfigError("no room")

        monkeypatch.setattr(FakeCluster, "place", none)
        cluster = FakeCluster()
        with pytest.raises(ConfigError, match="no room"):
            run_remotely(seven, cluster.connect)
        assert not cluster.submitted
