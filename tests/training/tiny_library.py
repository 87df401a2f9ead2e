"""A tiny program, which libraries are made of."""

from pathlib import Path

import torch
from torch import Tensor
from torch.fx import GraphModule

from attnseq.training import program as tracing
from attnseq.training.compiling import options_for
from attnseq.training.library import compile_library

CPU = torch.device("cpu")
LENGTH = 40


def program(state: Tensor, factor: Tensor, values: Tensor, counts: Tensor) -> tuple[()]:
    """The order of calls counts, and all types and shapes that training needs come along."""
    state.copy_(factor * torch.sin(state) + values + counts.sum())
    return ()


EXAMPLE = [
    torch.zeros(LENGTH),
    torch.zeros((), dtype=torch.float64),
    torch.zeros(LENGTH),
    torch.zeros(2, 3, dtype=torch.uint8),
]


def trace() -> GraphModule:
    return tracing.trace(program, EXAMPLE)


def compile_tiny(folder: Path) -> Path:
    """The library of the program, made anew in a folder."""
    path = folder / "program.so"
    assert compile_library(path, trace, EXAMPLE, options_for(CPU)) > 0
    return path
