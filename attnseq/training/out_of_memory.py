"""Recognising errors of memory: PyTorch's allocator for the CPU raises them as plain RuntimeErrors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

WORDS = ("DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory", "std::bad_alloc")
"""Words in messages of PyTorch's RuntimeError."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory did not suffice."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in WORDS)


def asked_for(error: BaseException) -> str:
    """Say how much memory was asked for in vain, or else return the first line of the error's message."""
    found = re.search(r"tried to allocate ([\d.]+) ?(\w+)", str(error), re.IGNORECASE)
    if found is None:
        return (str(error).splitlines() or [""])[0]
    number, unit = found.groups()
    return f"{int(number) / 2**30:.3g} GiB asked for" if unit == "bytes" else f"{number} {unit} asked for"


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn errors of memory inside the block into a MemoryError whose message is one line."""
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryError(asked_for(error)) from error
