"""A program as a shared library that AOTInductor makes: where it lies, and how it is made and loaded.

    library_path -> trace_steps -> compile_library -> load_library -> Library.run

Libraries are kept beside the compiler's cache. A process that needs one which another is compiling waits for it.
"""

import hashlib
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import torch
from filelock import FileLock
from torch import Tensor
from torch._guards import TracingContext
from torch._guards import tracing as tracing_context
from torch.fx import GraphModule

from attnseq.layers import lstm, recurrence, traced_scan
from attnseq.training import program as tracing
from attnseq.training.cache import cache_folder
from attnseq.training.calls import SOURCE, Library
from attnseq.training.compiling import compiler
from attnseq.training.headers import precompile_headers
from attnseq.training.memory import collection_paused

OURS = tuple(str(file) for file in (__file__, *(each.__file__ for each in (tracing, lstm, recurrence, traced_scan))))
"""Files that decide what a program is compiled to, besides its operations as written: loops are traced in their way."""


def library_path(digest: str, example: Sequence[Tensor], options: Mapping[str, Any]) -> Path:
    """Return where the library of a program is, or will be.

    Args:
        digest: of the program's operations, see `fingerprint.digest`.
        example: the program's arguments, with the shapes and types of every later call.
        options: see `torch._inductor.config`.
    """
    layouts = [(list(value.shape), value.stride(), str(value.dtype)) for value in example]
    made_by = [torch.__version__, torch.version.git_version, _compiler_version(), _processor()]
    ours = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in OURS]
    text = json.dumps([digest, layouts, sorted(options.items()), made_by, ours])
    return cache_folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.so"


@collection_paused()
def compile_library(
    path: Path, trace: Callable[[], GraphModule], example: Sequence[Tensor], options: Mapping[str, Any]
) -> float:
    """Compile a program by AOTInductor for the CPU, unless its library exists.

    Args:
        path: of the library; it is whole or not there.
        trace: makes the program, see `trace_steps`.
        example: the program's arguments, with the shapes and types of every later call; not changed.
        options: see `torch._inductor.config`.

    Returns:
        Seconds that it took; 0 where the library was there, or another process made it.

    Raises:
        Exception: whatever the compilers raise.
    """
    if path.exists():
        return 0.0
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if path.exists():
            return 0.0
        began = time.perf_counter()
        precompile_headers(options)
        traced = trace()
        from torch._inductor import aot_compile

        context = tracing_context(TracingContext(tracing.fake_mode(traced)))
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch, torch.no_grad(), context, catch_warnings():
            simplefilter("ignore", FutureWarning)  # of PyTorch about itself
            all_options = {**tracing.options_of(traced, options), "aot_inductor.output_path": scratch}
            made = aot_compile(traced, tuple(example), options=all_options)
            _move(Path(str(made)), path)
        return time.perf_counter() - began


def load_library(path: Path) -> Library:
    """Load a compiled program, ready to be called.

    Args:
        path: of the library, which exists.

    Raises:
        Exception: the loop that calls it cannot be compiled, or a file cannot be loaded.
    """
    command = [compiler(), "-O2", "-std=c++17", "-shared", "-fPIC"]
    made_by = json.dumps([*command, _compiler_version(), _processor()])
    digest = hashlib.sha256(SOURCE.read_bytes() + made_by.encode()).hexdigest()[:32]
    loop = path.parent / f"{digest}.so"
    if not loop.exists():
        with FileLock(f"{loop}.lock"), tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            made = Path(scratch) / "calls.so"
            done = subprocess.run([*command, str(SOURCE), "-o", str(made)], capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(done.stderr)
            _move(made, loop)
    try:
        return Library(path, loop)
    except (OSError, AttributeError):  # remove what a power failure, say, has cut off: the next call makes it anew
        for file in (path, loop):
            file.unlink(missing_ok=True)
        raise


def _move(made: Path, path: Path) -> None:
    """Put a file into its place once all of it has reached the disk."""
    with made.open("rb+") as file:
        os.fsync(file.fileno())
    made.replace(path)


def _compiler_version() -> str:
    try:
        return subprocess.run([compiler(), "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _processor() -> str:
    """Describe the processor by its instructions, as far as the system lists them: programs depend on these."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    told = next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
    return f"{platform.system()} {platform.machine()} {told}"
