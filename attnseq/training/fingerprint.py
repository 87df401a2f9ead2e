"""A digest of what a training step computes: by it a resumed run notices that its program has changed.

Another operation, constant or order of these changes it; another comment or name does not. It is the digest of one
replica's step on two samples, on the CPU and as written. So it does not depend on a population's size, the device, the
compiler or the threads, but on PyTorch's version it does. It takes 0.02 s for an MLP and 0.1 s for an LSTM of ten
positions, two to three times as long as the step alone.

Shapes: P replicas, S steps a call, B batch.
"""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from weakref import ReferenceType, ref

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from attnseq.contracts.examples import example
from attnseq.layers.recurrence import is_repeated
from attnseq.training.compiling import at_most_threads
from attnseq.training.population import PopulationState, Recipe, Settings, Steps, build_steps, initial_state

SAMPLES = 2
"""Samples of the step: two, so that their axis is not taken for one that broadcasts."""


MULTIPLICATIONS = 8
"""Multiplications of a product, with their additions, that take as long as one number of an elementwise operation."""


WITH_GRADIENT = 2.2
"""Operations of a cell and of its gradient for each of the cell's: 2.0 to 2.6, counted for LSTM and GRU, with attention
and without."""


class Digest(NamedTuple):
    """What tells a call of a program from others, and its cost.

    Args:
        text: the digest itself.
        operations: how many a program of it holds; those of a loop over time count once, however many steps it has.
        written: how many it takes as it is written.
        work: how many numbers they compute; each multiplication in a product counts as a fraction of a number.
    """

    text: str
    operations: int
    written: int
    work: float


def fingerprint(recipe: Recipe) -> str:
    """Digest a training step.

    Args:
        recipe: of it, on the CPU; not changed.
    """
    return step_digest(recipe).text[:16]


def step_digest(recipe: Recipe) -> Digest:
    """Digest a step of one replica on `SAMPLES` samples.

    Args:
        recipe: of it, on the CPU; not changed.
    """
    return digest(build_steps(recipe), example_call(recipe), 6)


def example_call(recipe: Recipe) -> tuple[PopulationState, Settings, *tuple[Tensor, ...]]:
    """Make state, settings and tensors of a step of one replica on `SAMPLES` samples, as `Steps` takes them."""
    state = initial_state(torch.zeros(1, recipe.flat.width))
    settings = Settings(*torch.full((len(Settings._fields), 1), 0.5, dtype=torch.float64))
    batch = example(recipe.spec, SAMPLES)
    tensors = [*(values.unsqueeze(0).unsqueeze(0) for values in batch.tensors), torch.ones(1, SAMPLES)]
    tensors += [torch.zeros(1, 2, dtype=torch.int64)] if recipe.is_drawn else []
    return state, settings, *tensors


EXACT = 17
"""Digits that tell any two floats apart."""


def digest(steps: Steps, call: tuple[PopulationState, Settings, *tuple[Tensor, ...]], digits: int = EXACT) -> Digest:
    """Compute the digest of a call of some steps. The call is made: it changes the state.

    Args:
        steps: as written, on the CPU.
        call: state, settings, and what `Steps` takes besides.
        digits: of the constants. 17 tell any two apart, and 1.0 from 1. With 6, a sine is the same whatever machine
            computed it.
    """
    state, settings, *batch = call
    inputs = [*state, *settings, *batch]
    with at_most_threads(1, state.parameters.device), _Writer(inputs, digits) as writer:
        steps(state, settings, *batch)
    held = max(1, writer.written - round(WITH_GRADIENT * writer.repeated))
    return Digest(writer.digest.hexdigest(), held, writer.written, writer.work)


class _Writer(TorchDispatchMode):
    """Writes down the operations inside its block: name and arguments; a tensor by the earlier result that it is.

    The only public way to see operations is `make_fx`, which takes 10 to 40 times as long. PyTorch's own counter
    (`torch.utils.flop_counter`) uses the same private parts.
    """

    def __init__(self, inputs: Sequence[Tensor], digits: int):
        super().__init__()
        self.written, self.repeated, self.work = 0, 0, 0.0
        self._digits = digits
        self.digest = hashlib.sha256(str([tuple(value.shape) for value in inputs]).encode())
        self._count = itertools.count()
        self._results: dict[int, tuple[int, ReferenceType[Tensor]]] = {}  # by id; Python reuses ids of dead tensors
        self._number(inputs)

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        self.written += 1
        self.repeated += is_repeated()
        self.digest.update(f"{operation}{self._text((*args, *kwargs.items()))}\n".encode())
        result = operation(*args, **kwargs)
        results = result if isinstance(result, list | tuple) else (result,)
        self.work += _work(operation, args, results)
        self._number(results)
        return result

    def _number(self, results: Sequence[Any]) -> None:
        """Give tensors numbers in the order in which they come; one that was changed in place has a number already."""
        for value in results:
            if isinstance(value, Tensor) and self._known(value) is None:
                self._results[id(value)] = next(self._count), ref(value)

    def _known(self, value: Tensor) -> int | None:
        number, result = self._results.get(id(value), (None, None))
        return number if result is not None and result() is value else None

    def _text(self, value: Any) -> str:
        """Write an argument: an earlier result by its number, a constant of the model by what it holds."""
        if isinstance(value, list | tuple):
            return f"({','.join(map(self._text, value))})"
        if isinstance(value, Tensor):
            number = self._known(value)
            if number is not None:
                return f"%{number}"
            self._number([value])
            return f"{value.dtype}{tuple(value.shape)}{self._text(value.flatten().tolist())}"
        if isinstance(value, float):
            return value.hex() if self._digits >= EXACT else f"{value:.{self._digits}g}"
        return str(value)


PRODUCTS = {
    torch.ops.aten.mm.default: 0,
    torch.ops.aten.bmm.default: 0,
    torch.ops.aten.addmm.default: 1,
    torch.ops.aten.baddbmm.default: 1,
}
"""Operations that are products: which argument is the first factor."""


def _work(operation: Any, args: Sequence[Any], results: Sequence[Any]) -> float:
    """Estimate the work of an operation, see `Digest.work`; a view computes nothing."""
    if operation.is_view:
        return 0.0
    numbers = sum(value.numel() for value in results if isinstance(value, Tensor))
    factor = PRODUCTS.get(operation)
    return numbers * (1 + (args[factor].shape[-1] / MULTIPLICATIONS if factor is not None else 0.0))
