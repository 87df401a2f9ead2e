"""The command: sweeps by either launcher, one after the other, with runs that diverge and folders in use."""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from omegaconf import OmegaConf
from own_configs import write_own_configs
from same_runs import assert_same_up_to_rounding

from attnseq.contracts.batch import Batch, Output
from attnseq.models.mlp_attention import MLPAttention
from attnseq.runs.folder import RunFolder
from attnseq.train import main

TINY = ("device=cpu", "trainer.compile=false", *(f"dataset.{part}_size=64" for part in ("train", "validation", "test")))


class Ended(NamedTuple):
    """How a command ended."""

    status: object
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def command(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    hydra_restore_singletons: None,
    no_pictures: None,
) -> Iterator[Command]:
    """`command(*arguments)`: the command in this process and the test's folder, with arguments for a tiny run."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def give(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["attnseq-train", *arguments, *TINY])
        status: object = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        return Ended(status, *capsys.readouterr())

    yield give
    root.handlers[:], root.level = handlers, level


def results(folder: Path) -> dict[int, str]:
    """The status of each seed's run."""
    found = [json.loads(path.read_text()) for path in folder.rglob("result.json")]
    return {result["seed"]: result["status"] for result in found}


def test_a_sweep_goes_on_after_a_run_that_diverges(command: Command, folder: Path) -> None:
    done = command("-m", "trainer.epochs=2", "trainer.learning_rate=1e38,1e-3")
    assert done.status == 1
    assert len(done.err.splitlines()) == 1
    assert "learning_rate=1e+38" in done.err
    assert "(diverged)" in done.err
    found = [json.loads(path.read_text()) for path in (folder / "outputs").rglob("result.json")]
    assert sorted(result["status"] for result in found) == ["diverged", "finished"]


def test_both_launchers_leave_the_same(command: Command, folder: Path) -> None:
    """And each run's .hydra/ is that of its own job."""
    sweep = (
        "-m",
        "trainer.epochs=2",
        "seed=5,6",
        "trainer.learning_rate=1e-3,3e-3",
        "hydra.sweep.subdir=${hydra.job.num}",
    )
    fused = command(*sweep, "hydra.sweep.dir=fused")
    basic = command(*sweep, "hydra.sweep.dir=basic", "hydra/launcher=basic")
    assert (fused.status, fused.err, basic.status, basic.err) == (0, "", 0, "")
    assert "mlp_attention,train_size=64,validation_size=64,test_size=64,epochs=2, 4 runs, one program\n" in fused.out
    assert "one program" not in basic.out
    for number, values in enumerate(((5, 0.001), (5, 0.003), (6, 0.001), (6, 0.003))):
        ours, theirs = folder / "fused" / str(number), folder / "basic" / str(number)
        assert_same_up_to_rounding(ours, theirs)
        names = [{path.name for path in run.iterdir() if "tfevents" not in path.name} for run in (ours, theirs)]
        assert names[0] == names[1]
        for file in ("config.yaml", "overrides.yaml"):
            assert (ours / ".hydra" / file).read_text() == (theirs / ".hydra" / file).read_text()
        overrides = OmegaConf.load(ours / ".hydra" / "overrides.yaml")
        assert [f"seed={values[0]}", f"trainer.learning_rate={values[1]}"] == [
            each for each in overrides if str(each).startswith(("seed", "trainer.learning_rate"))
        ]
        mine, its = (OmegaConf.load(run / ".hydra" / "hydra.yaml").hydra for run in (ours, theirs))
        assert mine.job == its.job
        assert mine.job.num == number
        assert mine.runtime.output_dir == str(ours)


def test_a_sweep_after_another_trains_what_is_new(command: Command, folder: Path) -> None:
    first = command("-m", "trainer.epochs=1", "seed=1,2")
    again = command("-m", "trainer.epochs=1", "seed=1,2,3", "hydra.launcher.max_population=1")
    assert (first.status, again.status) == (0, 0)
    assert "2 of 3 runs are finished" in again.out
    assert ", 1 run, one program" in again.out
    assert results(folder) == {1: "finished", 2: "finished", 3: "finished"}

    files = [path for path in (folder / "outputs").rglob("*") if path.is_file()]
    for path in files:
        os.utime(path, (0, 0))  # clocks of file systems are coarse
    last = command("-m", "trainer.epochs=1", "seed=1,2,3")
    assert (last.status, last.err) == (0, "")
    assert "3 of 3 runs are finished" in last.out
    assert {path.name for path in files if path.stat().st_mtime_ns} <= {"multirun.yaml", ".lock"}


def test_a_folder_in_use_is_named_and_the_others_are_trained(command: Command, folder: Path) -> None:
    path = folder / "in-use"
    with RunFolder(path / "seed=2", "").lock():
        done = command(
            "-m", "trainer.epochs=1", "seed=1,2,3", "hydra.sweep.dir=in-use", "hydra.sweep.subdir='seed=${seed}'"
        )
    assert done.status == 1
    assert done.err.startswith("1 not finished: ")
    assert "seed=2 (its folder cannot be used)\n" in done.err
    assert "another process is training this run" in done.out
    assert results(folder) == {1: "finished", 3: "finished"}


def test_a_run_that_is_named_twice_counts_once(command: Command, folder: Path) -> None:
    done = command("-m", "trainer.epochs=1", "seed=1,1,2,2", "trainer.learning_rate=1e38", "trainer.epochs=2")
    assert "\n2 runs: 2 diverged\n" in done.out
    assert done.err.startswith("2 not finished: ")
    assert done.err.count("(diverged)") == 2


@pytest.mark.parametrize("launcher", ["fused", "basic"])
def test_a_sweep_of_names_has_a_folder_each(launcher: str, command: Command, folder: Path) -> None:
    done = command("-m", "trainer.epochs=1", "name=a,b", f"hydra/launcher={launcher}")
    assert (done.status, done.err) == (0, "")
    assert {path.name for path in (folder / "outputs").iterdir()} == {"a", "b"}
    for name in ("a", "b"):
        assert (folder / "outputs" / name / "multirun.yaml").is_file()
        assert len(list((folder / "outputs" / name).rglob("result.json"))) == 1
    if launcher == "fused":
        assert "python -m attnseq.compare outputs/a outputs/b\n" in done.out


def test_an_experiments_launcher_and_logging_are_obeyed(command: Command, folder: Path, tmp_path: Path) -> None:
    own = write_own_configs(tmp_path / "own")
    done = command("-cd", str(own), "-m", "experiment=one_by_one", "trainer=quick", "trainer.epochs=1", "seed=1,2")
    assert done.status == 0
    assert "one program" not in done.out
    logs = list((folder / "outputs" / "tutorial").glob("mlp_attention,fast,*epochs=1/seed=*/*.log"))
    assert len(logs) == 2


@pytest.mark.parametrize("mode", [(), ("-m", "hydra/launcher=basic")], ids=["run", "sweep"])
def test_paths_are_right_where_the_shell_stands(mode: tuple[str, ...], command: Command, folder: Path) -> None:
    done = command(*mode, "trainer.epochs=1", "hydra.job.chdir=true")
    assert done.status == 0
    shown = [line for line in done.out.splitlines() if line.endswith("loss.png")]
    assert [(folder / path).is_file() for path in shown] == [True]
    assert not Path(shown[0]).is_absolute()
    assert "python -m attnseq.board outputs/tutorial\n" in done.out


@pytest.mark.parametrize("mode", [(), ("-m", "hydra/launcher=basic")], ids=["run", "sweep"])
def test_a_pickled_run_is_repeated(
    mode: tuple[str, ...], command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hydra's --experimental-rerun, which warns that it is one."""
    keep = "+hydra.callbacks.keep._target_=hydra.experimental.callbacks.PickleJobInfoCallback"
    done = command(*mode, "trainer.epochs=1", "seed=1", keep, "hydra.output_subdir=.hydra")
    assert (done.status, done.err) == (0, "")
    (pickled,) = folder.rglob("config.pickle")
    assert (pickled.parent / "job_return.pickle").is_file()
    (result,) = folder.rglob("result.json")
    before = json.loads(result.read_text())
    result.unlink()
    (result.parent / "checkpoint.pt").unlink()
    monkeypatch.setattr(sys, "argv", ["attnseq-train", "--experimental-rerun", str(pickled)])
    with pytest.warns(UserWarning, match="Experimental rerun"):
        main()
    assert json.loads(result.read_text())["loss/test"] == before["loss/test"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("-m", "seed=1,2", "hydra.sweep.subdir=one"), "would share the folder"),
        (
            (
                *("-m", "seed=1,2", "dataset=abs_difference", "trainer=fast"),
                *("dataset.base=2", "dataset.left=[0]", "dataset.right=[1]", "dataset.split=operand_disjoint"),
            ),
            "operand_disjoint leaves",
        ),
    ],
    ids=["one folder for two", "data that cannot be made"],
)
def test_what_only_the_sweep_finds_out_is_one_line(arguments: tuple[str, ...], line: str, command: Command) -> None:
    done = command(*arguments)
    assert done.status == 2
    assert line in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [("seed=1",), ("-m", "seed=1,2")], ids=["a run", "a sweep"])
def test_training_goes_on_when_nobody_reads(
    arguments: tuple[str, ...], command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", encoding="ascii") as nobody:
        monkeypatch.setattr(sys, "stdout", nobody)
        done = command(*arguments, "trainer.epochs=1", 'name="ü漢"')
    assert (done.status, done.err) == (0, "")
    assert set(results(folder / "outputs" / "ü漢").values()) == {"finished"}


@pytest.mark.parametrize("launcher", ["fused", "basic"])
def test_a_finished_sweep_is_shown_where_nothing_can_be_written(
    launcher: str, command: Command, folder: Path, read_only: Callable[[Path], None]
) -> None:
    sweep = ("-m", "trainer.epochs=1", f"hydra/launcher={launcher}")
    assert command(*sweep, "seed=1,2").status == 0
    read_only(folder)
    again = command(*sweep, "seed=1,2")
    assert (again.status, again.err) == (0, "")
    assert "2 runs: 2 finished" in again.out or again.out.count("already finished") == 2
    more = command(*sweep, "seed=1,2,3")
    assert (more.status, more.err.count("\n")) == (2, 1)
    assert "hydra.sweep.dir=outputs/tutorial: cannot write to " in more.err


@pytest.mark.parametrize("launcher", ["fused", "basic"])
def test_a_variant_that_fails_does_not_end_the_sweep(
    launcher: str, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that raises for one length of the sequences, until it is mended."""
    sweep = ("-m", "dataset=abs_difference", "dataset.length=10,12", "seed=1,2", f"hydra/launcher={launcher}")
    forward = MLPAttention.forward

    def raising(self: MLPAttention, batch: Batch, training: bool = False) -> Output:
        if batch.inputs.shape[1] == 12:
            raise ValueError("no sequences of 12")
        return forward(self, batch, training)

    with monkeypatch.context() as patch:
        patch.setattr(MLPAttention, "forward", raising)
        done = command(*sweep)
    assert done.status == 1
    assert done.err.startswith("2 not finished: ")
    assert done.err.count("(ValueError: no sequences of 12)") == 2
    assert done.err.count("\n") == 1
    assert "length=12" in done.err
    assert results(folder) == {1: "finished", 2: "finished"}
    errors = list(folder.rglob("error.txt"))
    assert [error.parent.name for error in sorted(errors)] == ["seed=1", "seed=2"]
    for error in errors:
        assert "length=12" in error.parent.parent.name
        assert "Traceback" in error.read_text()
        assert error.read_text().endswith("ValueError: no sequences of 12\n")
        assert (str(error) in done.out) == (error.parent.name == "seed=1" or launcher == "basic")
    again = command(*sweep)
    assert (again.status, again.err) == (0, "")
    assert len(list(folder.rglob("result.json"))) == 4
    assert not list(folder.rglob("error.txt"))


@pytest.mark.parametrize("sweep", [(), ("-m", "seed=1,2")], ids=["one run", "sweep"])
def test_nothing_that_the_package_itself_defines_is_asked_for(
    sweep: tuple[str, ...], command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folder that contains the checkout `attnseq` is that folder, in which there is nothing but modules."""
    monkeypatch.delattr("attnseq.__version__")
    done = command(*sweep, "trainer.epochs=1")
    assert (done.status, done.err) == (0, "")
    assert set(results(folder).values()) == {"finished"}


def test_one_run_that_has_not_enough_memory_is_one_line(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: MLPAttention, batch: Batch, training: bool = False) -> Output:
        raise RuntimeError(
            "[enforce] DefaultCPUAllocator: can't allocate memory: you tried to allocate 68719476736 bytes."
        )

    monkeypatch.setattr(MLPAttention, "forward", fails)
    done = command()
    assert done.status == 1
    assert done.err.startswith("out of memory: ")
    assert "64 GiB asked for" in done.err
    assert done.err.count("\n") == 1
