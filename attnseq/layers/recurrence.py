"""Loops over time whose length leaves the compiled program: the cell is compiled once, however many steps there are.

Shapes: T steps; M rows of a product's first factor, L its columns, G the columns of the second factor;
`torch.vmap` puts a population axis before a step's tensors.

Written as a Python loop, a recurrence is traced step by step, and compiling takes as much longer as there are steps.
Here the traced program holds one call of PyTorch's `scan`, which the compiler turns into a loop in C++ around the
cell's kernels. Its gradient is a second such loop, backwards, in which the cell's pointwise operations are computed
anew; its products with weights are not: their results are kept, and a weight's gradient comes from one product at the
end, as in `layers.lstm`. Where nothing is traced, it is the Python loop, with autograd's own gradients.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from attnseq.layers.traced_scan import Cell, Product, Tensors, TracedScan

__all__ = ["Cell", "Product", "Tensors", "is_repeated", "is_traced", "repeated", "scan", "scan_loop", "written_out"]

_repeated = ContextVar("repeated", default=False)
_written_out = ContextVar("written_out", default=False)


@contextmanager
def repeated(is_repeated: bool) -> Iterator[None]:
    """Mark operations that a traced program does not hold, as they are of a loop's step after the first."""
    token = _repeated.set(is_repeated or _repeated.get())
    try:
        yield
    finally:
        _repeated.reset(token)


@contextmanager
def written_out() -> Iterator[None]:
    """Write loops out step by step in what is traced inside the block: a program for others, who lack our loop."""
    token = _written_out.set(True)
    try:
        yield
    finally:
        _written_out.reset(token)


def is_traced() -> bool:
    """Tell whether a program is being traced in which a loop stays one operation."""
    return get_proxy_mode() is not None and not _written_out.get()


def is_repeated() -> bool:
    """Tell whether operations are marked as `repeated`."""
    return _repeated.get()


def scan(
    cell: Cell,
    carry: Tensors,
    inputs: Tensors,
    weights: Tensors = (),
    shared: Tensors = (),
    fixed: Tensors = (),
) -> tuple[Tensors, Tensors]:
    """Run a cell over all steps.

    Args:
        cell: one step.
        carry: before the first step.
        inputs: a step's tensors, each with an axis T before the others; at least one.
        weights: of the cell's products, LxG, or with axes before these that x has, too.
        shared: constants with a gradient, which is summed up over the steps.
        fixed: constants without one; the cell's constants are `shared`, then `fixed`.

    Returns:
        The carry after the last step, and the outputs, each with an axis T before the others.
    """
    if not is_traced():
        return _loop(cell, carry, inputs, weights, (*shared, *fixed))
    counts = len(carry), len(inputs), len(weights), len(shared)
    results: Tensors = TracedScan.apply(cell, counts, *carry, *inputs, *weights, *shared, *fixed)
    return results[: len(carry)], results[len(carry) : len(results) - len(carry) - len(weights)]


def _loop(cell: Cell, carry: Tensors, inputs: Tensors, weights: Tensors, constants: Tensors) -> tuple[Tensors, Tensors]:
    """Run a cell step by step."""
    outputs = []
    for number, step in enumerate(zip(*(value.unbind(0) for value in inputs), strict=True)):
        with repeated(number > 0):
            carry, output = cell(carry, step, constants, lambda weight, x: x @ weights[weight])
        outputs.append(output)
    return carry, tuple(torch.stack(column) for column in zip(*outputs, strict=True))


def scan_loop(
    step: Callable[..., Sequence[Tensor]],
    carry: Sequence[Tensor],
    inputs: Sequence[Tensor],
    constants: Sequence[Tensor],
) -> Tensors:
    """Do what PyTorch's `scan` does, step by step: (carry, inputs with an axis T, constants) -> (carry, outputs)."""
    outputs = []
    for its_inputs in zip(*(value.unbind(0) for value in inputs), strict=True):
        results = step(*carry, *its_inputs, *constants)
        carry = results[: len(carry)]
        outputs.append(results[len(carry) :])
    return *carry, *(torch.stack(column) for column in zip(*outputs, strict=True))
