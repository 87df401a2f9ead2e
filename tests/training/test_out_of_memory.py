"""Errors that say that memory did not suffice, whichever allocator raised them."""

import pytest
import torch

from attnseq.training.out_of_memory import is_out_of_memory, memory_errors

CPU = "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate"


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (RuntimeError(f"{CPU} 68719476736 bytes. Error code 12"), "64 GiB asked for"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has"), "20.00 MiB asked for"),
        (RuntimeError("std::bad_alloc\nmore"), "std::bad_alloc"),
        (MemoryError("of NumPy"), "of NumPy"),
    ],
)
def test_they_are_one_class_and_one_line(error: Exception, asked: str) -> None:
    assert is_out_of_memory(error)
    with pytest.raises(MemoryError) as caught, memory_errors():
        raise error
    assert str(caught.value) == asked


def test_pytorch_still_words_it_so() -> None:
    with pytest.raises(MemoryError, match="GiB asked for"), memory_errors():
        torch.empty(1 << 58, dtype=torch.uint8)


@pytest.mark.parametrize("error", [RuntimeError("shape '[3]' is invalid"), ValueError("memory")])
def test_other_errors_pass(error: Exception) -> None:
    assert not is_out_of_memory(error)
    with pytest.raises(type(error), match=str(error).replace("[", r"\[")), memory_errors():
        raise error
