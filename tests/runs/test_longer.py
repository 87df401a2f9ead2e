"""A longer run that begins at a shorter one's end is, bit for bit, the run that trained from the start."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attnseq.report import history
from attnseq.runs import job as job_module
from attnseq.runs import longer as longer_module
from attnseq.runs import naming
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.run import run
from attnseq.training.stopping import Interrupted

Compose = Callable[..., RunConfig]


@pytest.fixture
def job(tiny: Compose, tmp_path: Path, no_pictures: None) -> Callable[..., Job]:
    """`job(*overrides, name="a")`: of a run in a folder as the command chooses it."""

    def make(*overrides: str, name: str = "a") -> Job:
        planned = Job(tiny(*overrides), tmp_path)
        return Job(planned.config, tmp_path / name / planned.variant / f"seed={planned.config.seed}")

    return make


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    tags = events.Tags()
    assert isinstance(tags["scalars"], list)
    found = {tag: [(each.step, each.value) for each in events.Scalars(tag)] for tag in tags["scalars"]}
    del found["steps/samples/s"]
    return found


@pytest.mark.parametrize("model", ["mlp_attention", "lstm_attention"])
def test_it_equals_the_run_from_the_start_and_leaves_the_shorter_as_it_is(
    job: Callable[..., Job], model: str, same_run: Callable[[Path, Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    small = (f"model={model}", "trainer.weight_noise=0.01", "dataset.train_size=200")
    shorter = job(*small, "trainer.epochs=1")
    run(shorter)
    before = {path: path.read_bytes() for path in shorter.path.rglob("*") if path.is_file()}
    capsys.readouterr()

    longer = job(*small, "trainer.epochs=3")
    run(longer)
    assert f"begins from {shorter.path}: the same run after 1 epochs" in capsys.readouterr().out
    whole = job(*small, "trainer.epochs=3", name="b")
    run(whole)

    same_run(longer.path, whole.path)
    assert {path: path.read_bytes() for path in before} == before
    assert scalars(longer.path) == scalars(whole.path)
    figures = [json.loads((each.path / "result.json").read_text()) for each in (longer, whole)]
    for figure in figures:
        del figure["seconds"], figure["microseconds_per_sample"]
    assert figures[0] == figures[1]


def test_the_longest_of_the_shorter_ones_is_taken(job: Callable[..., Job]) -> None:
    for epochs in (1, 2):
        run(job(f"trainer.epochs={epochs}"))
    longest = job("trainer.epochs=4")
    with longest.hold() as result:
        assert result is None
        assert longest.shorter == job("trainer.epochs=2").path
        assert longest.position == (2, 0)


@pytest.mark.parametrize(
    "long",
    [  # the epochs stand behind what is cut away, at the cut, and before it
        ("dataset.left=[0,1,2,3,4]", "dataset.right=[5,6,7,8,9]", "dataset.seed=123456"),
        ("dataset.left=[0,1,2,3,4]", "dataset.right=[5,6,7,8,9]", "trainer.learning_rate=0.00123456"),
        ("trainer.learning_rate=0.00123456", "trainer.beta1=0.912345", "trainer.beta2=0.9912345"),
    ],
)
@pytest.mark.parametrize("cut", [60, 90, 120])
def test_a_name_that_was_cut_is_recognised(
    job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, long: tuple[str, ...], cut: int
) -> None:
    for module in (naming, longer_module):
        monkeypatch.setattr(module, "LONGEST", cut)
    for epochs in (9, 10):
        name = job("dataset=abs_difference", *long, f"trainer.epochs={epochs}").path
        assert len(name.parent.name) <= cut
        name.mkdir(parents=True)
        (name / "checkpoint.pt").touch()
    ours = job("dataset=abs_difference", *long, "trainer.epochs=11").path
    assert len(list(longer_module._beside(ours))) == 2
    other = job("dataset=abs_difference", "model=lstm_attention", *long, "trainer.epochs=11").path
    assert list(longer_module._beside(other)) == []


def test_what_differs_in_more_is_no_beginning(job: Callable[..., Job]) -> None:
    run(job("trainer.epochs=1"))
    run(job("trainer.epochs=3"))
    others = [
        job("trainer.epochs=2", "trainer.batch_size=16"),
        job("trainer.epochs=2", "seed=7"),
        job("trainer.epochs=2", "metrics=[mae]"),
        job("trainer.epochs=2", "overwrite=true"),
    ]
    for other in others:
        with other.hold():
            assert other.shorter is None
            assert other.resumed is None
    begun = job("trainer.epochs=2")
    with begun.hold():  # where nothing else differs, it is one
        assert begun.position == (1, 0)


@pytest.mark.parametrize("name", ["checkpoint.pt", "result.json", "history.csv"])
def test_a_damaged_or_unfinished_one_is_no_beginning(job: Callable[..., Job], name: str) -> None:
    shorter = job("trainer.epochs=1")
    run(shorter)
    for text in ("x", "epoch,loss/train\n1,", "epoch,loss/train\n1\n", "epoch\n2\n", None):
        if text is None:
            (shorter.path / name).unlink()
        else:
            (shorter.path / name).write_text(text)
        longer = job("trainer.epochs=2")
        with longer.hold():
            assert longer.resumed is None
        shutil.rmtree(longer.path)


def test_a_kill_while_it_is_copied_is_made_good(job: Callable[..., Job]) -> None:
    run(job("trainer.epochs=1"))
    longer = job("trainer.epochs=2")
    longer.path.mkdir(parents=True)
    (longer.path / "history.csv").write_text("epoch,loss/tr")
    (longer.path / "events.out.tfevents.0000000001.a.1.000000").write_bytes(b"cut")
    run(longer)
    assert [row["epoch"] for row in history.read(longer.path / "history.csv")] == [1, 2]
    assert [step for step, _ in scalars(longer.path)["loss/train"]] == [1, 2]


def test_ctrl_c_while_it_is_copied_ends_in_one_line(job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    run(job("trainer.epochs=1"))
    begin_from = job_module.begin_from

    def interrupted(*arguments: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return begin_from(*arguments)

    monkeypatch.setattr(job_module, "begin_from", interrupted)
    longer = job("trainer.epochs=2")
    with pytest.raises(Interrupted):
        run(longer)
    assert not longer.folder.result_path.exists()
    assert run(job("trainer.epochs=2"))["epochs"] == 2


def test_a_sweep_begins_there_too(job: Callable[..., Job], capsys: pytest.CaptureFixture[str]) -> None:
    from attnseq.sweep.sweep import run_sweep

    seeds = [1, 2]
    run_sweep([job("trainer.epochs=1", f"seed={seed}") for seed in seeds])
    capsys.readouterr()
    longer = [job("trainer.epochs=2", f"seed={seed}") for seed in seeds]
    run_sweep(longer)
    assert "2 of 2 runs begin where the same run with fewer epochs has ended" in capsys.readouterr().out
    whole = [job("trainer.epochs=2", f"seed={seed}", name="b") for seed in seeds]
    run_sweep(whole)
    for one, other in zip(longer, whole, strict=True):
        states = [torch.load(each.path / "checkpoint.pt", weights_only=True)["state"] for each in (one, other)]
        assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_neighbour_that_cannot_be_read_is_no_beginning(
    job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(job("trainer.epochs=1"))
    longer, read = job("trainer.epochs=2"), Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "result.json":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with longer.hold():
        assert longer.resumed is None
    monkeypatch.undo()
    monkeypatch.setattr("os.listdir", lambda _: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with longer.hold():
        assert longer.shorter is None
