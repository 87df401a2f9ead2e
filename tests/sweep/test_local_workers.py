"""Worker processes of this machine: the numbers of this process, and nothing lost where one of them is killed.

Each worker takes some seconds to start, so that each test does much.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from processes import LIMIT, wait_until

from attnseq.runs.config import RunConfig
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.sweep import local_workers as module
from attnseq.sweep.claim import claim
from attnseq.sweep.local_workers import LocalWorkers, local_workers
from attnseq.sweep.remote import run_remotely
from attnseq.sweep.sweep import run_sweep
from attnseq.training.stopping import Interrupted

Tiny = Callable[..., RunConfig]
Jobs = Callable[..., list[Job]]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows cannot send a process SIGINT")

LONG = "trainer.epochs=100000"


@pytest.fixture
def programs(tiny: Tiny, jobs: Jobs, tmp_path: Path) -> Callable[..., list[Job]]:
    """`programs("a", *overrides)`: four runs of two programs, in a folder of this name."""
    values = [{"trainer__batch_size": size, "seed": seed} for size in (25, 50) for seed in (1, 2)]
    return lambda name, *overrides: jobs(tiny(*overrides), tmp_path / name, values)


def in_use(job: Job) -> bool:
    try:
        with job.folder.lock():
            return False
    except RunFolderError:
        return True


def all_in_training(runs: list[Job]) -> bool:
    return all(job.folder.checkpoint_path.exists() for job in runs)


def test_workers_do_what_this_process_does(programs: Callable[..., list[Job]]) -> None:
    """With a model that draws at random, too."""
    by_workers, here = (programs(name, "model=hard_attention") for name in ("workers", "here"))
    outcomes = run_remotely(by_workers, partial(local_workers, 2, 1))
    assert [outcome["status"] for outcome in outcomes if isinstance(outcome, dict)] == ["finished"] * 4
    run_sweep(here, cores=1)
    for mine, theirs in zip(by_workers, here, strict=True):
        states = [torch.load(job.folder.checkpoint_path, weights_only=True)["state"] for job in (mine, theirs)]
        assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert run_remotely(by_workers, lambda: pytest.fail("connected")) == outcomes


def test_another_worker_goes_on_where_one_was_killed(
    programs: Callable[..., list[Job]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = programs("runs", "trainer.epochs=30")
    workers = LocalWorkers(2, 1)

    def kill_one() -> None:
        wait_until(lambda: all_in_training(runs))
        busy = [worker for worker in workers._started if worker not in workers._idle]
        if busy:
            os.kill(busy[0].number.result(), signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    monkeypatch.setattr(module, "LocalWorkers", lambda *_: workers)
    killer.start()
    outcomes = run_remotely(runs, partial(local_workers, 2, 1))
    killer.join()
    assert [outcome["epochs"] for outcome in outcomes if isinstance(outcome, dict)] == [30] * 4
    assert "a worker was lost (its process died): its 2 runs go on from their checkpoints" in capsys.readouterr().out


def test_ctrl_c_leaves_checkpoints_and_no_worker(programs: Callable[..., list[Job]]) -> None:
    runs = programs("runs", LONG)

    def interrupt() -> None:
        try:
            wait_until(lambda: all_in_training(runs))
        finally:  # else the test would train for days
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(Interrupted):
        run_remotely(runs, partial(local_workers, 2, 1))
    assert not any(map(in_use, runs))
    stopped = [torch.load(job.folder.checkpoint_path, weights_only=True) for job in runs]
    assert all(each["epoch"] > 0 for each in stopped)


def test_workers_end_with_the_process_that_started_them(programs: Callable[..., list[Job]], tmp_path: Path) -> None:
    runs = programs("runs", LONG)
    script = tmp_path / "sweep.py"
    script.write_text(
        "import pickle, sys\n"
        "from functools import partial\n"
        "from attnseq.sweep.local_workers import local_workers\n"
        "from attnseq.sweep.remote import run_remotely\n"
        "if __name__ == '__main__':\n"
        "    run_remotely(pickle.load(open(sys.argv[1], 'rb')), partial(local_workers, 2, 1))\n"
    )
    (tmp_path / "jobs").write_bytes(pickle.dumps(runs))
    with subprocess.Popen([sys.executable, str(script), str(tmp_path / "jobs")], stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: all_in_training(runs) or process.poll() is not None)
            assert all(map(in_use, runs))
        finally:
            process.kill()
    with claim(runs, patience=LIMIT) as claimed:  # as the same command given again at once
        assert len(claimed.waiting) == 4
