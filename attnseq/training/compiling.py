"""The compiler of programs: whether it is there, the options it is called with, and why it failed."""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from attnseq.training.plain_paths import not_plain, written_to

# unroll two steps of a small program into one call on CUDA, so that they share the call's overhead
UNROLLED_STEPS = 2
SMALL_NUMBERS = 16_384
STEPS_WORTH_UNROLLING = 80_000

# from this version on, g++ and clang++ know every instruction set of x86 that Inductor looks for (AMX is the newest)
COMPILER_OF_ALL_SETS = 11


# errors of g++ and clang++, MSVC ("fatal error C1083: ..."), ld
COMPILER_ERROR = re.compile(r"\berror( [A-Z]+\d+)?: |cannot find -l|undefined reference")
# an OSError that names no file, such as that of a full disk
NAMELESS_FILE = re.compile(r"\[Errno \d+\] [^:]*$")


def missing_compiler(device: torch.device) -> str:
    """Say what the compiler of programs lacks for `device`; "" where nothing is missing."""
    if device.type == "cuda":
        return "" if importlib.util.find_spec("triton") else "triton, which it needs on CUDA, is not installed"
    if not shutil.which(compiler()):
        return f"no C++ compiler ({compiler()}, or another named by CXX) is on the PATH"
    return ""


def compiler() -> str:
    """Return the C++ compiler that Inductor uses."""
    usual = {"win32": "cl", "darwin": "clang++"}
    return os.environ.get("CXX") or usual.get(sys.platform, "g++")


def _is_processor_believed() -> bool:
    """Tell whether the compiler knows every instruction set that the processor may report."""
    if platform.machine() not in ("x86_64", "AMD64") or "TORCHINDUCTOR_VEC_ISA_OK" in os.environ:
        return False
    try:
        answer = subprocess.run([compiler(), "-dumpversion"], capture_output=True, text=True, timeout=10, check=True)
        return int(answer.stdout.split(".")[0]) >= COMPILER_OF_ALL_SETS
    except (OSError, subprocess.SubprocessError, ValueError):
        return False


def options_for(device: torch.device) -> dict[str, bool | int]:
    """Choose the compiler's options, see `torch._inductor.config`."""
    # keep separate buffers for the pieces of a concatenation: the fused form evaluates every piece for every element
    options: dict[str, bool | int] = {"max_pointwise_cat_inputs": 0}
    if device.type == "cpu":
        options["cpp.threads"] = 1  # shards fill the cores; threads would wait for each other after each kernel
        if _is_processor_believed():
            # skip the trials of AVX-512 and AVX2, which run the compiler and Python: here 8 s, cached 3 s
            options["cpp.vec_isa_ok"] = True
        if not shutil.which("openssl"):  # Inductor needs it to tell whether its precompiled headers are still right
            options["aot_inductor.precompile_headers"] = False
    return options


def steps_per_call(steps: int, numbers: int, device: torch.device) -> int:
    """Decide how many steps one call takes, the same for a compiled program and any other, so that blocks agree.

    Args:
        steps: of the whole run.
        numbers: parameters of all replicas together.
        device: where the program runs.
    """
    unrolled = device.type != "cpu" and numbers <= SMALL_NUMBERS and steps >= STEPS_WORTH_UNROLLING
    return UNROLLED_STEPS if unrolled else 1


def why_compilation_failed(error: Exception) -> str:
    """Say in one line why compilation failed: the compiler's or linker's first error, else the message's first line.

    Where an error of writing names no file, the folders are added; so are paths that break the command line.
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    line = next((line.strip() for line in lines if COMPILER_ERROR.search(line)), lines[0])
    if NAMELESS_FILE.search(line):
        line += f"; the compiler writes to {' and '.join(written_to())}"
    return line + "".join(f"; the cause may be the space, quote or backslash in {path}" for path in not_plain())


@contextmanager
def at_most_threads(number: int, device: torch.device) -> Iterator[None]:
    """Limit the threads of each operation on the CPU to this number inside the block; never raise them.

    The operations of a small model's step are too short for more than one.
    """
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(max(1, min(before, number)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
