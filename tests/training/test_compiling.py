"""Whether to compile, with the reason where not; threads are given back."""

import sys
from pathlib import Path

import pytest
import torch

from attnseq.training import compiling
from attnseq.training.compiling import STEPS_WORTH_COMPILING, UNROLLED_NUMBERS, plan_compilation, threads_for

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is the whole PATH, empty at first; no compiler is named elsewhere."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    return tmp_path


def program(folder: Path, name: str) -> Path:
    file = folder / (f"{name}.exe" if sys.platform == "win32" else name)
    file.touch(mode=0o755)
    return file


def test_auto_does_not_compile_a_short_run_and_says_why(path: Path) -> None:
    program(path, "g++")
    plan = plan_compilation("auto", STEPS_WORTH_COMPILING - 1, 100, CPU)
    assert not plan.compile
    assert f"{STEPS_WORTH_COMPILING - 1:,} steps are too few" in plan.reason
    assert "\n" not in plan.reason


def test_auto_compiles_a_long_run(path: Path) -> None:
    program(path, "g++")
    plan = plan_compilation("auto", STEPS_WORTH_COMPILING, 100, CPU)
    assert plan.compile
    assert plan.reason == ""


def test_auto_does_not_compile_without_a_compiler_and_says_why(path: Path) -> None:
    plan = plan_compilation("auto", STEPS_WORTH_COMPILING, 100, CPU)
    assert not plan.compile
    assert "no C++ compiler" in plan.reason
    assert "\n" not in plan.reason


def test_a_compiler_named_by_cxx_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path / "elsewhere").mkdir()
    monkeypatch.setenv("CXX", str(program(path / "elsewhere", "my-compiler")))
    assert plan_compilation("auto", STEPS_WORTH_COMPILING, 100, CPU).compile
    monkeypatch.setenv("CXX", str(path / "elsewhere" / "not-there"))
    assert not plan_compilation("auto", STEPS_WORTH_COMPILING, 100, CPU).compile


def test_on_cuda_triton_is_what_is_needed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda name: None)
    plan = plan_compilation("auto", STEPS_WORTH_COMPILING, 100, CUDA)
    assert not plan.compile
    assert "triton" in plan.reason
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda name: object() if name == "triton" else None)
    plan = plan_compilation("auto", STEPS_WORTH_COMPILING, 100, CUDA)
    assert plan.compile
    assert "cpp_wrapper" not in plan.options


def test_true_and_false_are_obeyed(path: Path) -> None:
    assert plan_compilation("true", 1, 100, CPU).compile  # however short, compiler or none
    program(path, "g++")
    plan = plan_compilation("false", 10**9, 100, CPU)
    assert not plan.compile
    assert plan.reason == "trainer.compile=false"


def test_only_small_programs_are_unrolled_whether_compiled_or_not() -> None:
    for setting in ("true", "false"):  # the same steps a call, so that a block of steps means the same
        small, large = (plan_compilation(setting, 1, UNROLLED_NUMBERS + extra, CPU) for extra in (0, 1))
        assert small.steps_per_call == compiling.UNROLLED_STEPS
        assert large.steps_per_call == 1


@pytest.fixture
def two_threads() -> object:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize(("replicas", "threads"), [(1, 1), (2, 2), (32, 2)])
def test_no_more_threads_than_replicas_and_none_taken_away_for_good(replicas: int, threads: int) -> None:
    with threads_for(replicas, CPU):
        assert torch.get_num_threads() == threads
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_threads_come_back_after_an_error() -> None:
    with pytest.raises(RuntimeError, match="inside"), threads_for(1, CPU):
        raise RuntimeError("inside")
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_on_cuda_threads_are_left_alone() -> None:
    with threads_for(1, CUDA):
        assert torch.get_num_threads() == 2
