"""The program, traced and compiled, does what its steps do.

Shapes: P replicas, W parameters of one replica, N training samples, S steps a call, B batch, T positions.
"""

import pytest
import torch
from tiny_population import (
    BATCH,
    CPU,
    DRAWING,
    MODELS,
    call_of,
    copy,
    fresh,
    of_number,
    recipe,
    same_bits,
    samples,
    settings,
)
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.model import Model
from attnseq.training.batches import BatchPlan, Epoch
from attnseq.training.compiling import missing_compiler, options_for
from attnseq.training.population import build_steps, initial_state
from attnseq.training.program import as_steps, compile_program, drop_idle, trace_steps


class Calibrated(Model):
    """A model whose attention is a constant: a buffer, of which `forward` takes a view."""

    attention_T: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))
        self.register_buffer("attention_T", torch.tensor([0.1, 0.2, 0.3, 0.4]))

    def forward(self, batch: Batch, training: bool = False) -> Output:
        attention_T = self.attention_T.view(batch.inputs.shape[-1])
        prediction_B = self.scale * (batch.inputs * attention_T).sum(-1)
        return Output(prediction_B, {"input": Attention(attention_T.expand(batch.inputs.shape), "BT")})


@pytest.mark.parametrize("name", [*MODELS, *DRAWING, "calibrated"])
def test_a_traced_program_does_nothing_in_vain(name: str) -> None:
    """Takes the same steps, with neither views that change nothing nor results that nobody reads.

    Bit for bit, but for loops over time, which add up gradients in another order.
    """
    its = of_number(Calibrated()) if name == "calibrated" else recipe(name)
    steps, call = build_steps(its), call_of(its, 2, 1)
    numbers_PxW = torch.rand(2, its.flat.width, generator=torch.Generator().manual_seed(0))
    mine, theirs = initial_state(numbers_PxW), initial_state(numbers_PxW)
    traced = trace_steps(steps, (mine, settings(2), *call))
    nodes = [node for node in traced.graph.nodes if node.op == "call_function"]
    assert len(nodes) > 50
    for node in nodes:
        assert node.users or node.target is torch.ops.aten.copy_.default, node
        if getattr(node.target, "is_view", False) and isinstance(node.meta["val"], Tensor):
            old, new = node.args[0].meta["val"], node.meta["val"]
            assert (new.shape, new.stride()) != (old.shape, old.stride()), node
    as_steps(traced)(mine, settings(2), *call)
    steps(theirs, settings(2), *call)
    if "seq2seq" in name:
        for one, other in zip(mine, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * float(other.abs().max()))
    else:
        assert same_bits(mine, theirs)
    assert not same_bits(mine, initial_state(numbers_PxW))


def test_a_view_of_a_constant_without_a_known_layout_stays() -> None:
    constant = torch.tensor([1.0, 2.0, 3.0])
    traced = make_fx(lambda numbers: numbers + constant.view(3))(torch.zeros(3))
    drop_idle(traced)
    assert traced(torch.ones(3)).tolist() == [2.0, 3.0, 4.0]


@pytest.mark.parametrize("program", ["traced", "compiled"])
@pytest.mark.parametrize(
    ("name", "hidden_size", "steps_per_call"),
    [
        ("mlp", 3, 2),
        ("lstm", 8, 1),
        ("query", 3, 2),
        ("noisy drawn", 3, 2),
        ("seq2seq drawn", 2, 1),
        ("reinforce", 3, 1),
        ("gumbel", 3, 1),
    ],
)
def test_traced_and_compiled_equal_eager(program: str, name: str, hidden_size: int, steps_per_call: int) -> None:
    """Made of padding, as the trainer does, then run on an epoch's batches, the last of them partly padding."""
    if program == "compiled" and missing_compiler(CPU):
        pytest.skip(missing_compiler(CPU))
    its, replicas = recipe(name, hidden_size=hidden_size), 2
    plan = BatchPlan(samples=7 * BATCH + 2, batch_size=BATCH, steps_per_call=steps_per_call)
    padding = [torch.zeros_like(values) for values in call_of(its, replicas, steps_per_call)]
    steps, eager = build_steps(its), initial_state(fresh(its, replicas))
    state = copy(eager)
    example = (state, settings(replicas), *padding)
    traced = trace_steps(steps, example)
    options = options_for(CPU)
    built = as_steps(traced if program == "traced" else compile_program(traced, example, options))
    assert same_bits(state, eager)  # tracing runs nothing
    built(state, settings(replicas), *padding)
    assert same_bits(state, eager)
    numbers = torch.Generator().manual_seed(0)
    orders = [torch.randperm(plan.samples, generator=numbers).int().numpy() for _ in range(replicas)]
    epoch = Epoch(plan, orders, [0] * replicas, CPU)
    block = epoch.block(Batch(*samples(its, (plan.samples,))), 0, plan.calls)
    calls = list(zip(*block, *([epoch.places(1, 0, plan.calls)] if its.is_drawn else []), strict=True))
    for call in calls:
        steps(eager, settings(replicas), *call)
        built(state, settings(replicas), *call)
    assert plan.steps == 8
    assert state.updates.tolist() == [8] * replicas
    assert (state.parameters - fresh(its, replicas)).abs().max() > 5e-3
    for mine, theirs in zip(state, eager, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))
    # a broken replica is frozen here, too
    state.parameters[0, 0] = eager.parameters[0, 0] = torch.nan
    before = copy(state)
    built(state, settings(replicas), *calls[0])
    assert state.diverged.tolist() == [9, 0]
    assert torch.allclose(state.parameters[0], before.parameters[0], rtol=0, atol=0, equal_nan=True)
    assert not torch.equal(state.parameters[1], before.parameters[1])
