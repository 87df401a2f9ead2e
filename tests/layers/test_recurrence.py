"""Loops over time that stay one operation: values and gradients of the plain loop, traced, compiled, and under vmap.

Shapes: P replicas, T steps, B batch, H hidden units, L rows of a weight.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.fx import GraphModule

from attnseq.layers.recurrence import Product, Tensors, scan
from attnseq.training.compiling import missing_compiler, options_for
from attnseq.training.eager import for_eager
from attnseq.training.library import compile_library, load_library
from attnseq.training.program import drop_idle, trace

BATCH, UNITS, REPLICAS = 2, 3, 4

SHAPES = {
    "hidden": (BATCH, UNITS),
    "cell": (BATCH, UNITS),
    "real": (0, BATCH, 2),
    "mask": (0, BATCH, 1),
    "matrix": (UNITS + 2, UNITS),
    "batched": (BATCH, UNITS, 4),
    "shared": (BATCH, 4),
    "fixed": (BATCH, 1),
}
"""What `loss` takes; 0 stands for T. Mask and fixed constant are bool."""

NAMES, SMOOTH = list(SHAPES), [n for n, name in enumerate(SHAPES) if name not in ("mask", "fixed")]


def cell(carry: Tensors, inputs: Tensors, constants: Tensors, product: Product) -> tuple[Tensors, Tensors]:
    """Reads all that a cell is given, and returns what it was given, too."""
    (hidden_BxH, cell_BxH), (real_BxI, mask_Bx1), (shared_BxG, fixed_Bx1) = carry, inputs, constants
    new_BxH = torch.tanh(product(0, torch.cat((hidden_BxH, real_BxI), dim=-1)))
    once_BxG, twice_BxG = product(1, torch.stack((new_BxH, new_BxH.square()), dim=-2)).unbind(-2)
    seen_BxG = (once_BxG - 2 * twice_BxG) * shared_BxG
    new_BxH = torch.where(mask_Bx1, new_BxH + seen_BxG[..., 1:], hidden_BxH)
    cell_BxH = torch.where(fixed_Bx1, cell_BxH * torch.sigmoid(new_BxH), cell_BxH + new_BxH)
    return (new_BxH, cell_BxH), (seen_BxG, new_BxH.sum(dim=-1), real_BxI)


def loss(*tensors: Tensor) -> Tensor:
    """Weighs each number that the loop returns, so that no error in a gradient can cancel."""
    hidden, memory, real, mask, matrix, batched, shared, fixed = tensors
    carry, outputs = scan(cell, (hidden, memory), (real, mask), (matrix, batched), (shared,), (fixed,))
    flat = torch.cat([value.flatten() for value in (*carry, *outputs)])
    return (flat * torch.linspace(-1, 2, len(flat), dtype=flat.dtype)).sum() + flat.square().sum()


def example(
    steps: int, replicas: int | None = None, alone: Sequence[str] = (), dtype: torch.dtype = torch.float64
) -> list[Tensor]:
    """Random tensors for `loss`.

    Args:
        steps: T.
        replicas: P, an axis before the others, or None.
        alone: names of those without P.
        dtype: of the real ones.
    """
    numbers, values = torch.Generator().manual_seed(0), []
    for name, sizes in SHAPES.items():
        shape = [size or steps for size in sizes]
        shape = shape if replicas is None or name in alone else [replicas, *shape]
        value = torch.randn(shape, generator=numbers, dtype=torch.float64)
        values.append(value > 0 if name in ("mask", "fixed") else value.to(dtype))
    return values


def gradient(alone: Sequence[str] = (), population: bool = False) -> Callable[..., list[Tensor]]:
    """The loss and its gradients, of a population where it is one, some of whose tensors have no P."""
    function = torch.func.grad_and_value(loss, tuple(SMOOTH))
    if population:
        function = torch.vmap(function, in_dims=tuple(None if name in alone else 0 for name in NAMES))

    def flat(*tensors: Tensor) -> list[Tensor]:
        gradients, value = function(*tensors)
        return [value, *gradients]

    return flat


def assert_same(mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> None:
    for name, one, other in zip(["loss", *(NAMES[n] for n in SMOOTH)], mine, theirs, strict=True):
        assert one.abs().max() > 1e-3, name
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-12, msg=lambda text, name=name: f"{name}: {text}")


def loops(traced: GraphModule) -> list[GraphModule]:
    """The steps of a program's loops."""
    return [module for name, module in traced.named_modules() if name and isinstance(module, GraphModule)]


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_traced_loop_equals_the_plain_one(steps: int) -> None:
    tensors = example(steps)
    traced = trace(gradient(), tensors)
    assert len(loops(traced)) == 2  # forwards and backwards
    assert_same(traced(*tensors), gradient()(*tensors))


@pytest.mark.parametrize(
    "alone",
    [
        (),
        ("real", "mask"),
        ("shared", "fixed"),
        ("hidden", "cell"),
        ("matrix", "batched"),
        ("hidden", "cell", "real", "mask", "shared", "fixed"),
    ],
    ids=["nothing", "inputs", "constants", "carry", "weights", "all but weights"],
)
def test_so_does_that_of_a_population_of_which_replicas_share(alone: Sequence[str]) -> None:
    tensors, function = example(4, REPLICAS, alone), gradient(alone, population=True)
    traced = trace(function, tensors)
    results = traced(*tensors)
    assert_same(results, function(*tensors))
    for replica in range(REPLICAS):
        own = [value if name in alone else value[replica] for name, value in zip(NAMES, tensors, strict=True)]
        assert_same([value[replica] for value in results], gradient()(*own))


def test_the_plain_loop_equals_one_by_hand() -> None:
    hidden, memory, *inputs, matrix, batched, shared, fixed = example(3)
    carry, (seen, sums, read) = scan(cell, (hidden, memory), tuple(inputs), (matrix, batched), (shared,), (fixed,))
    for step, (real, mask) in enumerate(zip(*inputs, strict=True)):
        its_new = torch.tanh(torch.cat((hidden, real), dim=-1) @ matrix)
        its_seen = torch.einsum("bh,bhg->bg", its_new - 2 * its_new.square(), batched) * shared
        hidden = torch.where(mask, its_new + its_seen[:, 1:], hidden)
        memory = torch.where(fixed, memory * torch.sigmoid(hidden), memory + hidden)
        torch.testing.assert_close(seen[step], its_seen)
        torch.testing.assert_close(sums[step], hidden.sum(dim=-1))
        assert torch.equal(read[step], real)
    torch.testing.assert_close(carry, (hidden, memory))


@pytest.mark.parametrize("replicas", [None, REPLICAS])
def test_the_number_of_steps_leaves_the_program(replicas: int | None) -> None:
    sizes = []
    for steps in (3, 30):
        traced = trace(gradient(population=replicas is not None), example(steps, replicas))
        drop_idle(traced)
        sizes.append([len(each.graph.nodes) for each in (traced, *loops(traced))])
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_made_cheap_to_call_it_computes_the_same_bit_for_bit(dtype: torch.dtype) -> None:
    tensors = example(4, REPLICAS, dtype=dtype)
    traced = trace(gradient(population=True), tensors)
    drop_idle(traced)
    plain = traced(*tensors)
    mine = for_eager(traced)(*tensors)
    for one, other in zip(mine, plain, strict=True):  # type: ignore[call-overload]
        assert torch.equal(one, other)


def test_compiled_it_computes_the_same(tmp_path: Path) -> None:
    cpu = torch.device("cpu")
    if missing_compiler(cpu):
        pytest.skip(missing_compiler(cpu))
    tensors = example(3, 2, ("shared", "mask"))
    function = gradient(("shared", "mask"), population=True)
    expected = function(*tensors)

    def into(*tensors: Tensor) -> tuple[()]:
        results, arguments = tensors[: len(expected)], tensors[len(expected) :]
        for place, value in zip(results, function(*arguments), strict=True):
            place.copy_(value)
        return ()

    results = [torch.zeros_like(value) for value in expected]
    arguments = [*results, *tensors]

    def traced() -> GraphModule:
        made = trace(into, arguments)
        drop_idle(made)
        return made

    path = tmp_path / "program.so"
    compile_library(path, traced, arguments, options_for(cpu))
    load_library(path).run(results, [value.unsqueeze(0) for value in tensors])
    assert_same(results, expected)


def test_what_nobody_reads_has_no_gradient_and_harms_none() -> None:
    """A loss of one output alone, and tensors that do not touch it."""

    def of_one(*tensors: Tensor) -> Tensor:
        hidden, memory, real, mask, matrix, batched, shared, fixed = tensors
        _, (seen, *_) = scan(cell, (hidden, memory), (real, mask), (matrix, batched), (shared,), (fixed,))
        return seen.square().sum()

    tensors = example(3)
    function = torch.func.grad(of_one, tuple(SMOOTH))
    gradients = dict(zip((NAMES[n] for n in SMOOTH), trace(function, tensors)(*tensors), strict=True))
    assert not gradients.pop("cell").any()
    expected = dict(zip((NAMES[n] for n in SMOOTH), function(*tensors), strict=True))
    for name, value in gradients.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-11, atol=1e-12)


def test_a_second_derivative_is_refused() -> None:
    tensors = example(2)
    twice = torch.func.grad(lambda *values: torch.func.grad(loss, 4)(*values).sum(), 4)
    with pytest.raises(NotImplementedError, match="scan has a first derivative alone"):
        trace(twice, tensors)
