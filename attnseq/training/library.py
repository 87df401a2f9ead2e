"""A program as a shared library that AOTInductor makes, and many calls of it in a row without Python.

    library_path -> trace_steps -> compile_library -> Library.run

A call from Python takes as long as all kernels of a small model, and holds Python's lock. Here a loop in C++
(`calls.cpp`) makes the calls: one of an MLP takes half the time, and threads can each train a part of a population.
Libraries are kept beside the compiler's cache; who wants one that another process is compiling waits for it.
"""

import ctypes
import hashlib
import json
import os
import platform
import subprocess
import tempfile
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from torch import Tensor
from torch.fx import GraphModule

from attnseq.training import program as tracing
from attnseq.training.cache import cache_folder
from attnseq.training.compiling import compiler
from attnseq.training.headers import precompile_headers
from attnseq.training.memory import collection_paused

SOURCE = Path(__file__).with_name("calls.cpp")

FUNCTIONS = {
    "from_blob": "aoti_torch_create_tensor_from_blob",
    "another_handle": "aoti_torch_new_tensor_handle",
    "delete_handle": "aoti_torch_delete_tensor_object",
    "run": "AOTInductorModelContainerRunSingleThreaded",
}
"""Fields of `Functions` in calls.cpp, and what they point to in PyTorch's C interface."""


class _Functions(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in FUNCTIONS]


class _Argument(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("stride", ctypes.c_int64),
        ("dimensions", ctypes.c_int64),
        ("sizes", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("dtype", ctypes.c_int32),
    ]


class Library:
    """A compiled program, which any number of threads can call at a time.

    Args:
        path: of the shared library.
        loop: of the compiled `calls.cpp`.

    Raises:
        OSError, AttributeError: a file cannot be loaded, or lacks a function.
    """

    def __init__(self, path: Path, loop: Path):
        # ctypes lets go of Python's lock while it calls; PyTorch's functions are found through the library linked to it
        self._library, self._loop = ctypes.CDLL(str(path)), ctypes.CDLL(str(loop))
        self._functions = _Functions(
            *(ctypes.cast(self._library[name], ctypes.c_void_p) for name in FUNCTIONS.values())
        )
        self._halted = ctypes.c_int32(0)
        self._of_thread = threading.local()
        self._programs: list[ctypes.c_void_p] = []
        weakref.finalize(self, _delete, self._library, self._programs).atexit = False

    def run(self, lasting: Sequence[Tensor], calls: Sequence[Tensor]) -> None:
        """Call the program with the values of each call in turn.

        Args:
            lasting: the first arguments, the same for all calls, which may change them; contiguous, on the CPU.
            calls: the other arguments: call n takes `tensor[n]`, which is contiguous.

        Raises:
            RuntimeError: a call failed; the message is PyTorch's.
        """
        arguments = [self._argument(tensor, 0) for tensor in lasting]
        arguments += [self._argument(tensor[0], tensor.stride(0) * tensor.element_size()) for tensor in calls]
        row = (_Argument * len(arguments))(*arguments)
        counts = ctypes.c_int64(len(row)), ctypes.c_int64(len(calls[0]))
        halted = ctypes.byref(self._halted)
        self._check(self._loop.run_calls(ctypes.byref(self._functions), self._program(), row, *counts, halted))

    def halt(self) -> None:
        """Have all threads end after the call that they are in, for good."""
        self._halted.value = 1

    def _program(self) -> ctypes.c_void_p:
        """An instance of the program for this thread."""
        if not hasattr(self._of_thread, "program"):
            program = ctypes.c_void_p()
            create = self._library.AOTInductorModelContainerCreateWithDevice
            self._check(create(ctypes.byref(program), ctypes.c_size_t(1), b"cpu", None))
            self._of_thread.program = program
            self._programs.append(program)
        return self._of_thread.program

    def _check(self, status: int) -> None:
        """Raise what PyTorch says of the last call of this thread, where it failed."""
        if not status:
            return
        text = ctypes.c_char_p()
        if hasattr(self._library, "AOTInductorGetLastError"):  # since PyTorch 2.12 or so
            self._library.AOTInductorGetLastError(ctypes.byref(text))
        said = [text.value or b""]
        if hasattr(self._library, "torch_exception_get_what_without_backtrace"):
            what = self._library.torch_exception_get_what_without_backtrace
            what.restype = ctypes.c_char_p
            said.append(what() or b"")
        why = "; ".join(each.decode(errors="replace").strip() for each in said if each.strip())
        raise RuntimeError(f"a compiled program failed: {why or 'see the lines above'}")

    def _argument(self, values: Tensor, stride: int) -> _Argument:
        if not values.is_contiguous() or values.device.type != "cpu":
            raise ValueError(f"a program takes contiguous tensors on the CPU, not {values.stride()} on {values.device}")
        sizes, strides = ((ctypes.c_int64 * values.dim())(*numbers) for numbers in (values.shape, values.stride()))
        dtype = self._library[f"aoti_torch_dtype_{str(values.dtype).removeprefix('torch.')}"]()
        return _Argument(values.data_ptr(), stride, values.dim(), sizes, strides, dtype)


def library_path(digest: str, example: Sequence[Tensor], options: Mapping[str, Any]) -> Path:
    """Where the library of a program is, or will be.

    Args:
        digest: of the program's operations, see `fingerprint.digest`.
        example: its arguments, with the shapes and types of every later call.
        options: see `torch._inductor.config`.
    """
    layouts = [(list(value.shape), value.stride(), str(value.dtype)) for value in example]
    made_by = [torch.__version__, torch.version.git_version, _compiler_version(), _processor()]
    ours = [hashlib.sha256(Path(str(file)).read_bytes()).hexdigest() for file in (__file__, tracing.__file__)]
    text = json.dumps([digest, layouts, sorted(options.items()), made_by, ours])
    return cache_folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.so"


@collection_paused()
def compile_library(
    path: Path, trace: Callable[[], GraphModule], example: Sequence[Tensor], options: Mapping[str, Any]
) -> float:
    """Compile a program by AOTInductor for the CPU, unless its library is there.

    Args:
        path: of the library; it is whole or not there.
        trace: makes the program, see `trace_steps`.
        example: its arguments, with the shapes and types of every later call; not changed.
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
        for node in traced.graph.nodes:  # AOTInductor wants them of one fake mode, and finds them where there are none
            node.meta.clear()
        from torch._inductor import aot_compile

        with tempfile.TemporaryDirectory(dir=path.parent) as scratch, torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of PyTorch about itself
            made = aot_compile(traced, tuple(example), options={**options, "aot_inductor.output_path": scratch})
            _move(Path(str(made)), path)
        return time.perf_counter() - began


def load_library(path: Path) -> Library:
    """A compiled program, ready to be called.

    Args:
        path: of the library, which is there.

    Raises:
        Exception: the loop that calls it cannot be compiled, a file cannot be loaded.
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
    except (OSError, AttributeError):  # cut off by a power failure, say: made anew the next time
        for file in (path, loop):
            file.unlink(missing_ok=True)
        raise


def _move(made: Path, path: Path) -> None:
    """Put a file into its place when all of it has reached the disk."""
    with made.open("rb+") as file:
        os.fsync(file.fileno())
    made.replace(path)


def _compiler_version() -> str:
    try:
        return subprocess.run([compiler(), "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _processor() -> str:
    """What processors are told apart by whose instructions differ, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    told = next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
    return f"{platform.system()} {platform.machine()} {told}"


def _delete(program: ctypes.CDLL, instances: Sequence[ctypes.c_void_p]) -> None:
    for instance in instances:
        program.AOTInductorModelContainerDelete(instance)
