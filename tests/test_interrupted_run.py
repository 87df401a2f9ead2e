"""A run that is stopped or killed, and started again, ends as if it had never stopped."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attnseq.contracts.batch import Batch, Output
from attnseq.models.mlp_attention import MLPAttention
from attnseq.report import history
from attnseq.report.tensorboard import TensorBoardLog
from attnseq.report.terminal import Progress
from attnseq.runs import observer, population_run
from attnseq.runs.config import RunConfig
from attnseq.runs.folder import RunFolder
from attnseq.runs.job import Job
from attnseq.runs.observer import RunObserver
from attnseq.runs.run import run
from attnseq.training import pace
from attnseq.training.stopping import Interrupted

Compose = Callable[..., RunConfig]
SameRun = Callable[[Path, Path], None]

# 2000 samples in batches of 10: 200 steps an epoch, 3 blocks of 64 and a short one
LONGER = ("dataset.train_size=2000", "trainer.batch_size=10")


@pytest.fixture(scope="module", autouse=True)
def _a_look_after_each_block() -> Iterator[None]:
    """Points within an epoch are made where Python looks, which on a fast machine is less often."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "SECONDS", 0.0)
        yield


class Killed(BaseException):
    """Stands for kill -9 at a chosen place."""


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "outputs" / "variant" / "seed=1"


def scalar_steps(folder: Path) -> dict[str, list[int]]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return {tag: [event.step for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


@pytest.fixture(scope="module")
def longer(tiny: Compose, tmp_path_factory: pytest.TempPathFactory, _a_look_after_each_block: None) -> Path:
    """A run of two epochs of 200 steps that nothing stopped."""
    path = tmp_path_factory.mktemp("longer") / "run"
    run(Job(tiny(*LONGER), path))
    return path


@pytest.mark.parametrize(
    ("steps", "number", "status", "where"),
    [
        ((64,), signal.SIGINT, 130, (0, 64)),
        ((200,), signal.SIGTERM, 143, (1, 0)),
        ((128, 328), signal.SIGTERM, 143, (1, 128)),
        ((400,), signal.SIGINT, 130, (2, 0)),
    ],
    ids=["first epoch", "end of an epoch", "twice", "end of the run"],
)
def test_interrupted_and_resumed_is_uninterrupted(
    steps: tuple[int, ...],
    number: signal.Signals,
    status: int,
    where: tuple[int, int],
    path: Path,
    tiny: Compose,
    longer: Path,
    same_run: SameRun,
    stop_at: Callable[[int, signal.Signals], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    for at in steps:
        stop_at(at, number)
        with pytest.raises(Interrupted) as interrupted:
            run(Job(tiny(*LONGER), path))
        assert interrupted.value.status == status
        assert str(interrupted.value) == number.name
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    checkpoint = torch.load(path / "checkpoint.pt", weights_only=True)
    assert (checkpoint["epoch"], checkpoint["step"]) == where
    assert (checkpoint["epoch_seconds"] > 0) == (where[1] > 0)
    assert not (path / "result.json").exists()
    capsys.readouterr()
    result = run(Job(tiny(*LONGER), path))
    assert f"epoch {where[0]}, step {where[1]}" in capsys.readouterr().out
    same_run(path, longer)
    uninterrupted = json.loads((longer / "result.json").read_text())
    assert result.keys() == uninterrupted.keys()
    for key in result.keys() - {"seconds", "microseconds_per_sample"}:
        assert result[key] == uninterrupted[key], key
    assert result["seconds"] > checkpoint["seconds"]
    if where[0] < 2:
        assert history.read(path / "history.csv")[where[0]]["seconds"] > checkpoint["epoch_seconds"]
    assert scalar_steps(path) == scalar_steps(longer)


def test_an_epoch_s_seconds_count_every_attempt(
    path: Path, tiny: Compose, stop_at: Callable[[int, signal.Signals], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock on which each of an epoch's four blocks takes a hundred seconds, and nothing else any."""
    now = [0.0]

    def after_a_block(self: Progress, *_: Any) -> None:
        now[0] += 100

    monkeypatch.setattr(observer, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(Progress, "update", after_a_block)
    for attempt, at in enumerate((64, 128), start=1):
        stop_at(at, signal.SIGTERM)
        with pytest.raises(Interrupted):
            run(Job(tiny(*LONGER), path))
        checkpoint = torch.load(path / "checkpoint.pt", weights_only=True)
        assert checkpoint["epoch_seconds"] == checkpoint["seconds"] == 100 * attempt
        now[0] += 1_000_000  # until somebody starts it again
    result = run(Job(tiny(*LONGER), path))
    assert [row["seconds"] for row in history.read(path / "history.csv")] == [400, 400]
    assert result["seconds"] == 800


# what is under way when the process dies, in the order in which it happens
PLACES = {
    "before the first step": (RunObserver, "start", 1),
    "before an epoch is logged": (TensorBoardLog, "epoch", 2),
    "after an epoch is logged": (history, "append", 2),
    "before a checkpoint": (RunObserver, "checkpoint", 2),
    "before the first checkpoint": (RunObserver, "checkpoint", 1),
    "before what was measured at the end": (TensorBoardLog, "finish", 1),
    "before a picture": (population_run, "write_atomically", 1),
    "before the second picture": (population_run, "write_atomically", 2),
    "before the result": (RunFolder, "write_result", 1),
}


@pytest.mark.parametrize("place", PLACES)
def test_killed_at_a_chosen_place_and_started_again(
    place: str, path: Path, tiny: Compose, same_run: SameRun, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, count = PLACES[place]
    original: Any = getattr(owner, name)
    calls = iter(range(1, 100))

    def killing(*arguments: Any, **keywords: Any) -> Any:
        if next(calls) == count:
            raise Killed
        return original(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killing)
        with pytest.raises(Killed):
            run(Job(tiny(), path))
    assert not (path / "result.json").exists()
    assert run(Job(tiny(), path))["status"] == "finished"
    same_run(path, finished)
    assert scalar_steps(path) == scalar_steps(finished)


def test_a_run_goes_on_with_other_code_and_says_so(
    path: Path,
    tiny: Compose,
    stop_at: Callable[[int, signal.Signals], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop_at(64, signal.SIGINT)
    with pytest.raises(Interrupted):
        run(Job(tiny(*LONGER), path))
    forward = MLPAttention.forward

    def other(self: MLPAttention, batch: Batch, training: bool = False) -> Output:
        output = forward(self, batch, training)
        return output._replace(prediction=output.prediction * 0.5)

    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(MLPAttention, "forward", other)
        assert run(Job(tiny(*LONGER), path))["status"] == "finished"
    assert capsys.readouterr().out.count("the run was trained so far by other code; ") == 1
    run(Job(tiny(*LONGER), path))  # what is finished is shown, whatever the code is by now
    assert "other code" not in capsys.readouterr().out
