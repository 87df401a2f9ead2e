"""Real processes, killed and stopped at chosen places, started twice at once: nothing is lost, nothing is damaged."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from processes import LIMIT, wait_until

from attnseq.report import history
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.run import run
from attnseq.sweep.sweep import run_sweep

# 2000 samples in batches of 10: 200 steps an epoch, 3 blocks of 64 and a short one
OVERRIDES = (
    "device=cpu",
    "dataset.train_size=2000",
    "dataset.validation_size=64",
    "dataset.test_size=64",
    "trainer.batch_size=10",
    "trainer.epochs=2",
    "trainer.compile=false",
)
RUN = (*OVERRIDES, "hydra.run.dir=run")
SEEDS = (1, 2, 3)
SWEEP = ("-m", *OVERRIDES, "seed=1,2,3", "hydra.sweep.dir=sweep", "hydra.sweep.subdir='seed=${seed}'")
RUN_FILES = {".hydra", ".lock", "attention.png", "checkpoint.pt", "history.csv", "loss.png", "plan.json", "result.json"}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has neither SIGKILL nor SIGTERM")

Start = Callable[..., subprocess.Popen[str]]
SameRun = Callable[[Path, Path], None]


@pytest.fixture
def start_held(start: Start, tmp_path: Path) -> Start:
    """`start_held(*arguments, held=place)`: the command, once it is at the place."""

    def begin(*arguments: str, held: str) -> subprocess.Popen[str]:
        process = start(*arguments, held=held)
        wait_until((tmp_path / f"held-{process.pid}").exists, process)
        return process

    return begin


def output_of(process: subprocess.Popen[str], status: int) -> tuple[str, str]:
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == status, err
    return out, err


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    assert output_of(process, -signal.SIGKILL)[1] == ""


def stop(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)
    _, err = output_of(process, 128 + number)
    assert err.startswith(f"stopped by {number.name}; ")
    assert "checkpoint" in err
    assert err.count("\n") == 1


def position(path: Path) -> tuple[int, int]:
    checkpoint = torch.load(path / "checkpoint.pt", weights_only=True)
    return checkpoint["epoch"], checkpoint["step"]


def epochs(path: Path) -> list[float]:
    return [row["epoch"] for row in history.read(path / "history.csv")]


def half_written(path: Path) -> list[str]:
    """The files whose temporary one is there."""
    return [name for name in RUN_FILES for _ in path.glob(f".{name}.*")]


def check_files(path: Path) -> None:
    """A finished run's are there, and no temporary one."""
    assert {file.name for file in path.iterdir() if "tfevents" not in file.name} == RUN_FILES
    assert sorted(file.name for file in (path / ".hydra").iterdir()) == ["config.yaml", "hydra.yaml", "overrides.yaml"]


def test_killed_stopped_and_disturbed_it_ends_as_if_nothing_had_been(
    folder: Path, start: Start, start_held: Start, compose: Callable[..., RunConfig], tmp_path: Path, same_run: SameRun
) -> None:
    path = folder / "run"

    # a second process on the same folder, and then SIGTERM
    first = start_held(*RUN, held="step=64")
    assert output_of(start(*RUN), 1) == (
        "", f"{path}: another process is training this run; nothing was changed\n",
    )  # fmt: skip
    stop(first, signal.SIGTERM)
    assert position(path) == (0, 64)

    # kill -9 after an epoch, whose checkpoint is not in its place yet
    kill(start_held(*RUN, held="write=checkpoint.pt"))
    assert (position(path), epochs(path), half_written(path)) == ((0, 64), [1], ["checkpoint.pt"])

    # Ctrl-C
    stop(start_held(*RUN, held="step=264"), signal.SIGINT)
    assert (position(path), epochs(path), half_written(path)) == ((1, 64), [1], [])

    # kill -9 when all is done but for the mark of a finished run
    kill(start_held(*RUN, held="write=result.json"))
    assert (position(path), epochs(path), half_written(path)) == ((2, 0), [1, 2], ["result.json"])
    assert not (path / "result.json").exists()

    out, err = output_of(start(*RUN), 0)
    assert err == ""
    assert "going on from its checkpoint: epoch 2, step 0" in out
    assert "\nloss/validation" in out
    check_files(path)
    uninterrupted = tmp_path / "uninterrupted"
    run(Job(compose(*OVERRIDES), uninterrupted))
    same_run(path, uninterrupted)
    results = [json.loads((folder / "result.json").read_text()) for folder in (path, uninterrupted)]
    for result in results:
        del result["seconds"], result["microseconds_per_sample"]
    assert results[0] == results[1]


def test_a_sweep_that_is_killed_and_stopped_ends_as_if_nothing_had_been(
    folder: Path, start: Start, start_held: Start, compose: Callable[..., RunConfig], tmp_path: Path, same_run: SameRun
) -> None:
    paths = [folder / "sweep" / f"seed={seed}" for seed in SEEDS]

    # a second one finds every folder in use, and changes nothing
    first = start_held(*SWEEP, held="step=64")
    out, err = output_of(start(*SWEEP), 1)
    assert err.startswith("3 not finished: ")
    assert err.count("\n") == 1
    assert out.count("another process is training this run") == len(SEEDS)
    stop(first, signal.SIGINT)
    assert [position(path) for path in paths] == [(0, 64)] * len(SEEDS)

    kill(start_held(*SWEEP, held="write=checkpoint.pt"))
    assert [position(path) for path in paths] == [(0, 64)] * len(SEEDS)
    assert any(half_written(path) for path in paths)
    assert not list((folder / "sweep").rglob("result.json"))

    out, err = output_of(start(*SWEEP), 0)
    assert err == ""
    assert "3 runs, one program, going on from epoch 0, step 64\n" in out
    config = compose(*OVERRIDES)
    jobs = [Job(replace(config, seed=seed), tmp_path / str(seed)) for seed in SEEDS]
    run_sweep(jobs)
    for path, job in zip(paths, jobs, strict=True):
        same_run(path, job.path)
        check_files(path)
