"""Real processes, killed and stopped at random moments, started twice at once: nothing is lost, nothing is damaged."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from same_runs import assert_same_up_to_rounding

from attnseq.config import RunConfig
from attnseq.job import Job
from attnseq.run import run
from attnseq.sweep.sweep import run_sweep

ROOT = Path(__file__).resolve().parent.parent
OVERRIDES = (
    "device=cpu",
    "dataset.train_size=12800",
    "dataset.validation_size=64",
    "dataset.test_size=64",
    "trainer.epochs=2",
    "trainer.compile=false",
    "trainer.checkpoint_minutes=0.001",
)
RUN_FILES = {".hydra", ".lock", "attention.png", "checkpoint.pt", "history.csv", "loss.png", "result.json"}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has neither SIGKILL nor SIGTERM")

Start = Callable[..., subprocess.Popen[str]]

SEEDS = (1, 2, 3)
SWEEP = (
    *("-m", *OVERRIDES, "dataset.train_size=8000", "seed=1,2,3"),
    *("hydra.sweep.dir=sweep", "hydra.sweep.subdir='seed=${seed}'"),
)


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """`start(*arguments)`: the command in a process of its own, in the test's folder; at the end it is killed."""
    processes: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "attnseq.train", *(arguments or (*OVERRIDES, "hydra.run.dir=run"))],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def wait_for_a_checkpoint(process: subprocess.Popen[str], path: Path, seconds: float = 60) -> None:
    """Until the process has written a checkpoint of its own."""
    file = path / "checkpoint.pt"
    before = file.stat().st_mtime_ns if file.exists() else 0
    deadline = time.monotonic() + seconds
    while not file.exists() or file.stat().st_mtime_ns == before:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def position(path: Path) -> tuple[int, int]:
    checkpoint = torch.load(path / "checkpoint.pt", weights_only=True)
    return checkpoint["epoch"], checkpoint["step"]


@pytest.fixture(scope="module")
def uninterrupted(compose: Callable[..., RunConfig], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("uninterrupted") / "run"
    run(Job(compose(*OVERRIDES, "trainer.checkpoint_minutes=5"), path))
    return path


def test_killed_stopped_and_disturbed_it_ends_as_if_nothing_had_been(
    folder: Path, start: Start, uninterrupted: Path, same_run: Callable[[Path, Path], None]
) -> None:
    path, rng = folder / "run", random.Random(20)
    reached = [(0, 0)]

    # kill -9, twice in training and once wherever the process is 1 to 3 s after its start
    for moment in ("training", "training", "anywhere"):
        process = start()
        if moment == "training":
            wait_for_a_checkpoint(process, path)
            time.sleep(rng.uniform(0, 0.15))
        else:
            time.sleep(rng.uniform(1, 3))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not (path / "result.json").exists()
        assert position(path) >= reached[-1]
        reached.append(position(path))
    assert reached[2] > reached[1] > (0, 0)

    # a second process on the same folder, and then SIGTERM and Ctrl-C
    first = start()
    wait_for_a_checkpoint(first, path)
    first.send_signal(signal.SIGSTOP)  # so that it is still there when the second one comes
    second = start()
    out, err = second.communicate(timeout=60)
    assert second.returncode == 1
    assert err == f"{path}: another process is training this run; nothing was changed\n"
    assert err.count("\n") == 1
    assert out == ""
    assert first.poll() is None
    first.send_signal(signal.SIGCONT)
    first.send_signal(signal.SIGTERM)
    check_stopped(first, "SIGTERM", 143)
    reached.append(position(path))
    process = start()
    wait_for_a_checkpoint(process, path)
    process.send_signal(signal.SIGINT)
    check_stopped(process, "SIGINT", 130)
    reached.append(position(path))
    assert reached[3] < reached[4] < reached[5] < (2, 0)

    last = start()
    out, err = last.communicate(timeout=120)
    assert (last.returncode, err) == (0, "")
    assert f"going on from its checkpoint: epoch {reached[-1][0]}, step {reached[-1][1]}" in out
    assert "\nloss/validation" in out
    same_run(path, uninterrupted)
    results = [json.loads((folder / "result.json").read_text()) for folder in (path, uninterrupted)]
    for result in results:
        del result["seconds"], result["microseconds_per_sample"]
    assert results[0] == results[1]
    # no temporary file of a killed process is left
    assert {file.name for file in path.iterdir() if "tfevents" not in file.name} == RUN_FILES
    assert sorted(file.name for file in (path / ".hydra").iterdir()) == ["config.yaml", "hydra.yaml", "overrides.yaml"]


def test_a_sweep_that_is_killed_and_stopped_ends_as_if_nothing_had_been(
    folder: Path, start: Start, compose: Callable[..., RunConfig], tmp_path: Path
) -> None:
    paths = [folder / "sweep" / f"seed={seed}" for seed in SEEDS]

    killed = start(*SWEEP)
    wait_for_a_checkpoint(killed, paths[-1])
    killed.kill()
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    reached = [position(path) for path in paths]
    assert all((0, 0) < where < (2, 0) for where in reached)

    stopped = start(*SWEEP)
    for path in paths:
        wait_for_a_checkpoint(stopped, path)
    # a second one finds every folder in use, and changes nothing
    stopped.send_signal(signal.SIGSTOP)
    second = start(*SWEEP)
    out, err = second.communicate(timeout=60)
    assert second.returncode == 1
    assert err.startswith("3 not finished: ")
    assert err.count("\n") == 1
    assert out.count("another process is training this run") == len(SEEDS)
    stopped.send_signal(signal.SIGCONT)
    stopped.send_signal(signal.SIGINT)
    check_stopped(stopped, "SIGINT", 130)
    assert all(position(path) > before for path, before in zip(paths, reached, strict=True))
    assert not list((folder / "sweep").rglob("result.json"))

    last = start(*SWEEP)
    out, err = last.communicate(timeout=120)
    assert (last.returncode, err) == (0, "")
    assert "going on from epoch" in out
    config = compose(*OVERRIDES, "dataset.train_size=8000")
    jobs = [Job(replace(config, seed=seed), tmp_path / str(seed)) for seed in SEEDS]
    run_sweep(jobs)
    # not bit for bit: killed while it wrote checkpoints, it may have gone on as two populations
    for path, job in zip(paths, jobs, strict=True):
        assert_same_up_to_rounding(path, job.path)
        assert {file.name for file in path.iterdir() if "tfevents" not in file.name} == RUN_FILES

    before = {path: path.stat().st_mtime_ns for path in (folder / "sweep").rglob("*.*")}
    again = start(*SWEEP)
    out, err = again.communicate(timeout=60)
    assert (again.returncode, err) == (0, "")
    assert "3 of 3 runs are finished" in out
    after = {path: path.stat().st_mtime_ns for path in (folder / "sweep").rglob("*.*")}
    assert {path.name for path in after if after[path] != before.get(path)} <= {"multirun.yaml", ".lock"}


def check_stopped(process: subprocess.Popen[str], name: str, status: int) -> None:
    out, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert err.startswith(f"stopped by {name}; ")
    assert "checkpoint" in err
    assert err.count("\n") == 1
    assert "Traceback" not in out
