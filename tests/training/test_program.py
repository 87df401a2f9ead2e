"""The program, traced and compiled, does what its steps do.

Shapes: P replicas, N parameters of one replica, S steps a call, B batch, T positions.
"""

from collections.abc import Iterator
from itertools import repeat

import pytest
import torch
from tiny_population import (
    BASE,
    BATCH,
    CPU,
    POSITIONS,
    Batches,
    batches,
    build,
    copy,
    fresh,
    same_bits,
    settings,
)
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.models.model import Model, ModelOutput
from attnseq.training.batches import BatchPlan, Epoch
from attnseq.training.compiling import missing_compiler, options_for
from attnseq.training.noise import WeightNoise
from attnseq.training.population import FlatModel, build_steps, initial_state
from attnseq.training.program import VIEWS, as_steps, compile_program, drop_idle, trace_steps


class Calibrated(Model):
    """A model whose attention is a constant: a buffer, of which `forward` takes a view."""

    attention_T: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))
        self.register_buffer("attention_T", torch.tensor([0.1, 0.2, 0.3, 0.4]))

    def forward(self, digits_BxT: Tensor) -> ModelOutput:
        attention_T = self.attention_T.view(POSITIONS)
        prediction_B = self.scale * (digits_BxT * attention_T).sum(-1)
        return ModelOutput(prediction_B, attention_T.expand(digits_BxT.shape))


@pytest.mark.parametrize("name", ["mlp", "lstm", "calibrated"])
def test_a_traced_program_does_nothing_in_vain(name: str) -> None:
    """Takes the same steps, bit for bit, with neither views that change nothing nor results that nobody reads."""
    flat = FlatModel(Calibrated()) if name == "calibrated" else build(name)
    steps, data = build_steps(flat, "keras"), batches(2, 1)
    numbers_PxN = torch.rand(2, sum(flat.sizes), generator=torch.Generator().manual_seed(0))
    mine, theirs = initial_state(numbers_PxN), initial_state(numbers_PxN)
    traced = trace_steps(steps, (mine, settings(2), *data))
    nodes = [node for node in traced.graph.nodes if node.op == "call_function"]
    assert len(nodes) > 50
    for node in nodes:
        assert node.users or node.target is torch.ops.aten.copy_.default, node
        if node.target in VIEWS:
            old, new = node.args[0].meta["val"], node.meta["val"]
            assert (new.shape, new.stride()) != (old.shape, old.stride()), node
    as_steps(traced)(mine, settings(2), *data)
    steps(theirs, settings(2), *data)
    assert same_bits(mine, theirs)
    assert not same_bits(mine, initial_state(numbers_PxN))


def test_a_view_of_a_constant_without_a_known_layout_stays() -> None:
    constant = torch.tensor([1.0, 2.0, 3.0])
    traced = make_fx(lambda numbers: numbers + constant.view(3))(torch.zeros(3))
    drop_idle(traced)
    assert traced(torch.ones(3)).tolist() == [2.0, 3.0, 4.0]


@pytest.mark.parametrize("program", ["traced", "compiled"])
@pytest.mark.parametrize(
    ("name", "hidden_size", "steps_per_call", "deviations"),
    [("mlp", 3, 2, ()), ("lstm", 8, 1, ()), ("mlp", 3, 2, (0.0, 0.1))],
    ids=["mlp", "lstm", "mlp with noise"],
)
def test_traced_and_compiled_equal_eager(
    program: str, name: str, hidden_size: int, steps_per_call: int, deviations: tuple[float, ...]
) -> None:
    """Made of padding, as the trainer does, then run on an epoch's batches, the last of them partly padding."""
    if program == "compiled" and missing_compiler(CPU):
        pytest.skip(missing_compiler(CPU))
    flat, replicas = build(name, hidden_size), 2
    plan = BatchPlan(samples=7 * BATCH + 2, batch_size=BATCH, steps_per_call=steps_per_call)
    numbers = torch.Generator().manual_seed(0)
    digits_NxT = torch.randint(0, BASE, (plan.samples, POSITIONS), generator=numbers, dtype=torch.uint8)
    targets_N = torch.rand(plan.samples, generator=numbers)
    order_PxN = torch.stack([torch.randperm(plan.samples, generator=numbers) for _ in range(replicas)])
    shape = (replicas, steps_per_call, BATCH)
    padding: list[Tensor] = [
        *Batches(digits_NxT.new_zeros(*shape, POSITIONS), torch.zeros(shape), torch.zeros(shape[1:]))
    ]
    noise = WeightNoise(deviations, range(len(deviations)), sum(flat.sizes), CPU) if deviations else None
    if noise is not None:
        padding.append(noise.zeros(steps_per_call))

    steps, eager = build_steps(flat, "keras"), initial_state(fresh(flat, replicas))
    state = copy(eager)
    example = (state, settings(replicas), *padding)
    traced = trace_steps(steps, example)
    options = options_for(CPU)
    built = as_steps(traced if program == "traced" else compile_program(traced, example, options))
    assert same_bits(state, eager)  # tracing runs nothing
    built(state, settings(replicas), *padding)
    assert same_bits(state, eager)
    epoch = Epoch(plan, list(order_PxN.int().numpy()), [0] * replicas, CPU)
    noise_C: Iterator[tuple[Tensor, ...]] = (
        repeat(())
        if noise is None
        else zip(call for piece in noise.pieces(0, 0, plan.calls, steps_per_call) for call in piece)
    )
    calls = list(zip(*epoch.block(digits_NxT, targets_N, 0, plan.calls), strict=True))
    for call, its_noise in zip(calls, noise_C, strict=False):
        steps(eager, settings(replicas), *call, *its_noise)
        built(state, settings(replicas), *call, *its_noise)
    assert plan.steps == 8
    assert state.updates.tolist() == [8] * replicas
    assert (state.parameters - fresh(flat, replicas)).abs().max() > 5e-3
    for mine, theirs in zip(state, eager, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))
    # a broken replica is frozen here, too
    state.parameters[0, 0] = eager.parameters[0, 0] = torch.nan
    before = copy(state)
    built(state, settings(replicas), *calls[0], *padding[3:])
    assert state.diverged.tolist() == [9, 0]
    assert torch.allclose(state.parameters[0], before.parameters[0], rtol=0, atol=0, equal_nan=True)
    assert not torch.equal(state.parameters[1], before.parameters[1])
