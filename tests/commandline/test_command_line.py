"""Bad input is one line on stderr that names the key, exit status 2, and nothing written."""

import errno
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from processes import LIMIT

import attnseq
from attnseq.commandline.command_line import check_command_line, errors_in_one_line
from attnseq.runs.config import RunConfig
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.run import run
from attnseq.training.checkpoint import CheckpointError
from attnseq.training.stopping import Interrupted

ROOT = Path(__file__).resolve().parents[2]
ABS = "dataset=abs_difference"
PICKLE = "+hydra.callbacks.keep._target_=hydra.experimental.callbacks.PickleJobInfoCallback"

# arguments, and what the line must say
BAD = {
    "misspelt key": (["trainer.batchsize=3"], ["trainer.batchsize", "did you mean batch_size", "epochs"]),
    "misspelt group": (["modle=mlp_attention"], ["modle", "did you mean model"]),
    "misspelt model": (["model=lstm"], ["model=lstm", "lstm_attention", "mlp_attention"]),
    "misspelt dataset": (["dataset=nope"], ["dataset=nope", "abs_difference", "tutorial"]),
    "misspelt trainer": (["trainer=slow"], ["trainer=slow", "fast", "tutorial"]),
    "misspelt experiment": (["experiment=nope"], ["experiment=nope", "tutorial_mlp", "tutorial_lstm"]),
    "misspelt choice": (["model=lstm_attention", "model.attention=elment"], ["model.attention=elment", "element"]),
    "key of another model": (["model.recurrent_activation=sigmoid"], ["model.recurrent_activation", "hidden_size"]),
    "text for an integer": (["trainer.batch_size=many"], ["trainer.batch_size", "many", "Integer"]),
    "fraction for an integer": (["seed=1.5"], ["seed", "1.5", "Integer"]),
    "list for an integer": (["dataset.train_size=[1]"], ["dataset.train_size", "Integer"]),
    "integer for a list": ([ABS, "dataset.left=3"], ["dataset.left: takes a list in brackets"]),
    "word for a list": (["metrics=mae"], ["metrics: takes a list in brackets", "metrics=[a,b]"]),
    "a metric twice": (["metrics=[mae,mae]"], ["metrics=mae,mae", "twice"]),
    "text for a truth value": (["overwrite=maybe"], ["overwrite", "maybe"]),
    "null": (["seed=null"], ["seed"]),
    "empty argument": (["seed=1", ""], ["an argument is empty"]),
    "empty name": (["name="], ["name=", "folder name"]),
    "empty folder": (["hydra.run.dir="], ["hydra.run.dir=: must name a folder"]),
    "empty folder of a sweep": (["-m", "hydra.sweep.dir=", "seed=1,2"], ["hydra.sweep.dir=: must name a folder"]),
    "empty folder of configs": (["--config-dir=", "seed=1"], ["--config-dir=: no such folder"]),
    "missing value": (["trainer.epochs=???"], ["trainer.epochs"]),
    "deleted key": (["~seed"], ["seed"]),
    "deleted group": (["~trainer"], ["trainer"]),
    "unknown interpolation": (["trainer.epochs=${nope}"], ["trainer.epochs", "nope"]),
    "batch of nothing": (["trainer.batch_size=0"], ["trainer.batch_size=0", "must be >= 1"]),
    "not a number": (["trainer.learning_rate=nan"], ["trainer.learning_rate=nan", "must be > 0"]),
    "position beyond length": ([ABS, "dataset.left=[1,2,12]"], ["dataset.left", "0 to 9", "12"]),
    "operands overlap": ([ABS, "dataset.right=[3,4,5]"], ["dataset.right", "position 3", "overlap"]),
    "operands of two lengths": ([ABS, "dataset.right=[5,6]"], ["dataset.right", "dataset.left", "3, not 2"]),
    "operand without digits": ([ABS, "dataset.left=[]", "dataset.right=[]"], ["dataset.left"]),
    "base out of range": ([ABS, "dataset.base=11"], ["dataset.base=11", ">= 2 and <= 10"]),
    "unknown split": ([ABS, "dataset.split=half"], ["dataset.split=half", "random", "operand_disjoint"]),
    "unknown device": (["device=tpu"], ["device=tpu", "cpu"]),
    "added key": (["+key=3"], ["key"]),
    "added key of a group": (["+trainer.foo=3"], ["trainer.foo"]),
    "no key": (["=3"], ["=3"]),
    "option among overrides": (["seed=1", "-m", "name=a"], ["name=a", "options such as -m"]),
    "unknown option": (["--nope"], ["--nope", "options such as -m"]),
    "no end": (["name=[1"], ["name=[1"]),
    "two equal signs": (["-m", "seed=1,2", "name=a=b"], ["name=a=b", "mismatched input '='"]),
    "no value": (["seed"], ["seed"]),
    "no name": (["name="], ["name="]),
    "name above outputs": (["name=.."], ["name=.."]),
    "seed of a sweep": (["-m", "seed=1,-2"], ["seed=-2", "must be >= 0"]),
    "second job of a sweep": (["-m", "seed=1,2", "trainer.batch_size=32,0"], ["trainer.batch_size=0"]),
    "misspelt key of a sweep": (["--multirun", "trainer.batchsize=3,4"], ["trainer.batchsize"]),
    "sweep of nothing": (["-m", "seed=range(0)"], ["seed=range(0)", "no values"]),
    "interval without a sweeper for it": (
        ["-m", "trainer.learning_rate=interval(1e-4,1e-1)"],
        ["trainer.learning_rate=interval(1e-4,1e-1)", "hydra/sweeper=basic", "optuna"],
    ),
    "number for a choice in a sweep": (["-m", "model=5"], ["model=5", "no such choice", "lstm_plain"]),
    "nothing for a choice": (["experiment=null"], ["experiment=null", "no such choice", "tutorial_mlp"]),
    "sweep without -m": (["seed=range(3)"], ["seed=range(3)", "needs -m"]),
    "commas without -m": (["name=a,b"], ["name=a,b", "needs -m", "[a,b]", """'name="a,b"'"""]),
    "character of Hydra's": (["name=#1"], ["name=#1", """'name="#1"'"""]),
    "a folder's own name": (
        ["hydra.run.dir=outputs/mlp_attention,epochs=3/seed=1337"],
        ["""'hydra.run.dir="outputs/mlp_attention,epochs=3/seed=1337"'"""],
    ),
    "home without a shell": (["hydra.run.dir=~/x"], ["hydra.run.dir=~/x", "$HOME"]),
    "quoted home": (["hydra.run.dir='~/x'"], ["hydra.run.dir=~/x", "$HOME"]),
    "home of a sweep": (["-m", "hydra.sweep.dir='~'"], ["hydra.sweep.dir=~", "$HOME"]),
    "home below a sweep": (["-m", "hydra.sweep.subdir='~/x'"], ["hydra.sweep.subdir=~/x", "$HOME"]),
    "home as a name": (["name='~'"], ["name=~", "no ~ first"]),
    "two sweeps of a key": (["-m", "seed=range(3)", "seed=range(5,7)"], ["seed=range(3), seed=range(5,7)", "once"]),
    "a value after a sweep": (["-m", "seed=1,2", "name=a", "seed=3"], ["seed=1,2, seed=3", "once"]),
    "experiments that bring sweeps": (
        ["-m", "experiment=attention_variants,learning_rate"],
        ["experiment=attention_variants", "hydra.sweeper"],
    ),
    "value out of range to be shown": (["--cfg", "job", "trainer.epochs=-3"], ["trainer.epochs=-3", "must be >= 1"]),
    "two modes": (["-c", "job", "-m", "seed=1,2"], ["--multirun, --cfg: only one of them"]),
    "resolved without a config": (["--resolve"], ["--resolve", "--cfg"]),
    "nothing to repeat": (["--experimental-rerun", "no_file"], ["--experimental-rerun=no_file", "No such file"]),
    "no pickle to repeat": (["--experimental-rerun", "a_file"], ["--experimental-rerun=a_file", "not a pickle"]),
    "values for a repetition": (["--experimental-rerun", "a_file", "seed=3"], ["takes no overrides", "seed=3"]),
    "pickles without a folder": ([PICKLE], ["hydra.callbacks.keep", "hydra.output_subdir=.hydra"]),
    "pickles of what trains together": (
        ["-m", PICKLE, "hydra.output_subdir=.hydra", "seed=1,2"],
        ["hydra.callbacks.keep", "hydra/launcher=basic"],
    ),
    "population of nothing": (["-m", "hydra.launcher.max_population=0"], ["hydra.launcher.max_population=0", ">= 1"]),
    "less than nothing": (["-m", "hydra.launcher.max_population=-1"], ["hydra.launcher.max_population=-1", ">= 1"]),
    "text for a population": (
        ["-m", "hydra.launcher.max_population=all"],
        ["hydra.launcher.max_population", "Integer"],
    ),
    "no worker": (["-m", "hydra.launcher.workers=0"], ["hydra.launcher.workers=0", ">= 1"]),
    "many workers": (["-m", "hydra.launcher.workers=many"], ["hydra.launcher.workers=many", "auto"]),
    "half a worker": (["-m", "hydra.launcher.workers=1.5"], ["hydra.launcher.workers=1.5", "auto"]),
    "misspelt key of the launcher": (["-m", "hydra.launcher.max_populatio=1"], ["did you mean max_population"]),
    "key of another launcher": (
        ["-m", "hydra/launcher=basic", "hydra.launcher.seeds=2"],
        ["hydra.launcher.seeds: no such key (a key of hydra/launcher=fused and ray_fused); allowed"],
    ),
    "key that another group has": (["trainer.hidden_size=3"], ["trainer.hidden_size: no such key; allowed"]),
    "several seeds of one run": (["hydra.launcher.seeds=2"], ["hydra.launcher.seeds=2", "add -m"]),
    "several seeds of each seed": (
        ["-m", "hydra.launcher.seeds=2", "seed=range(3)"],
        ["hydra.launcher.seeds=2", "seed is swept"],
    ),
    "misspelt launcher": (["-m", "hydra/launcher=fussed"], ["hydra/launcher=fussed", "basic", "fused"]),
    "Hydra's own key": (["hydra.foo=1"], ["hydra.foo"]),
    "folder below a file": (["hydra.run.dir=a_file/run"], ["hydra.run.dir=a_file/run", "cannot write", "a_file"]),
    "sweep's folder below a file": (
        ["-m", "hydra.sweep.dir=a_file/run"],
        ["hydra.sweep.dir=a_file/run: cannot write", "a_file"],
    ),
    "sweep's folder below a file, runs by number": (
        ["-m", "hydra.sweep.dir=a_file/run", "hydra.sweep.subdir=${hydra.job.num}"],
        ["hydra.sweep.dir=a_file/run: cannot write", "a_file"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, parts = BAD[case]
    (folder / "a_file").write_text("not a folder")
    with pytest.raises(SystemExit) as end:
        check_command_line(arguments)
    out, err = capsys.readouterr()
    assert end.value.code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert "Traceback" not in err
    for part in parts:
        assert part in err
    assert [path.name for path in folder.iterdir()] == ["a_file"]
    assert (folder / "a_file").read_text() == "not a folder"


@pytest.fixture
def own_configs(tmp_path: Path) -> Path:
    """A folder with a user's experiment in it; its name needs quotes."""
    path = tmp_path / 'my "own", here'
    (path / "experiment").mkdir(parents=True)
    (path / "experiment" / "mine.yaml").write_text("# @package _global_\ntrainer:\n  epochs: 3\n")
    return path


def test_a_folder_of_the_users_configs_is_looked_at(
    own_configs: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = own_configs.parent / "other" / "experiment" / "theirs.yaml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("# @package _global_\ntrainer:\n  epochs: 4\n")
    and_theirs = [f"hydra.searchpath=[file://{theirs.parent.parent}]", "experiment=theirs"]
    for arguments in (["experiment=mine"], ["-m", "experiment=mine", "seed=1,2"], and_theirs):
        for path in (str(own_configs), os.path.relpath(own_configs)):
            check_command_line(["--config-dir", path, *arguments])
    assert capsys.readouterr() == ("", "")
    wrong = {"experiment=nine": "mine, ", "trainer.epoch=1": "did you mean epochs", "seed=-1": "must be >= 0"}
    for override, part in wrong.items():
        with pytest.raises(SystemExit):
            check_command_line(["--config-dir", str(own_configs), "experiment=mine", override])
        err = capsys.readouterr().err
        assert part in err
        assert err.count("\n") == 1
    with pytest.raises(SystemExit) as end:
        check_command_line(["--config-dir", "nowhere"])
    assert end.value.code == 2
    assert capsys.readouterr().err == "--config-dir=nowhere: no such folder\n"
    assert not any(folder.iterdir())


def test_the_version_is_attnseqs_own(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--version", "--vers"):
        with pytest.raises(SystemExit) as end:
            check_command_line([option, "seed=3"])
        assert end.value.code == 0
        assert capsys.readouterr() == (f"attnseq {attnseq.__version__}\n", "")


def test_a_pickle_of_something_else_is_not_repeated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "list.pickle").write_bytes(pickle.dumps([1]))
    with pytest.raises(SystemExit) as end:
        check_command_line(["--experimental-rerun", "list.pickle"])
    assert end.value.code == 2
    assert capsys.readouterr().err == ("--experimental-rerun=list.pickle: no config; name the config.pickle of a run\n")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here, so that device=cuda is right")
@pytest.mark.parametrize("device", ["cuda", "cuda:0"])
def test_no_cuda(device: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        check_command_line([f"device={device}"])
    assert end.value.code == 2
    assert capsys.readouterr().err == f"device={device}: no CUDA device here; allowed are auto and cpu\n"
    assert not any(folder.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="/proc, where nobody can write, is Linux's")
def test_folder_that_nobody_can_write_to(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        check_command_line(["hydra.run.dir=/proc/outputs"])
    assert end.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("hydra.run.dir=/proc/outputs: cannot write to /proc")
    assert err.count("\n") == 1


def test_only_what_is_not_finished_must_be_written(
    folder: Path, read_only: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (1, 2):
        (folder / f"sweep/seed={seed}").mkdir(parents=True)
        (folder / f"sweep/seed={seed}/result.json").touch()
    read_only(folder)
    sweep = ["-m", "hydra.sweep.dir=sweep", "hydra.sweep.subdir='seed=${seed}'"]
    check_command_line(["hydra.run.dir='sweep/seed=1'", "seed=1"])
    check_command_line([*sweep, "seed=1,2"])
    check_command_line([*sweep, "seed=1,2", "hydra.sweep.subdir=${hydra.job.num}"])  # the sweep itself will look
    assert capsys.readouterr() == ("", "")
    wrong = {
        "hydra.run.dir=sweep/seed=1: cannot write to ": ["hydra.run.dir='sweep/seed=1'", "seed=1", "overwrite=true"],
        "hydra.run.dir=sweep/seed=3: cannot write to ": ["hydra.run.dir='sweep/seed=3'", "seed=3"],
        "hydra.sweep.dir=sweep: cannot write to ": [*sweep, "seed=1,2,3"],
    }
    for line, arguments in wrong.items():
        with pytest.raises(SystemExit) as end:
            check_command_line(arguments)
        assert end.value.code == 2
        err = capsys.readouterr().err
        assert err.startswith(f"{line}{folder}/sweep")
        assert "Read-only file system" in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["experiment=tutorial_lstm", "trainer.epochs=2", "device=cpu"],
        ["-m", "seed=1,2", "model=mlp_attention,lstm_attention"],
        [ABS, "dataset.left=[0]", "dataset.right=[1]", "dataset.length=2", "trainer=fast", "trainer.compile=False"],
        ["-m", "seed=3", "trainer.epochs=2", "trainer.epochs=3", "seed=1,2"],
        ["name='#1'", 'hydra.run.dir="outputs/mlp_attention,epochs=3/seed=1337"'],
        ["--help"],
        ["--cfg", "job"],
        ["--info", "config", "trainer.epochs=-3"],
    ],
)
def test_good_input_passes_and_writes_nothing(
    arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_command_line(arguments)
    assert capsys.readouterr() == ("", "")
    assert not any(folder.iterdir())


@pytest.mark.parametrize(
    ("error", "line", "status"),
    [
        (RunFolderError("run: in use"), "run: in use", 1),
        (CheckpointError("run/checkpoint.pt: damaged"), "run/checkpoint.pt: damaged", 1),
        (OSError(errno.ENOSPC, "No space left on device", "run/x"), "run/x: No space left on device", 1),
        (OSError(errno.ENOSPC, "No space left on device"), "subject: No space left on device", 1),
        (OSError("encoder error"), "subject: encoder error; ", 1),
        (MemoryError("8 GiB asked for"), "out of memory: lower dataset.train_size", 1),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), "(2.00 GiB asked for)", 1),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"), "out of memory", 1),
        (Interrupted(2), "SIGINT", 130),
        (Interrupted(15), "SIGTERM", 143),
    ],
    ids=[
        *(
            "folder",
            "checkpoint",
            "disk",
            "disk without a file",
            "no number",
            "memory",
            "CUDA's memory",
            "CPU's memory",
        ),
        *("SIGINT", "SIGTERM"),
    ],
)
def test_exit_status(error: Exception, line: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end, errors_in_one_line("subject"):
        raise error
    assert end.value.code == status
    err = capsys.readouterr().err
    assert line in err
    assert err.count("\n") == 1


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    with pytest.raises(RuntimeError, match="shapes"), errors_in_one_line():
        raise RuntimeError("shapes do not match")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [("train", ["--help"]), ("train", ["--version"]), ("train", ["--help", "model=lstm_plain"]), ("reproduce", ["-h"])],
    ids=lambda given: " ".join(given) if isinstance(given, list) else given,
)
def test_who_asks_for_help_does_not_wait_for_pytorch(command: str, arguments: list[str]) -> None:
    code = f"""
import sys
from contextlib import suppress
from attnseq import {command}
sys.argv = ["attnseq-{command}", *{arguments}]
with suppress(SystemExit):
    {command}.main()
print(sorted({{"torch", "tensorboard", "matplotlib", "scipy"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=True)
    *answer, loaded = done.stdout.splitlines()
    assert answer
    assert loaded == "[]"


def test_full_disk_keeps_what_was_written(
    folder: Path,
    tiny: Callable[..., RunConfig],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    finished: Path,
    same_run: Callable[[Path, Path], None],
) -> None:
    path = folder / "run"
    fsync = os.fsync

    def full(handle: int) -> None:
        if (path / "checkpoint.pt").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SystemExit) as end, errors_in_one_line(str(path)):
        run(Job(tiny(), path))
    assert end.value.code == 1
    err = capsys.readouterr().err
    assert err.startswith(f"{path}/")
    assert ": No space left on device; " in err
    assert err.count("\n") == 1
    assert torch.load(path / "checkpoint.pt", weights_only=True)["epoch"] == 1
    assert not list(path.glob(".*.*.*"))
    monkeypatch.undo()
    assert run(Job(tiny(), path))["status"] == "finished"
    same_run(path, finished)


def test_whole_command(folder: Path) -> None:
    """One real process: an error that Hydra would show on many lines."""
    done = subprocess.run(
        [sys.executable, "-m", "attnseq.train", "trainer.batchsize=3"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("trainer.batchsize: no such key")
    assert done.stderr.count("\n") == 1
    assert not any(folder.iterdir())
