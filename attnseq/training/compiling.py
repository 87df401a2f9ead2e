"""Whether a population's program is compiled, and how: steps a call, threads, shards, compiler options."""

import importlib.util
import math
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch

from attnseq.training.plain_paths import not_plain, written_to

# tracing takes a second or two and saves several milliseconds a step
STEPS_WORTH_TRACING = 500

# compiling takes 15 to 20 s the first time for a small program and a minute for a large one, and saves three
# milliseconds more of a step of a small one, twenty of a large one
STEPS_WORTH_COMPILING_SMALL = 6_000
STEPS_WORTH_COMPILING_LARGE = 3_000

# of a small program two steps are unrolled into one call, whose own overhead is then shared among them; of a
# large one the overhead is small beside the arithmetic, and unrolling would only make compilation longer
UNROLLED_STEPS = 2
SMALL_NUMBERS = 16_384
# compiling two steps instead of one takes 4 to 5 s more the first time, half a second where the program is in the
# cache, and saves 0.04 to 0.05 ms a step, for an MLP alone and for 32 of them: it pays after 80,000 to 125,000 steps,
# after 10,000 to 12,500 where the program is in the cache
STEPS_WORTH_UNROLLING = 80_000

# their calls share Python's lock: some 0.05 ms of the 1 to 4 ms that a call for one to four LSTMs takes; measured with
# two threads, where shards of a small program gained nothing
MOST_SHARDS = 4

# from this version on, g++ and clang++ know every instruction set of x86 that Inductor looks for (AMX is the newest)
COMPILER_OF_ALL_SETS = 11


# g++ and clang++, MSVC ("fatal error C1083: ..."), ld
COMPILER_ERROR = re.compile(r"\berror( [A-Z]+\d+)?: |cannot find -l|undefined reference")
# an OSError that names no file, as of a disk that is full
NAMELESS_FILE = re.compile(r"\[Errno \d+\] [^:]*$")


class CompilePlan(NamedTuple):
    """Whether to compile; if not, why, in one line; whether to trace; steps a call; options for the compiler."""

    compile: bool
    reason: str
    trace: bool
    steps_per_call: int
    options: Mapping[str, bool | int]


def missing_compiler(device: torch.device) -> str:
    """What the compiler of programs lacks for `device`, in words; "" where nothing is missing."""
    if device.type == "cuda":
        return "" if importlib.util.find_spec("triton") else "triton, which it needs on CUDA, is not installed"
    compiler = _compiler()
    if not shutil.which(compiler):
        return f"no C++ compiler ({compiler}, or another named by CXX) is on the PATH"
    if not _has_python_headers():
        where, package = sysconfig.get_path("include"), f"python{sysconfig.get_python_version()}-dev"
        return f"Python.h, which the compiler needs, is not in {where} (Debian and Ubuntu: apt install {package})"
    return ""


def _compiler() -> str:
    """The C++ compiler that Inductor takes."""
    usual = {"win32": "cl", "darwin": "clang++"}
    return os.environ.get("CXX") or usual.get(sys.platform, "g++")


def _has_python_headers() -> bool:
    """Whether this Python's C headers are where Inductor looks; Debian has them in a package of their own."""
    scheme = "nt" if sys.platform == "win32" else "posix_prefix"
    folders = [sysconfig.get_path("include"), sysconfig.get_path("include", scheme)]
    if sys.platform == "darwin":  # a framework's, which its `include` may not name
        folders.append(str(Path(sysconfig.get_path("stdlib")).parent.parent / "Headers"))
    return any((Path(folder) / "Python.h").exists() for folder in folders)


def _is_processor_believed() -> bool:
    """Whether the compiler knows whatever instruction set the processor says it has."""
    if platform.machine() not in ("x86_64", "AMD64") or "TORCHINDUCTOR_VEC_ISA_OK" in os.environ:
        return False
    try:
        answer = subprocess.run([_compiler(), "-dumpversion"], capture_output=True, text=True, timeout=10, check=True)
        return int(answer.stdout.split(".")[0]) >= COMPILER_OF_ALL_SETS
    except (OSError, subprocess.SubprocessError, ValueError):
        return False


def _options(device: torch.device) -> Mapping[str, bool | int]:
    """Options for the compiler, see `torch._inductor.config`."""
    # separate buffers for the pieces of a concatenation: the fused form evaluates every piece for every element
    options: dict[str, bool | int] = {"max_pointwise_cat_inputs": 0}
    if device.type == "cpu":
        options["cpp_wrapper"] = True  # buffers and calls in C++: half the time of a step of a small model
        if _is_processor_believed():
            # no trial of AVX-512 and AVX2, with a run of the compiler and of Python each: here 8 s, cached 3 s
            options["cpp.vec_isa_ok"] = True
        if not shutil.which("openssl"):  # by which Inductor tells whether its precompiled headers are still right
            options["cpp_cache_precompile_headers"] = False
    return options


def plan_compilation(setting: str, steps: int, numbers: int, device: torch.device) -> CompilePlan:
    """Decide about compilation.

    Args:
        setting: "true", "false", or "auto": where the run is long enough to pay for it and a compiler is there.
        steps: optimizer steps of the whole run, so that a resumed one is treated as the uninterrupted one.
        numbers: parameters of all replicas together.
        device: where the program runs.

    Returns:
        The plan. With "true" a missing compiler is found out by the compiler.
    """
    small = numbers <= SMALL_NUMBERS
    worth_compiling = STEPS_WORTH_COMPILING_SMALL if small else STEPS_WORTH_COMPILING_LARGE
    reason = ""
    if setting == "false":
        reason = "trainer.compile=false"
    elif setting == "auto":
        if steps < worth_compiling:
            reason = f"{steps:,} steps are too few to pay for it (trainer.compile=true compiles all the same)"
        else:
            reason = missing_compiler(device)
    trace = not reason or steps >= STEPS_WORTH_TRACING
    unrolled = UNROLLED_STEPS if small and steps >= STEPS_WORTH_UNROLLING else 1
    return CompilePlan(not reason, reason, trace, unrolled, {} if reason else _options(device))


def why_compilation_failed(error: Exception) -> str:
    """In one line: the first error of a C++ compiler or linker where there is one, else the message's first line.

    Where no file is named that could not be written, the folders are; and paths that its command line does not stand.
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    line = next((line.strip() for line in lines if COMPILER_ERROR.search(line)), lines[0])
    if NAMELESS_FILE.search(line):
        line += f"; the compiler writes to {' and '.join(written_to())}"
    return line + "".join(f"; the cause may be the space, quote or backslash in {path}" for path in not_plain())


def shards_for(replicas: int, numbers: int, device: torch.device) -> int:
    """Shards that a compiled population is trained in, see `attnseq.training.shards`; 1 where it is not cut.

    All are of the same size, as each size is a program of its own, and no thread is left over.

    Args:
        replicas: of the population.
        numbers: parameters of all replicas together.
        device: where the program runs.
    """
    if device.type != "cpu":
        return 1
    most = min(MOST_SHARDS, numbers // (SMALL_NUMBERS + 1))
    both = math.gcd(replicas, torch.get_num_threads())
    return max(shards for shards in range(1, max(1, most) + 1) if both % shards == 0)


@contextmanager
def threads_for(parts: int, device: torch.device) -> Iterator[None]:
    """Within it, as many CPU threads as the work has parts, and no more than before.

    The work of a step is divided by replicas; a second thread slows a population of one down.
    """
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(max(1, min(before, parts)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
