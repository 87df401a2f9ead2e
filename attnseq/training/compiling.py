"""Whether a population's program is compiled, and how: steps a call, threads, compiler options."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import torch

# tracing takes a second or two and saves several milliseconds a step
STEPS_WORTH_TRACING = 500

# compiling takes 10 to 60 s and saves two milliseconds more of a step of a small program, twenty of a large one
STEPS_WORTH_COMPILING_SMALL = 15_000
STEPS_WORTH_COMPILING_LARGE = 4_000

# of a small program several steps are unrolled into one call, whose own overhead is then shared among them; of a
# large one the overhead is small beside the arithmetic, and unrolling would only make compilation longer
UNROLLED_STEPS = 4
SMALL_NUMBERS = 16_384
# compiling four steps instead of one takes 15 to 22 s more the first time and saves 0.16 to 0.18 ms a step, for an MLP
# alone and for 32 of them: it pays after 84,000 to 134,000 steps, and from the first where the program is in the cache
STEPS_WORTH_UNROLLING = 80_000


class CompilePlan(NamedTuple):
    """Whether to compile; if not, why, in one line; whether to trace; steps a call; options for `torch.compile`."""

    compile: bool
    reason: str
    trace: bool
    steps_per_call: int
    options: Mapping[str, bool | int]


def missing_compiler(device: torch.device) -> str:
    """What `torch.compile` lacks for `device`, in words; "" where nothing is missing."""
    if device.type == "cuda":
        return "" if importlib.util.find_spec("triton") else "triton, which it needs on CUDA, is not installed"
    names = ["cl"] if sys.platform == "win32" else ["g++", "clang++", "c++"]
    found = any(shutil.which(name) for name in os.environ.get("CXX", "").split()[-1:] + names)
    return "" if found else "no C++ compiler (g++ or clang++) is on the PATH"


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
    # separate buffers for the pieces of a concatenation: the fused form evaluates every piece for every element
    options: dict[str, bool | int] = {"max_pointwise_cat_inputs": 0}
    if device.type == "cpu":
        options["cpp_wrapper"] = True  # buffers and calls in C++: half the time of a step of a small model
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
    return CompilePlan(not reason, reason, trace, unrolled, options)


@contextmanager
def threads_for(replicas: int, device: torch.device) -> Iterator[None]:
    """Within it, as many CPU threads as there are replicas to share them, and no more than before.

    The work of a step is divided by replicas; a second thread slows a population of one down.
    """
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(max(1, min(before, replicas)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
