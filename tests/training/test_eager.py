"""A traced program does the same, bit for bit, when it is made cheap to call operation by operation.

Shapes: P replicas, W parameters of one replica.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from tiny_population import BATCH, DRAWING, MODELS, NUMBER, call_of, copy, fresh, of_number, recipe, same_bits, settings
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.models.lstm_attention import LSTMAttention
from attnseq.models.mlp_attention import MLPAttention
from attnseq.training.eager import BINDINGS, for_eager
from attnseq.training.population import Recipe, build_steps, initial_state
from attnseq.training.program import as_steps, trace_steps

aten = torch.ops.aten

VARIANTS: dict[str, Callable[[], Recipe]] = {
    "mlp none": lambda: of_number(MLPAttention(NUMBER, 3, "none"), "torch"),
    "lstm element": lambda: of_number(LSTMAttention(NUMBER, 3, "element", "hard_sigmoid")),
    "lstm feature": lambda: of_number(LSTMAttention(NUMBER, 3, "feature", "sigmoid")),
    "lstm none": lambda: of_number(LSTMAttention(NUMBER, 3, "none", "hard_sigmoid")),
} | {name: lambda name=name: recipe(name) for name in (*MODELS, *DRAWING)}  # type: ignore[misc]


@cache
def operations_of(variant: str, replicas: int) -> set[Any]:
    """The operations that a variant's steps are traced to, which are tried in both ways here."""
    its = VARIANTS[variant]()
    start = initial_state(fresh(its, replicas))
    mine, theirs = copy(start), copy(start)
    calls = [call_of(its, replicas, 1, seed) for seed in range(3)]
    calls[-1][its.sample_tensors][-1, BATCH // 2 :] = 0
    traced = trace_steps(build_steps(its), (start, settings(replicas), *calls[0]))
    operations = {node.target for node in traced.graph.nodes if node.op == "call_function"}
    plain = as_steps(traced)
    for call in calls:
        plain(theirs, settings(replicas), *call)
    eager = as_steps(for_eager(traced))
    for call in calls:
        eager(mine, settings(replicas), *call)
    assert mine.updates.tolist() == [3] * replicas
    assert same_bits(mine, theirs)
    assert not any(value.is_inference() for value in mine)
    mine.parameters[0] = torch.nan  # a broken replica is frozen, its neighbours go on
    eager(mine, settings(replicas), *calls[0])
    assert mine.diverged.tolist() == [4] + [0] * (replicas - 1)
    return operations


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize("variant", list(VARIANTS))
def test_computes_the_same_bit_for_bit(variant: str, replicas: int) -> None:
    assert operations_of(variant, replicas)


def test_each_binding_is_of_an_operation_that_is_tried() -> None:
    tried = set().union(*(operations_of(variant, replicas) for variant in VARIANTS for replicas in (1, 3)))
    assert set(BINDINGS) <= tried | {aten.sub.Tensor}, set(BINDINGS) - tried  # rsub becomes sub


def test_numbers_are_rounded_as_before_and_types_stay() -> None:
    """Of integers, of both floating-point types, on either side, with both zeros."""

    def function(*values: torch.Tensor) -> list[torch.Tensor]:
        results = [1 - values[0], 2 - values[2]]
        for value in values:
            results += [value * 0.1, value + 3, value / 7, value - 0.3, value * 0.0, value * -0.0]
        return results

    numbers = torch.Generator().manual_seed(0)
    single = torch.randn(50, generator=numbers)
    values = single, single[0], single.double(), torch.arange(5), torch.tensor(4)
    traced = make_fx(function)(*values)
    for mine, theirs in zip(for_eager(traced)(*values), function(*values), strict=True):  # type: ignore[call-overload]
        assert mine.dtype == theirs.dtype
        assert mine.numpy().tobytes() == theirs.numpy().tobytes()
    tensors = {(value.item().hex(), value.dtype) for value in traced.buffers()}
    assert len(tensors) == len(list(traced.buffers())), "each is made once"


def test_an_uneven_split_and_what_draws_or_works_in_place_stay() -> None:
    def function(values: torch.Tensor) -> torch.Tensor:
        pieces = values.split(4)
        values.add_(torch.bernoulli(torch.full_like(values, 0.5)))
        return pieces[-1] * 2.0

    traced = make_fx(function)(torch.zeros(10))
    torch.manual_seed(0)
    theirs, mine = torch.zeros(10), torch.zeros(10)
    last = function(theirs)
    program = for_eager(traced)
    targets = [node.target for node in traced.graph.nodes if node.op == "call_function"]
    assert {aten.split.Tensor, aten.add_.Tensor, aten.bernoulli.default} <= set(targets)
    torch.manual_seed(0)
    assert torch.equal(program(mine), last)  # type: ignore[arg-type]
    assert torch.equal(mine, theirs)
    assert 0 < mine.sum() < 10
