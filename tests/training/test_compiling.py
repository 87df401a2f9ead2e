"""Whether to compile, with the reason where not; threads are given back."""

import sys
import tempfile
from pathlib import Path

import pytest
import torch

from attnseq.training import compiling
from attnseq.training.compiling import (
    MOST_SHARDS,
    SMALL_NUMBERS,
    STEPS_WORTH_COMPILING_LARGE,
    STEPS_WORTH_COMPILING_SMALL,
    STEPS_WORTH_TRACING,
    STEPS_WORTH_UNROLLING,
    UNROLLED_STEPS,
    plan_compilation,
    shards_for,
    threads_for,
    why_compilation_failed,
)

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
HAS_PYTHON_HEADERS = compiling._has_python_headers
LONG = max(STEPS_WORTH_COMPILING_SMALL, STEPS_WORTH_COMPILING_LARGE)
SIZES = [(SMALL_NUMBERS, STEPS_WORTH_COMPILING_SMALL), (SMALL_NUMBERS + 1, STEPS_WORTH_COMPILING_LARGE)]


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is the whole PATH, empty at first; no compiler is named elsewhere, Python's headers are there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(compiling, "_has_python_headers", lambda: True)
    return tmp_path


def program(folder: Path, name: str, says: str = "") -> Path:
    """A program in `folder` that prints `says`, whatever it is asked."""
    file = folder / (f"{name}.exe" if sys.platform == "win32" else name)
    file.write_text(f"#!/bin/sh\necho {says}\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(("numbers", "worth"), SIZES)
def test_auto_compiles_a_long_run_and_says_why_not_a_short_one(path: Path, numbers: int, worth: int) -> None:
    program(path, "g++")
    short = plan_compilation("auto", worth - 1, numbers, CPU)
    assert not short.compile
    assert f"{worth - 1:,} steps are too few" in short.reason
    assert "\n" not in short.reason
    long = plan_compilation("auto", worth, numbers, CPU)
    assert long.compile
    assert long.reason == ""


def test_auto_does_not_compile_without_a_compiler_and_says_why(path: Path) -> None:
    plan = plan_compilation("auto", LONG, 100, CPU)
    assert not plan.compile
    assert "no C++ compiler" in plan.reason
    assert "\n" not in plan.reason


@pytest.mark.skipif(sys.platform == "win32", reason="the compiler of this test is a shell script")
def test_auto_does_not_compile_without_pythons_headers_and_says_where_they_are_missing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(path, "g++")
    monkeypatch.setattr(compiling, "_has_python_headers", HAS_PYTHON_HEADERS)
    monkeypatch.setattr(compiling.sysconfig, "get_path", lambda name, scheme="": str(path / scheme / name / "python3"))
    plan = plan_compilation("auto", LONG, 100, CPU)
    assert not plan.compile
    assert f"Python.h, which the compiler needs, is not in {path / 'include' / 'python3'}" in plan.reason
    assert f"python{sys.version_info.major}.{sys.version_info.minor}-dev" in plan.reason
    assert "\n" not in plan.reason
    for where in ("include/python3", "posix_prefix/include/python3"):
        headers = path / where / "Python.h"
        headers.parent.mkdir(parents=True)
        headers.touch()
        assert plan_compilation("auto", LONG, 100, CPU).compile, where
        headers.unlink()


GXX = "C++ compile error\n\nCommand:\ng++ a.cpp\n\nOutput:\na.cpp:1:10: fatal error: Python.h: No such file\nand more\n"
MSVC = "C++ compile error\n\nOutput:\na.cpp(1): fatal error C1083: Cannot open include file\n"
LINKER = "C++ compile error\n\nOutput:\n/usr/bin/ld: cannot find -lgomp\ncollect2: error: ld returned 1 exit status\n"


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (GXX, "a.cpp:1:10: fatal error: Python.h: No such file"),
        (MSVC, "a.cpp(1): fatal error C1083: Cannot open include file"),
        (LINKER, "/usr/bin/ld: cannot find -lgomp"),
        ("no such option\nand more", "no such option"),
        ("OSError: [Errno 30] Read-only file system: '/a'", "OSError: [Errno 30] Read-only file system: '/a'"),
        ("", "ValueError"),
    ],
)
def test_why_compilation_failed_is_one_line(message: str, why: str) -> None:
    assert why_compilation_failed(ValueError(message)) == why


def test_a_full_disk_below_the_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "/full/cache")
    monkeypatch.setattr(tempfile, "tempdir", "/full/tmp")
    why = why_compilation_failed(ValueError("OSError: [Errno 28] No space left on device"))
    assert why.endswith("No space left on device; the compiler writes to /full/cache and /full/tmp")


def test_a_path_that_the_compiler_does_not_stand_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "/my cache")
    why = why_compilation_failed(ValueError(LINKER))
    assert why == "/usr/bin/ld: cannot find -lgomp; the cause may be the space, quote or backslash in /my cache"


def test_a_compiler_named_by_cxx_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path / "elsewhere").mkdir()
    monkeypatch.setenv("CXX", str(program(path / "elsewhere", "my-compiler")))
    assert plan_compilation("auto", LONG, 100, CPU).compile
    monkeypatch.setenv("CXX", str(path / "elsewhere" / "not-there"))
    assert not plan_compilation("auto", LONG, 100, CPU).compile


@pytest.mark.skipif(sys.platform == "win32", reason="the compiler of this test is a shell script")
@pytest.mark.parametrize(
    ("version", "trusted"), [("12", True), ("11.4.0", True), ("9.4.0", False), ("who knows", False), ("", False)]
)
def test_the_processor_is_believed_where_the_compiler_is_new(
    path: Path, monkeypatch: pytest.MonkeyPatch, version: str, trusted: bool
) -> None:
    program(path, "g++", version)
    monkeypatch.delenv("TORCHINDUCTOR_VEC_ISA_OK", raising=False)
    for machine in ("x86_64", "aarch64"):
        monkeypatch.setattr(compiling.platform, "machine", lambda machine=machine: machine)
        plan = plan_compilation("auto", LONG, 100, CPU)
        assert plan.compile
        assert plan.options.get("cpp.vec_isa_ok", False) is (trusted and machine == "x86_64")
    monkeypatch.setattr(compiling.platform, "machine", lambda: "x86_64")
    monkeypatch.setenv("TORCHINDUCTOR_VEC_ISA_OK", "0")  # the user's word stands
    assert "cpp.vec_isa_ok" not in plan_compilation("auto", LONG, 100, CPU).options


@pytest.mark.skipif(sys.platform == "win32", reason="openssl is a shell script in this test")
def test_headers_are_not_precompiled_without_the_command_that_checks_them(path: Path) -> None:
    program(path, "g++")
    assert plan_compilation("auto", LONG, 100, CPU).options["cpp_cache_precompile_headers"] is False
    program(path, "openssl")
    assert "cpp_cache_precompile_headers" not in plan_compilation("auto", LONG, 100, CPU).options


def test_on_cuda_triton_is_what_is_needed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda name: None)
    plan = plan_compilation("auto", LONG, 100, CUDA)
    assert not plan.compile
    assert "triton" in plan.reason
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda name: object() if name == "triton" else None)
    plan = plan_compilation("auto", LONG, 100, CUDA)
    assert plan.compile
    assert "cpp_wrapper" not in plan.options


def test_true_and_false_are_obeyed(path: Path) -> None:
    assert plan_compilation("true", 1, 100, CPU).compile  # however short, compiler or none
    program(path, "g++")
    plan = plan_compilation("false", 10**9, 100, CPU)
    assert not plan.compile
    assert plan.reason == "trainer.compile=false"


def test_only_small_programs_of_long_runs_are_unrolled_whether_compiled_or_not() -> None:
    for setting in ("true", "false"):  # the same steps a call, so that a block of steps means the same
        small, large = (
            plan_compilation(setting, STEPS_WORTH_UNROLLING, SMALL_NUMBERS + extra, CPU) for extra in (0, 1)
        )
        assert small.steps_per_call == UNROLLED_STEPS
        assert large.steps_per_call == 1
        assert plan_compilation(setting, STEPS_WORTH_UNROLLING - 1, SMALL_NUMBERS, CPU).steps_per_call == 1


def test_the_tutorials_run_is_unrolled_and_a_fifth_of_it_is_not() -> None:
    assert plan_compilation("true", 93_750, 231, CPU).steps_per_call == UNROLLED_STEPS
    assert plan_compilation("true", 18_750, 231, CPU).steps_per_call == 1


def test_what_is_not_compiled_is_traced_where_that_pays(path: Path) -> None:
    for setting in ("auto", "false"):  # no compiler is there
        assert not plan_compilation(setting, STEPS_WORTH_TRACING - 1, 100, CPU).trace
        plan = plan_compilation(setting, LONG, 100, CPU)
        assert plan.trace
        assert not plan.compile
        assert plan_compilation(setting, STEPS_WORTH_TRACING, 100, CPU).trace
    assert plan_compilation("true", 1, 100, CPU).trace


@pytest.fixture
def two_threads() -> None:
    torch.set_num_threads(2)  # conftest gives them back


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


@pytest.mark.parametrize(
    ("replicas", "threads", "shards"),
    [(8, 2, 2), (8, 1, 1), (7, 2, 1), (3, 3, 3), (12, 8, 4), (10, 4, 2), (64, 64, MOST_SHARDS), (9, 6, 3)],
)
def test_equal_shards_that_leave_no_thread_over(replicas: int, threads: int, shards: int) -> None:
    torch.set_num_threads(threads)
    numbers = replicas * (SMALL_NUMBERS + 1)
    assert shards_for(replicas, numbers, CPU) == shards
    assert shards_for(replicas, numbers, CUDA) == 1


@pytest.mark.usefixtures("two_threads")
def test_no_shard_is_small() -> None:
    assert shards_for(32, 2 * SMALL_NUMBERS + 2, CPU) == 2
    assert shards_for(32, 2 * SMALL_NUMBERS, CPU) == 1
    assert shards_for(2, 1, CPU) == 1
