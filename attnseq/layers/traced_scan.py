"""The loop of `layers.recurrence.scan` in a traced program: one operation forwards, and one backwards.

Shapes: T steps; M rows of a product's first factor, L its columns, G the columns of the second factor.

    TracedScan.forward   -> _Loop of the cell, which also returns what the gradient needs of each step
    TracedScan.backward  -> _Loop of _Turned, which computes the cell again, but for its products (_Known)
    _Loop                -> PyTorch's scan, of one replica or, under `torch.vmap`, of all of them at once
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor
from torch._higher_order_ops.scan import scan_op

Tensors = tuple[Tensor, ...]

Product = Callable[[int, Tensor], Tensor]
"""Takes the number of a weight and x (... MxL), and returns x @ weight; every step takes each weight once."""

Cell = Callable[[Tensors, Tensors, Tensors, Product], tuple[Tensors, Tensors]]
"""One step: (carry, inputs of the step, constants, product) -> (next carry, outputs of the step).

It reads no other tensors, and draws nothing.
"""


class TracedScan(torch.autograd.Function):
    """`scan` in a traced program; returns carry, outputs and, for the gradient, products and carries of each step."""

    generate_vmap_rule = True

    @staticmethod
    def forward(cell: Cell, counts: tuple[int, ...], *tensors: Tensor) -> Tensors:
        carries, inputs, weights, _ = counts

        def step(*tensors: Tensor) -> Tensors:
            carry, its_inputs, factors, constants = _cut(tensors, carries, inputs, weights)
            products: dict[int, Tensor] = {}

            def product(number: int, x: Tensor) -> Tensor:
                products[number] = x @ factors[number]
                return products[number]

            new, outputs = cell(carry, its_inputs, constants, product)
            return *new, *outputs, *(products[number] for number in range(weights)), *carry

        results: Tensors = _Loop.apply(step, carries, inputs, 0, *tensors)
        return results

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensors) -> None:
        ctx.cell, ctx.counts, *tensors = inputs
        carries, _, weights, _ = ctx.counts
        kept = output[len(output) - carries - weights :]
        ctx.mark_non_differentiable(*kept)
        ctx.save_for_backward(*tensors[carries:], *kept)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        carries, inputs, weights, shared = ctx.counts
        outputs = len(gradients) - 2 * carries - weights
        saved = ctx.saved_tensors
        fixed = len(saved) - inputs - 2 * weights - shared - carries
        given, factors, added, others, products, before = _cut(saved, inputs, weights, shared, fixed, weights)
        turned = _Turned(ctx.cell, ctx.counts, outputs, [value.is_floating_point() for value in given])
        steps = len(given[0])
        places = torch.arange(steps - 1, -1, -1, device=given[0].device).unsqueeze(-1)
        results = _Loop.apply(
            turned,
            carries + shared,
            1,
            outputs + weights + carries + inputs,
            *gradients[:carries],
            *(torch.zeros_like(value) for value in added),
            places,
            *gradients[carries : carries + outputs],
            *products,
            *before,
            *given,
            *(factor.transpose(-1, -2).contiguous() for factor in factors),
            *added,
            *others,
        )
        d_carry, d_shared, d_smooth, d_products, xs = _cut(results, carries, shared, sum(turned.smooth), weights)
        d_weights = [_weight_gradient(*each) for each in zip(xs, d_products, factors, strict=True)]
        d_given = iter(value.flip(0) for value in d_smooth)
        d_inputs = [next(d_given) if smooth else None for smooth in turned.smooth]
        return None, None, *d_carry, *d_inputs, *d_weights, *d_shared, *([None] * fixed)


class _Turned:
    """The step of the loop backwards: from gradients of what a step returned to those of what it took.

    It takes d_carry and the sums of d_shared; its place in time; d_outputs, products, carries and inputs of all steps;
    weights, transposed; shared and fixed constants. It returns d_carry and the sums; d_inputs of those that are real
    numbers; d_products and the products' first factors.
    """

    def __init__(self, cell: Cell, counts: tuple[int, ...], outputs: int, smooth: Sequence[bool]):
        self.cell, self.counts, self.outputs, self.smooth = cell, counts, outputs, smooth

    def __call__(self, *tensors: Tensor) -> Tensors:
        carries, inputs, weights, shared = self.counts
        sizes = carries, shared, 1, self.outputs, weights, carries, inputs, weights, shared
        d_carry, sums, place, *of_all_steps, factors, added, fixed = _cut(tensors, *sizes)
        d_outputs, products, carry, given = (
            tuple(value.index_select(0, *place).squeeze(0) for value in values) for values in of_all_steps
        )

        def smooth(values: Tensors) -> Tensors:
            return tuple(value for value, is_smooth in zip(values, self.smooth, strict=True) if is_smooth)

        def again(
            carry: Tensors, real: Tensors, products: Tensors, added: Tensors
        ) -> tuple[tuple[Tensors, Tensors], Tensors]:
            xs: dict[int, Tensor] = {}

            def product(number: int, x: Tensor) -> Tensor:
                xs[number] = x
                known: Tensor = _Known.apply(x, factors[number], products[number])
                return known

            reals = iter(real)
            mixed = tuple(
                next(reals) if is_smooth else value for value, is_smooth in zip(given, self.smooth, strict=True)
            )
            results = self.cell(carry, mixed, (*added, *fixed), product)
            return results, tuple(xs[number] for number in range(weights))

        _, pull, xs = torch.func.vjp(again, carry, smooth(given), products, added, has_aux=True)  # type: ignore[misc]
        d_before, d_given, d_products, d_added = pull((d_carry, d_outputs))
        sums = tuple(total + part for total, part in zip(sums, d_added, strict=True))
        return *d_before, *sums, *d_given, *d_products, *xs


class _Known(torch.autograd.Function):
    """x @ weight where the result is known; the weight comes transposed, and gets no gradient here."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, transposed: Tensor, product: Tensor) -> Tensor:
        return product.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, Tensor]:
        (transposed,) = ctx.saved_tensors
        return gradient @ transposed, None, gradient


class _Loop(torch.autograd.Function):
    """A loop of tensors, without a gradient: (carry, inputs with an axis T, constants) -> (carry, stacked outputs).

    Its first `lasting` constants have an axis T, too, before that of a population.
    """

    @staticmethod
    def forward(step: Callable[..., Tensors], carries: int, inputs: int, lasting: int, *tensors: Tensor) -> Tensors:
        # the compiler needs arguments that share no memory: copies that turn out to be needless it leaves out
        carry, its_inputs, constants = _cut(tensors, carries, inputs)

        def own(*tensors: Tensor) -> Tensors:
            return tuple(value.clone(memory_format=torch.contiguous_format) for value in step(*tensors))

        return tuple(scan_op(own, _copies(carry), _copies(its_inputs), tuple(_copies(constants))))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensors) -> None:
        """Keep nothing; were the results marked as without a gradient, a second derivative would be 0, not refused."""

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, ...]:
        raise NotImplementedError("scan has a first derivative alone")

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, ...],
        step: Callable[..., Tensors],
        carries: int,
        inputs: int,
        lasting: int,
        *tensors: Tensor,
    ) -> tuple[Tensors, tuple[int, ...]]:
        """Run the loops of a population as one; what is the same for all replicas stays so, but for the carry."""
        moved, inner = [], []
        for number, (value, dim) in enumerate(zip(tensors, in_dims[4:], strict=True)):
            is_carry, is_input = number < carries, carries <= number < carries + inputs
            has_time = not is_carry and number < carries + inputs + lasting
            if is_carry and dim is None:
                value, dim = value.expand(info.batch_size, *value.shape), 0
            moved.append(value if dim is None else value.movedim(dim, int(has_time)))
            inner.append(None if dim is None else int(has_time and not is_input))  # a step takes inputs without time
        results = _Loop.apply(torch.vmap(step, in_dims=tuple(inner)), carries, inputs, lasting, *moved)
        return results, (0,) * carries + (1,) * (len(results) - carries)


def _copies(values: Tensors) -> list[Tensor]:
    return [value.clone(memory_format=torch.contiguous_format) for value in values]


def _cut(tensors: Sequence[Tensor], *sizes: int) -> Iterator[Tensors]:
    """Cut a row of tensors into pieces of these sizes; the rest is the last piece."""
    ends = [0, *accumulate(sizes), len(tensors)]
    return (tuple(tensors[start:end]) for start, end in pairwise(ends))


def _weight_gradient(x: Tensor, gradient: Tensor, weight: Tensor) -> Tensor:
    """Compute the gradient of a weight by one product.

    Args:
        x: of all steps, Tx...MxL.
        gradient: of the products, Tx...MxG.
        weight: LxG, or with axes before these that x has.
    """
    if weight.dim() == 2:
        x, gradient = x.flatten(0, -2), gradient.flatten(0, -2)
    else:  # the steps' rows below each other
        x, gradient = (value.movedim(0, -3).flatten(-3, -2) for value in (x, gradient))
    return x.transpose(-1, -2) @ gradient
