"""Errors that say that memory did not suffice: PyTorch's allocator for the CPU has no class of its own for them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

WORDS = ("DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory", "std::bad_alloc")
"""In messages of PyTorch's RuntimeError."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in WORDS)


def asked_for(error: BaseException) -> str:
    """How much memory was asked for in vain, where an error says so, else the first line of its message."""
    found = re.search(r"tried to allocate ([\d.]+) ?(\w+)", str(error), re.IGNORECASE)
    if found is None:
        return (str(error).splitlines() or [""])[0]
    number, unit = found.groups()
    return f"{int(number) / 2**30:.3g} GiB asked for" if unit == "bytes" else f"{number} {unit} asked for"


@contextmanager
def memory_errors() -> Iterator[None]:
    """Within it, whatever says that memory did not suffice is raised as a MemoryError, its message one line."""
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryError(asked_for(error)) from error
