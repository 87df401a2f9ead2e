"""A tiny run from overrides, and its files read back."""

import builtins
import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch
from omegaconf import DictConfig
from PIL import Image

from attnseq.commandline.checking import checked
from attnseq.commandline.command_line import register
from attnseq.commandline.composition import compose_config
from attnseq.report import history
from attnseq.report.pictures import Pictures
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.observer import RunObserver
from attnseq.runs.run import run
from attnseq.training import pace
from attnseq.training.stopping import STOPPING

# how long an example takes says nothing about what is tested
hypothesis.settings.register_profile(
    "any speed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any speed")

TESTS = Path(__file__).resolve().parent

TINY = (
    "device=cpu",
    "dataset.train_size=500",
    "dataset.validation_size=64",
    "dataset.test_size=64",
    "trainer.epochs=2",
    "trainer.compile=false",
)


@pytest.fixture(scope="session", autouse=True)
def _registered() -> None:
    register()


@pytest.fixture(scope="session", autouse=True)
def _signals() -> Iterator[None]:
    """None is ignored, as `nohup` and a shell's `&` leave them: processes that tests start inherit that."""
    ignored = [number for number in STOPPING if signal.getsignal(number) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Leaves PyTorch's number of threads as it was, whatever a test does."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training is looked at after each block of steps, however fast the machine."""
    monkeypatch.setattr(pace, "SECONDS", 0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and the one that the test runs in."""
    path = tmp_path / "cwd"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def start(folder: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """`start(*arguments, held="")`: the command in a process of its own, in the test's folder; at the end it is killed.

    `held` is a place of `held_command`, whose FOLDER is `tmp_path`.
    """
    processes: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, held: str = "") -> subprocess.Popen[str]:
        program = [str(TESTS / "held_command.py"), str(tmp_path), held] if held else ["-m", "attnseq.train"]
        process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(TESTS.parent)},
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def composed(_registered: None) -> Callable[..., DictConfig]:
    """`composed(*overrides)`: the config as Hydra composes it, nothing checked."""
    return lambda *overrides: compose_config(overrides)


@pytest.fixture(scope="session")
def compose(_registered: None) -> Callable[..., RunConfig]:
    """`compose(*overrides)`: the checked config of the default run, or of what overrides say."""
    return lambda *overrides: checked(compose_config(overrides))


@pytest.fixture(scope="session")
def tiny(compose: Callable[..., RunConfig]) -> Callable[..., RunConfig]:
    """`tiny(*overrides)`: the same for a run of two epochs of 16 steps, a tenth of a second."""
    return lambda *overrides: compose(*TINY, *overrides)


@pytest.fixture(scope="session")
def finished(tiny: Callable[..., RunConfig], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny run that has finished; not to be changed."""
    path = tmp_path_factory.mktemp("finished") / "run"
    run(Job(tiny(), path))
    return path


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take most of a tiny run's time: of one pixel they take none."""
    pixel = io.BytesIO()
    Image.new("L", (1, 1)).save(pixel, "PNG")
    monkeypatch.setattr(Pictures, "_draw", lambda *arguments: pixel.getvalue())


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """`read_only(folder)`: from now on nothing in it can be written, as on a file system that is mounted so."""

    def arrange(folder: Path) -> None:
        def refuse(module: Any, name: str, is_write: Callable[..., object]) -> None:
            function = getattr(module, name)

            def call(path: Any, *arguments: Any, **named: Any) -> Any:
                inside = isinstance(path, str | Path) and Path(path).absolute().is_relative_to(folder)
                if inside and is_write(*arguments, **named):
                    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
                return function(path, *arguments, **named)

            monkeypatch.setattr(module, name, call)

        for name in ("mkdir", "unlink", "remove", "rename", "replace", "chmod"):
            refuse(os, name, lambda *arguments, **named: True)
        refuse(os, "open", lambda flags=0, *arguments, **named: flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        for module in (io, builtins):
            refuse(module, "open", lambda mode="r", *arguments, **named: set(mode) & set("wax+"))

    return arrange


def _same_run(one: Path, other: Path) -> None:
    states: list[dict[str, Any]] = [torch.load(path / "checkpoint.pt", weights_only=True) for path in (one, other)]
    for state in states:
        state.pop("seconds")
    assert states[0].keys() == states[1].keys()
    for name, tensor in states[0].pop("state").items():
        assert torch.equal(tensor, states[1]["state"][name]), name
    states[1].pop("state")
    assert states[0] == states[1]
    rows = [history.read(path / "history.csv") for path in (one, other)]
    for row in rows[0] + rows[1]:
        row.pop("seconds")
    assert rows[0] == rows[1]


@pytest.fixture
def same_run() -> Callable[[Path, Path], None]:
    """`same_run(folder, folder)`: checkpoint and history are the same, bit for bit, but for the seconds spent."""
    return _same_run


@pytest.fixture
def stop_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, signal.Signals], None]:
    """`stop_at(steps, signal)`: the signal comes while a population tells of this many steps, once."""
    progress = RunObserver.progress

    def arrange(at: int, number: signal.Signals) -> None:
        def stopping(self: RunObserver, steps: int, loss_P: Sequence[float]) -> None:
            progress(self, steps, loss_P)
            if steps == at:
                monkeypatch.setattr(RunObserver, "progress", progress)
                signal.raise_signal(number)

        monkeypatch.setattr(RunObserver, "progress", stopping)

    return arrange
