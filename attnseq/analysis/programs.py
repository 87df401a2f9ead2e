"""Predictions as programs of plain operations, compiled where that pays: an analysis asks the same thing many times.

Shapes: P replicas, W parameters of one replica, B batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule

from attnseq.contracts.batch import Batch
from attnseq.training.compiling import missing_compiler, options_for
from attnseq.training.execution import EVERY_PROGRAM, rates
from attnseq.training.plain_paths import plain_paths
from attnseq.training.population import FlatModel
from attnseq.training.program import drop_idle, options_of, trace

Answer = Callable[[Tensor, Batch, Mapping[str, Tensor]], Tensor]
"""Predictions of parameters_PxW, samples, and fields of `Batch` that each replica has its own of."""

FASTER = 0.5
"""The share of a prediction's time that compiling is taken to save."""


def written(flat: FlatModel) -> Answer:
    """Predict as the model is written."""

    def answer(parameters_PxW: Tensor, batch: Batch, given: Mapping[str, Tensor]) -> Tensor:
        def one(parameters_W: Tensor, its: dict[str, Tensor]) -> Tensor:
            fields: dict[str, Any] = dict(its)
            return flat(parameters_W, batch._replace(**fields)).prediction

        answers: Tensor = torch.vmap(one)(parameters_PxW, dict(given))
        return answers

    return answer


class Programs:
    """Answers by compiled programs, for samples of one shape, where that takes less time; else as written.

    Args:
        flat: the model.
        shape: of the inputs that are asked often; others are answered as written.
        times: how often each kind of question will be asked, about.
    """

    def __init__(self, flat: FlatModel, shape: Sequence[int], times: int):
        self._written, self._shape, self._times = written(flat), tuple(shape), times
        self._programs: dict[tuple[str, ...], Callable[..., Sequence[Tensor]] | None] = {}

    def __call__(self, parameters_PxW: Tensor, batch: Batch, given: Mapping[str, Tensor]) -> Tensor:
        names = tuple(sorted(given))
        if torch.is_grad_enabled() or tuple(batch.inputs.shape) != self._shape:
            return self._written(parameters_PxW, batch, given)
        tensors = [parameters_PxW, batch.inputs, *(given[name].contiguous() for name in names)]
        tensors += [] if batch.lengths is None else [batch.lengths]
        if names not in self._programs:
            self._programs[names] = self._built(names, tensors)
        program = self._programs[names]
        return self._written(parameters_PxW, batch, given) if program is None else program(*tensors)[0]

    def _built(self, names: Sequence[str], tensors: Sequence[Tensor]) -> Callable[..., Sequence[Tensor]] | None:
        """Compile a program, or return None where that does not pay, or cannot be done."""

        def plain(parameters_PxW: Tensor, inputs: Tensor, *others: Tensor) -> tuple[Tensor]:
            lengths = others[len(names)] if len(others) > len(names) else None
            given = dict(zip(names, others, strict=False))
            return (self._written(parameters_PxW, Batch(inputs, lengths=lengths), given),)

        if missing_compiler(tensors[0].device):
            return None
        seconds = min(_seconds(lambda: plain(*tensors)) for _ in range(2))
        traced = trace(plain, tensors)
        drop_idle(traced)
        operations = len(traced.graph.nodes)
        one = [tensors[0][:1], tensors[1], *(value[:1] for value in tensors[2 : 2 + len(names)])]
        operation = _seconds(lambda: plain(*one, *tensors[2 + len(names) :])) / operations
        building = rates(operation, operations, {}).compiling * (EVERY_PROGRAM + operations)
        if building > FASTER * seconds * self._times:
            return None
        try:
            return compiled(traced, tensors)
        except Exception:  # the compiler may raise anything; as it is written, a model always answers
            return None


def compiled(traced: GraphModule, example: Sequence[Tensor]) -> Callable[..., Sequence[Tensor]]:
    """Compile a traced function of tensors, for as many threads as PyTorch takes."""
    from torch._inductor import standalone_compile

    options = options_of(traced, options_for(example[0].device)) | {"cpp.threads": torch.get_num_threads()}
    with plain_paths():
        return standalone_compile(
            traced, list(example), dynamic_shapes="from_example_inputs", options={"config_patches": options}
        )


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
