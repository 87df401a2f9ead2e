"""Whether to compile, with the reason where not; threads are given back."""

import sys
import tempfile
from pathlib import Path

import pytest
import torch

from attnseq.training import compiling
from attnseq.training.compiling import (
    SMALL_NUMBERS,
    STEPS_WORTH_UNROLLING,
    UNROLLED_STEPS,
    at_most_threads,
    missing_compiler,
    options_for,
    steps_per_call,
    why_compilation_failed,
)

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is the whole PATH, empty at first; no compiler is named elsewhere."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    return tmp_path


def program(folder: Path, name: str, says: str = "") -> Path:
    """A program in `folder` that prints `says`, whatever it is asked."""
    file = folder / (f"{name}.exe" if sys.platform == "win32" else name)
    file.write_text(f"#!/bin/sh\necho {says}\n")
    file.chmod(0o755)
    return file


def test_without_a_compiler_its_name_is_told(path: Path) -> None:
    assert missing_compiler(CPU).startswith("no C++ compiler (")
    program(path, "g++")
    assert sys.platform != "linux" or missing_compiler(CPU) == ""


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
    assert missing_compiler(CPU) == ""
    monkeypatch.setenv("CXX", str(path / "elsewhere" / "not-there"))
    assert "not-there" in missing_compiler(CPU)


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
        assert options_for(CPU).get("cpp.vec_isa_ok", False) is (trusted and machine == "x86_64")
    monkeypatch.setattr(compiling.platform, "machine", lambda: "x86_64")
    monkeypatch.setenv("TORCHINDUCTOR_VEC_ISA_OK", "0")  # the user's word stands
    assert "cpp.vec_isa_ok" not in options_for(CPU)


@pytest.mark.skipif(sys.platform == "win32", reason="openssl is a shell script in this test")
def test_headers_are_not_precompiled_without_the_command_that_checks_them(path: Path) -> None:
    program(path, "g++")
    assert options_for(CPU)["aot_inductor.precompile_headers"] is False
    program(path, "openssl")
    assert "aot_inductor.precompile_headers" not in options_for(CPU)


def test_on_cuda_triton_is_what_is_needed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda name: None)
    assert "triton" in missing_compiler(CUDA)
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda name: object() if name == "triton" else None)
    assert missing_compiler(CUDA) == ""
    assert options_for(CUDA) == {"max_pointwise_cat_inputs": 0}


def test_only_small_programs_of_long_runs_are_unrolled_and_only_on_cuda() -> None:
    assert steps_per_call(STEPS_WORTH_UNROLLING, SMALL_NUMBERS, CUDA) == UNROLLED_STEPS
    assert steps_per_call(STEPS_WORTH_UNROLLING, SMALL_NUMBERS + 1, CUDA) == 1
    assert steps_per_call(STEPS_WORTH_UNROLLING - 1, SMALL_NUMBERS, CUDA) == 1
    assert steps_per_call(STEPS_WORTH_UNROLLING, SMALL_NUMBERS, CPU) == 1


def test_no_more_threads_than_said_and_none_taken_away_for_good() -> None:
    torch.set_num_threads(2)  # conftest gives them back
    for number, threads in ((1, 1), (2, 2), (32, 2), (0, 1)):
        with at_most_threads(number, CPU):
            assert torch.get_num_threads() == threads
        assert torch.get_num_threads() == 2
    with pytest.raises(RuntimeError, match="inside"), at_most_threads(1, CPU):
        raise RuntimeError("inside")
    assert torch.get_num_threads() == 2
    with at_most_threads(1, CUDA):
        assert torch.get_num_threads() == 2
