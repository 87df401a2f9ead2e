"""Adversarial models: their gradient is that of the paper's loss, their base is a constant, lambda is a replica's."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from tiny_population import BATCH, CPU, MODELS, call_of, copy, fresh, of_replicas, of_steps, same_bits
from tiny_population import recipe as usual_recipe
from torch import Tensor

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.examples import of_tensors
from attnseq.contracts.spec import Tokens
from attnseq.objectives.adversarial import Adversarial
from attnseq.scores.base_run import AnswerChange, BaseDivergence
from attnseq.training.adversary import with_base
from attnseq.training.eager import for_eager
from attnseq.training.evaluation import Meter
from attnseq.training.fingerprint import fingerprint
from attnseq.training.population import PopulationState, Recipe, Settings, build_steps, initial_state
from attnseq.training.program import as_steps, trace_steps
from attnseq.training.replicas import stack_settings

ANY_TASK: object = object()
"""The scores of a base run ask nothing of the task."""


def recipe(name: str, seed: int = 4) -> Recipe:
    """Of models that are held against a fresh one, of this seed."""
    its = usual_recipe(name)
    base = deepcopy(its.flat.model)
    base.load_state_dict(its.flat.unflatten(fresh(its, seed + 1)[seed]))
    return replace(its, objective=Adversarial(its.spec.target), base=base)


def settings(weights: Sequence[float], beta1: float = 0.9) -> Settings:
    return stack_settings([(1e-2, beta1, 0.999, 1e-7, 0.0, 0.0, seed, each) for seed, each in enumerate(weights)], CPU)


def trained(its: Recipe, begin_PxW: Tensor, its_settings: Settings, call: Sequence[Tensor]) -> PopulationState:
    state = initial_state(begin_PxW)
    build_steps(its)(state, its_settings, *call)
    return state


def measured(its: Recipe, parameters_PxW: Tensor) -> list[dict[str, float]]:
    """The loss and both scores of each replica."""
    scores = {"change": AnswerChange(its.spec), "divergence": BaseDivergence(its.spec)}
    samples = of_tensors([values[0] for values in call_of(its, 1, 20, seed=9)[: its.sample_tensors]])
    samples = samples.map(lambda values: values.flatten(0, 1))
    evaluations = Meter(its, {}, scores).evaluate(parameters_PxW, samples, task=ANY_TASK)  # type: ignore[arg-type]
    return [each.row for each in evaluations]


def by_hand(output: Output, base: Output, batch: Batch, target: object) -> tuple[Tensor, Tensor]:
    """The change of each answer, and the divergence of each sample's attention, written out."""
    rows, theirs = (next(iter(each.attention.values())).weights for each in (output, base))
    logs = torch.where(rows > 0, (rows.clamp(min=1e-30) / theirs.clamp(min=1e-30)).log(), 0.0)
    divergence = (rows * logs).sum(dim=-1)
    if not isinstance(target, Tokens):
        return (output.prediction - base.prediction).abs(), divergence
    answered_BxK = (batch.answers >= 0).float()
    distance = (output.prediction.softmax(-1) - base.prediction.softmax(-1)).abs().sum(-1) / 2
    count_B = answered_BxK.sum(-1)
    return (distance * answered_BxK).sum(-1) / count_B, (divergence * answered_BxK).sum(-1) / count_B


@pytest.mark.parametrize("name", ["mlp", "lstm", "transformer", "seq2seq"])
def test_a_step_has_the_gradient_of_the_paper_s_loss_and_the_value_of_the_answers_alone(name: str) -> None:
    its, weight = recipe(name), 0.3
    call, begin_1xW = call_of(its, 1, 1), fresh(its, 1)
    state = trained(its, begin_1xW, settings([weight], beta1=0.0), call)  # the first moment is then the gradient
    batch = of_tensors([values[0, 0] for values in call[: its.sample_tensors]])
    parameters = {key: value.clone().requires_grad_() for key, value in its.flat.unflatten(begin_1xW[0]).items()}
    output = torch.func.functional_call(its.flat.model, parameters, (batch, True))
    assert its.base is not None
    change_B, divergence_B = by_hand(output, its.base(batch._replace(targets=None)), batch, its.spec.target)
    gradients = torch.autograd.grad(
        (change_B - weight * divergence_B).mean(), list(parameters.values()), allow_unused=True
    )
    expected = {
        key: torch.zeros_like(value) if gradient is None else gradient
        for (key, value), gradient in zip(parameters.items(), gradients, strict=True)
    }
    torch.testing.assert_close(state.first_moment[0], its.flat.flatten(expected), rtol=1e-4, atol=1e-6)
    assert float(state.loss_sum) == pytest.approx(BATCH * float(change_B.detach().mean()), rel=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_the_base_is_a_constant(name: str) -> None:
    its = recipe(name)
    assert its.base is not None
    before = deepcopy(its.base.state_dict())
    batch = of_tensors([values[0, 0] for values in call_of(its, 1, 1)[: its.sample_tensors]])
    base = with_base(batch, its.base).base
    assert base is not None
    assert not base.prediction.requires_grad
    assert not any(its_attention.weights.requires_grad for its_attention in base.attention.values())
    trained(its, fresh(its, 2), settings([0.1, 0.2]), call_of(its, 2, 3))
    assert all(torch.equal(value, before[key]) for key, value in its.base.state_dict().items())
    assert all(parameter.grad is None for parameter in its.base.parameters())


def test_samples_without_a_base_stay_as_they_are() -> None:
    batch = Batch(torch.zeros(1, 2))
    assert with_base(batch, None) is batch


def test_the_base_itself_has_no_loss_no_divergence_and_nowhere_to_go() -> None:
    its = recipe("lstm")
    base_1xW = fresh(its, 5)[4:]
    state = trained(its, base_1xW, settings([0.0]), call_of(its, 1, 1))
    assert float(state.loss_sum) == 0
    assert torch.equal(state.parameters, base_1xW)
    assert measured(its, base_1xW) == [pytest.approx({"loss": 0.0, "change": 0.0, "divergence": 0.0}, abs=1e-6)]


def test_the_larger_lambda_the_farther_attention_goes_and_answers_stay_near() -> None:
    its = recipe("mlp")
    begin_PxW = fresh(its, 1).expand(3, -1)
    call = [values.expand(3, *values.shape[1:]) for values in call_of(its, 1, 400)[:2]]
    state = trained(its, begin_PxW, settings([0.0, 0.02, 0.1]), [*call, torch.ones(400, BATCH)])
    rows, (before, *_) = measured(its, state.parameters), measured(its, begin_PxW)
    far = [row["divergence"] for row in rows]
    assert far[0] < far[1] < far[2]
    assert far[2] > before["divergence"] + 0.1
    assert all(row["loss"] < before["loss"] / 2 for row in rows[:2])
    assert [row["change"] for row in rows] == pytest.approx([row["loss"] for row in rows])  # the scale is 1


@pytest.mark.parametrize("name", ["mlp", "query"])
def test_a_population_over_lambda_equals_its_runs_alone(name: str) -> None:
    its, weights = recipe(name), [0.0, 0.05, 0.3]
    begin_PxW, call = fresh(its, 3), call_of(its, 3, 20)
    together = trained(its, begin_PxW, settings(weights), call)
    for row in range(3):
        here = slice(row, row + 1)
        its_settings = Settings(*(value[here] for value in settings(weights)))
        alone = trained(its, begin_PxW[here], its_settings, of_replicas(its, call, here))
        torch.testing.assert_close(together.parameters[here], alone.parameters, rtol=1e-4, atol=1e-6)
    same = trained(its, begin_PxW, settings([0.0] * 3), call)
    assert torch.equal(same.parameters[0], together.parameters[0])
    assert not torch.allclose(same.parameters[1:], together.parameters[1:], atol=1e-3)


def test_half_the_steps_and_then_the_other_half_are_all_of_them() -> None:
    its = recipe("lstm")
    begin_PxW, call, its_settings = fresh(its, 2), call_of(its, 2, 10), settings([0.1, 0.2])
    middle = trained(its, begin_PxW, its_settings, of_steps(its, call, slice(0, 5)))
    state = copy(middle)
    build_steps(its)(state, its_settings, *of_steps(its, call, slice(5, 10)))
    assert same_bits(state, trained(its, begin_PxW, its_settings, call))


@pytest.mark.parametrize("name", ["mlp", "lstm"])
def test_a_traced_step_holds_its_base(name: str) -> None:
    its, its_settings = recipe(name), settings([0.1, 0.3])
    begin_PxW, call = fresh(its, 2), call_of(its, 2, 1)
    written = trained(its, begin_PxW, its_settings, call)
    state = initial_state(begin_PxW)
    steps = as_steps(for_eager(trace_steps(build_steps(its), (state, its_settings, *call))))
    steps(state, its_settings, *call)
    torch.testing.assert_close(state.parameters, written.parameters, rtol=1e-5, atol=1e-7)


def test_a_program_is_of_one_base() -> None:
    one, again, other = recipe("mlp"), recipe("mlp"), recipe("mlp", seed=3)
    assert fingerprint(one) == fingerprint(again) != fingerprint(other)


def test_where_looks_are_drawn_divergence_is_part_of_their_reward() -> None:
    its = recipe("reinforce")
    begin_PxW, call = fresh(its, 1).expand(2, -1), call_of(its, 1, 3)
    call = [*(values.expand(2, *values.shape[1:]) for values in call[:2]), *call[2:]]
    same_seed = settings([0.0, 0.5])._replace(seed=torch.zeros(2, dtype=torch.float64))
    state = trained(its, begin_PxW, same_seed, call)
    assert state.parameters.isfinite().all()
    assert not torch.allclose(state.parameters[0], state.parameters[1])
