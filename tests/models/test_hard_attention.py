"""Where hard attention looks, and the gradient that teaches it, against all looks there are.

Shapes: B batch, T positions, G glimpses, N sequences of looks, W parameters.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Reals, Scalar, Spec, Tokens
from attnseq.core.keys import ConfigError
from attnseq.core.randomness import generator
from attnseq.layers.weights import KerasInitializer
from attnseq.models.hard_attention import HardAttention
from attnseq.models.hard_attention_config import HardAttentionConfig
from attnseq.objectives.mse import MeanSquaredError
from attnseq.objectives.reinforce import with_policy
from attnseq.training.population import FlatModel

POSITIONS, UNITS, BATCH = 10, 4, 3
SPEC = Spec(Reals(POSITIONS), Scalar())
PADDED = Spec(Tokens(6, 5, padded=True), Scalar())
ERROR = MeanSquaredError(SPEC.target)


def model_of(spec: Spec = SPEC, **changes: Any) -> HardAttention:
    """With weights that make it look here and there, in float64."""
    usual: dict[str, Any] = {"glimpses": 2, "hidden_size": UNITS, "policy_size": 0, "estimator": "reinforce"}
    usual |= {"temperature": 1.0, "baseline": "learnt", "entropy_bonus": 0.0, "policy_trains": "all"}
    model = HardAttentionConfig(name="hard_attention", init="auto", **usual | changes).build(spec).double()
    with torch.no_grad():
        for name, value in model.initial_parameters(KerasInitializer(generator(3, "weights"))).items():
            uneven = torch.sin(torch.arange(value.numel(), dtype=torch.float64)).view_as(value)
            model.get_parameter(name).copy_(2 * value + 0.3 * uneven)
    return model


def batch_of(samples: int = BATCH, seed: int = 0) -> Batch:
    numbers = torch.Generator().manual_seed(seed)
    inputs = torch.randn(samples, POSITIONS, 1, generator=numbers, dtype=torch.float64)
    return Batch(inputs, torch.randn(samples, generator=numbers, dtype=torch.float64))


def forcing(looks: Sequence[int], samples: int) -> Tensor:
    """Random numbers by which these positions are looked at, whatever the policy says: their noise is 36."""
    uniform_GxBxT = torch.full((len(looks), samples, POSITIONS), 0.5, dtype=torch.float64)
    for glimpse, position in enumerate(looks):
        uniform_GxBxT[glimpse, :, position] = 1 - 2**-53
    return uniform_GxBxT


def gradient(model: HardAttention, value: Tensor) -> Tensor:
    """gradient_W, 0 for parameters that the value does not depend on."""
    gradients = torch.autograd.grad(value, list(model.parameters()), allow_unused=True, retain_graph=True)
    pairs = zip(gradients, model.parameters(), strict=True)
    return torch.cat([(torch.zeros_like(its) if mine is None else mine).flatten() for mine, its in pairs])


def of_policy(model: HardAttention) -> Tensor:
    """Which of the parameters are not the baseline's, which has a loss of its own."""
    return torch.cat(
        [torch.full((value.numel(),), not name.startswith("baseline")) for name, value in model.named_parameters()]
    )


@pytest.mark.parametrize(
    ("glimpses", "baseline", "bonus"), [(1, "learnt", 0.0), (2, "learnt", 0.0), (2, "none", 0.0), (2, "learnt", 0.5)]
)
def test_the_expected_gradient_is_that_of_the_expected_loss(glimpses: int, baseline: str, bonus: float) -> None:
    """Each sequence of looks, weighted by its probability, against autograd through the sum over all of them."""
    model, batch = model_of(glimpses=glimpses, baseline=baseline, entropy_bonus=bonus), batch_of()
    expected_loss, estimate_W, total_B = torch.zeros(()).double(), 0.0, 0.0
    for looks in itertools.product(range(POSITIONS), repeat=glimpses):
        output = model(batch._replace(draws={"looks": forcing(looks, BATCH)}), training=True)
        assert output.policy is not None
        probability_B = output.policy.log_probability.sum(dim=-1).exp()
        loss_B = ERROR(output, batch)
        expected_loss = expected_loss + (probability_B * (loss_B - output.policy.bonus.sum(dim=-1))).sum()
        estimate_W = estimate_W + gradient(model, (probability_B.detach() * with_policy(loss_B, output.policy)).sum())
        total_B = total_B + probability_B.detach()
    torch.testing.assert_close(total_B, torch.ones(BATCH).double())
    exact_W, mine = gradient(model, expected_loss), of_policy(model)
    torch.testing.assert_close(estimate_W[mine], exact_W[mine], rtol=1e-9, atol=1e-12)  # type: ignore[index]
    policy_W = gradient(model, model.policy.bias.sum()) != 0
    assert exact_W[policy_W].abs().min() > 1e-6


@pytest.mark.parametrize("glimpses", [1, 2])
def test_the_drawn_estimate_is_within_four_standard_errors(glimpses: int) -> None:
    model, one, draws = model_of(glimpses=glimpses), batch_of(1), 100_000
    flat, kept = FlatModel(model), of_policy(model)
    parameters_W = flat.flatten({name: value.detach() for name, value in model.named_parameters()})

    def of_draw(parameters_W: Tensor, uniform_GxBxT: Tensor) -> Tensor:
        output = flat(parameters_W, one._replace(draws={"looks": uniform_GxBxT}), training=True)
        assert output.policy is not None
        return with_policy(ERROR(output, one), output.policy).sum()

    def expected(parameters_W: Tensor) -> Tensor:
        total = torch.zeros(()).double()
        for looks in itertools.product(range(POSITIONS), repeat=glimpses):
            output = flat(parameters_W, one._replace(draws={"looks": forcing(looks, 1)}), training=True)
            assert output.policy is not None
            total = total + (output.policy.log_probability.sum(dim=-1).exp() * ERROR(output, one)).sum()
        return total

    numbers = torch.Generator().manual_seed(5)
    uniform_NxGx1xT = torch.rand(draws, glimpses, 1, POSITIONS, generator=numbers, dtype=torch.float64)
    of_each = torch.vmap(torch.func.grad(of_draw), in_dims=(None, 0), chunk_size=10_000)
    gradients_NxW = of_each(parameters_W, uniform_NxGx1xT)[:, kept]
    error_W = gradients_NxW.std(dim=0) / math.sqrt(draws)
    away_W = (gradients_NxW.mean(dim=0) - torch.func.grad(expected)(parameters_W)[kept]).abs()
    assert (away_W <= 4 * error_W + 1e-15).all()
    assert error_W.max() > 0


@pytest.mark.parametrize(("kind", "reached"), [("all", True), ("policy", False)])
def test_what_the_policy_s_gradient_trains(kind: str, reached: bool) -> None:
    model, batch = model_of(policy_trains=kind, policy_size=3), batch_of()
    output = model(batch._replace(draws={"looks": forcing([2, 5], BATCH)}), training=True)
    assert output.policy is not None
    output.policy.log_probability.sum().backward()
    assert float(model.policy.weight.grad.norm()) > 1e-3
    assert (model.cell.kernel.grad is not None) == reached
    assert model.baseline is not None
    assert model.baseline.weight.grad is None
    model.zero_grad()
    assert output.policy.baseline is not None
    output.policy.baseline.sum().backward()
    assert {name for name, value in model.named_parameters() if value.grad is not None and value.grad.any()} == {
        "baseline.weight",
        "baseline.bias",
    }


@pytest.mark.parametrize("estimator", ["reinforce", "gumbel"])
def test_it_looks_at_one_position_at_a_time_and_outside_training_where_it_is_surest(estimator: str) -> None:
    model, batch = model_of(estimator=estimator, glimpses=4), batch_of()
    uniform = torch.rand(4, BATCH, POSITIONS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    drawn, sure = model.walk(batch, uniform), model.walk(batch)
    for walk in (drawn, sure):
        assert ((walk.looks_BxGxT == 0) | (walk.looks_BxGxT == 1)).all()
        assert (walk.looks_BxGxT.sum(dim=-1) == 1).all()
    assert torch.equal(sure.looks_BxGxT.argmax(dim=-1), sure.logits_BxGxT.argmax(dim=-1))
    assert not torch.equal(drawn.looks_BxGxT, sure.looks_BxGxT)
    output = model(batch)
    assert output.policy is None
    torch.testing.assert_close(output.attention["looks"].weights, sure.looks_BxGxT.mean(dim=1))


def test_it_sees_nothing_but_where_it_looks() -> None:
    model, batch = model_of(), batch_of()
    looks = torch.rand(2, BATCH, POSITIONS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    walk = model.walk(batch, looks)
    hidden_BxT = walk.looks_BxGxT.sum(dim=1) == 0
    changed = batch._replace(inputs=torch.where(hidden_BxT.unsqueeze(-1), 9.0, batch.inputs))
    assert torch.equal(model.walk(changed, looks).last_BxH, walk.last_BxH)
    seen = batch._replace(inputs=torch.where(hidden_BxT.unsqueeze(-1), batch.inputs, 9.0))
    assert (model.walk(seen, looks).last_BxH - walk.last_BxH).abs().max() > 1e-3


def test_of_gumbel_the_policy_gets_its_gradient_through_what_was_seen() -> None:
    model, batch = model_of(estimator="gumbel", temperature=0.5), batch_of()
    uniform = torch.rand(2, BATCH, POSITIONS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    output = model(batch._replace(draws={"looks": uniform}), training=True)
    assert output.policy is None
    ERROR(output, batch).mean().backward()
    assert float(model.policy.weight.grad.norm()) > 1e-6
    assert model.baseline is None


@pytest.mark.parametrize("estimator", ["reinforce", "gumbel"])
def test_it_never_looks_where_a_sequence_has_ended(estimator: str) -> None:
    model = model_of(PADDED, estimator=estimator, glimpses=5)
    lengths_B = torch.tensor([1, 3, 6], dtype=torch.int32)
    batch = Batch(torch.randint(0, 5, (3, 6), generator=torch.Generator().manual_seed(0)), lengths=lengths_B)
    uniform = torch.rand(5, 3, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for walk in (model.walk(batch, uniform), model.walk(batch)):
        for row, length in enumerate(lengths_B.tolist()):
            assert not walk.looks_BxGxT[row, :, length:].any()
            assert (walk.looks_BxGxT[row].sum(dim=-1) == 1).all()


def test_an_entropy_bonus_is_of_all_glimpses() -> None:
    model, batch = model_of(entropy_bonus=0.5), batch_of()
    draws = {"looks": forcing([1, 2], BATCH)}
    output, walk = model(batch._replace(draws=draws), training=True), model.walk(batch, draws["looks"])
    assert output.policy is not None
    weights = walk.logits_BxGxT.softmax(dim=-1)
    torch.testing.assert_close(output.policy.bonus, -0.5 * (weights * weights.log()).sum(dim=-1))


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [("baseline", "none", "learnt"), ("policy_trains", "policy", "all"), ("entropy_bonus", 0.1, "0")],
)
def test_keys_of_reinforce_are_refused_where_they_would_change_nothing(key: str, value: object, allowed: str) -> None:
    model_of(**{key: value})
    with pytest.raises(ConfigError, match=f"^model.estimator=gumbel with model.{key}={value}: must be .*{allowed}"):
        model_of(estimator="gumbel", **{key: value})
