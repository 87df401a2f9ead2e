"""Many calls of a compiled program in a row, without Python.

A call from Python takes as long as all kernels of a small model, and holds Python's lock. Here a loop in C++
(`calls.cpp`) makes the calls: one of an MLP takes half the time, and threads can each train a part of a population.
"""

import ctypes
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

SOURCE = Path(__file__).with_name("calls.cpp")
"""Source of the loop."""

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
        # ctypes releases Python's lock during calls; the library at `path` links to PyTorch's functions
        self._library, self._loop = ctypes.CDLL(str(path)), ctypes.CDLL(str(loop))
        self._functions = _Functions(
            *(ctypes.cast(self._library[name], ctypes.c_void_p) for name in FUNCTIONS.values())
        )
        self._halted = ctypes.c_int32(0)
        self._of_thread = threading.local()
        self._programs: list[ctypes.c_void_p] = []
        weakref.finalize(self, _delete, self._library, self._programs).atexit = False

    def run(self, lasting: Sequence[Tensor], calls: Sequence[Tensor]) -> None:
        """Make calls of the program, one after the other.

        Args:
            lasting: the first arguments, the same for all calls, which may change them; contiguous, on the CPU.
            calls: tensors of the other arguments: call n takes `tensor[n]`, which is contiguous.

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
        """Make all threads stop for good after the call that they are in."""
        self._halted.value = 1

    def _program(self) -> ctypes.c_void_p:
        """Return this thread's instance of the program; make it at the first call."""
        if not hasattr(self._of_thread, "program"):
            program = ctypes.c_void_p()
            create = self._library.AOTInductorModelContainerCreateWithDevice
            self._check(create(ctypes.byref(program), ctypes.c_size_t(1), b"cpu", None))
            self._of_thread.program = program
            self._programs.append(program)
        return self._of_thread.program

    def _check(self, status: int) -> None:
        """Raise PyTorch's message where this thread's last call failed."""
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


def _delete(program: ctypes.CDLL, instances: Sequence[ctypes.c_void_p]) -> None:
    for instance in instances:
        program.AOTInductorModelContainerDelete(instance)
