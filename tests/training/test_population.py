"""A population equals its replicas one by one; padding and diverged replicas change nothing.

Shapes: P replicas, W parameters of one replica, S steps a call, B batch, T positions.
"""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_population import (
    BATCH,
    CPU,
    DRAWING,
    MODELS,
    NUMBER,
    batch_of,
    call_of,
    copy,
    fresh,
    of_number,
    of_replicas,
    of_steps,
    recipe,
    rows,
    same_bits,
    settings,
)
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.examples import example
from attnseq.contracts.model import Model
from attnseq.core import philox
from attnseq.objectives.reinforce import with_policy
from attnseq.training.optimizer import FORMS
from attnseq.training.population import FlatModel, Settings, build_steps, initial_state, take_step
from attnseq.training.replicas import stack_settings

# -- one flat vector --


@pytest.mark.parametrize("name", MODELS)
def test_flatten_and_unflatten_are_inverse(name: str) -> None:
    flat = recipe(name).flat
    parameters = {key: torch.randn_like(value) for key, value in flat.model.named_parameters()}
    parameters_W = flat.flatten(dict(reversed(parameters.items())))  # the module's order counts, not the dict's
    assert parameters_W.shape == (flat.width,) == (sum(value.numel() for value in parameters.values()),)
    back = flat.unflatten(parameters_W)
    assert list(back) == list(parameters)
    assert all(torch.equal(back[key], value) for key, value in parameters.items())
    parameters_W.zero_()
    assert not any(value.any() for value in back.values())  # views
    first = next(iter(parameters))
    with pytest.raises(KeyError, match=first):
        flat.flatten({key: value for key, value in parameters.items() if key != first})


@pytest.mark.parametrize("name", MODELS)
def test_prediction_is_the_modules(name: str) -> None:
    its = recipe(name)
    flat, parameters_PxW = its.flat, fresh(its, 3)
    samples = batch_of(its, call_of(its, 1, 1)).map(lambda values: values[0])
    together = flat.predict(parameters_PxW, samples)
    for index, parameters_W in enumerate(parameters_PxW):
        flat.model.load_state_dict(flat.unflatten(parameters_W))
        with torch.no_grad():
            alone = flat.model(samples)
        torch.testing.assert_close(together.prediction[index], alone.prediction)
        assert together.attention.keys() == alone.attention.keys()
        for key, attention in alone.attention.items():
            assert together.attention[key].axes == attention.axes
            torch.testing.assert_close(together.attention[key].weights[index], attention.weights)


class Watching(Model):
    """A model that remembers what it was given, and has two kinds of attention and something else to say."""

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.given = nn.Parameter(torch.ones(())), list[tuple[Any, ...]]()

    def forward(self, batch: Batch, training: bool = False) -> Output:
        self.given.append((batch.targets, batch.draws, training))
        weights_BxT = torch.softmax(self.scale * batch.inputs, dim=-1)
        attention = {"last": Attention(weights_BxT, "BT"), "first": Attention(weights_BxT.unsqueeze(1), "BKT")}
        return Output(weights_BxT[:, 0], attention, {"entropy": torch.special.entr(weights_BxT).sum(-1)})

    def draws(self, batch: Batch) -> dict[str, tuple[int, ...]]:
        return {"unused": (2,)}


def test_who_predicts_sees_neither_targets_nor_draws() -> None:
    model = Watching()
    output = FlatModel(model).predict(torch.ones(3, 1), example(NUMBER, BATCH))
    assert model.given == [(None, None, False)]
    assert list(output.attention) == ["last", "first"]
    assert [each.axes for each in output.attention.values()] == ["BT", "BKT"]
    assert output.attention["first"].weights.shape == (3, BATCH, 1, 4)
    assert output.extra["entropy"].shape == (3, BATCH)


def test_who_trains_sees_both() -> None:
    its = of_number(Watching())
    build_steps(its)(initial_state(torch.ones(2, 1)), settings(2), *call_of(its, 2, 1))
    ((targets_B, draws, training),) = its.flat.model.given  # type: ignore[misc]
    assert training
    assert targets_B.shape == (BATCH,)
    assert draws["unused"].shape == (2,)


def test_what_a_sample_takes_is_known_of_a_model_that_draws_too() -> None:
    its = of_number(Watching())
    draws = its.example(3).draws
    assert draws is not None
    assert draws["unused"].shape == (2,)
    assert its.bytes_per_sample >= 4 * 4  # a softmax over four positions
    assert its.flat.model.given[-1][2]  # type: ignore[index, union-attr]  # as in training


def test_initial_state_is_a_copy() -> None:
    parameters_PxW = torch.ones(2, 5)
    state = initial_state(parameters_PxW)
    state.parameters.zero_()
    assert parameters_PxW.all()
    assert not any(value.any() for value in state)
    assert [value.dtype for value in state[3:]] == [torch.float64] * 3


# -- a population and its replicas --


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [*MODELS, *DRAWING])
def test_three_together_equal_three_alone(name: str, form: str) -> None:
    its = recipe(name, form)
    call, steps, begin_PxW = call_of(its, 3, 20), build_steps(its), fresh(its, 3)
    together = initial_state(begin_PxW)
    steps(together, settings(3), *call)
    assert together.updates.tolist() == [20] * 3
    for index in range(3):
        alone, lone_settings = initial_state(begin_PxW[index : index + 1]), Settings(*rows(settings(3), index))
        steps(alone, lone_settings, *of_replicas(its, call, slice(index, index + 1)))
        moved_1xW = alone.parameters - begin_PxW[index]
        assert moved_1xW.abs().max() > 0.005
        for field, mine, theirs in zip(alone._fields, alone, rows(together, index), strict=True):
            scale = theirs.abs().max().clamp(min=1e-30)
            torch.testing.assert_close(mine / scale, theirs / scale, rtol=0, atol=1e-6, msg=field)


def test_replicas_learn_from_their_own_batches_and_rates() -> None:
    its = recipe("mlp")
    call, begin_PxW = call_of(its, 2, 3), fresh(its, 1).expand(2, -1)
    same = [*(values[:1].expand_as(values) for values in call[:2]), call[2]]
    one_rate = stack_settings([(1e-2, 0.9, 0.999, 1e-7, 0.0, 0.0, 0)] * 2, CPU)
    twins, other_data, other_rate = (initial_state(begin_PxW) for _ in range(3))
    build_steps(its)(twins, one_rate, *same)
    build_steps(its)(other_data, one_rate, *call)
    build_steps(its)(other_rate, settings(2), *same)
    assert torch.equal(twins.parameters[0], twins.parameters[1])
    assert not torch.equal(other_data.parameters[0], other_data.parameters[1])
    assert not torch.equal(other_rate.parameters[0], other_rate.parameters[1])


@pytest.mark.parametrize("name", [*MODELS, *DRAWING])
def test_four_steps_a_call_equal_four_calls(name: str) -> None:
    its = recipe(name)
    call, steps, at_once = call_of(its, 2, 4), build_steps(its), initial_state(fresh(its, 2))
    one_by_one = copy(at_once)
    steps(at_once, settings(2), *call)
    for step in range(4):
        steps(one_by_one, settings(2), *of_steps(its, call, [step]))
    assert same_bits(at_once, one_by_one)


# -- the gradient --


def plain_loss(name: str, prediction: Tensor, batch: Batch) -> Tensor:
    """Of the samples of a batch, by PyTorch's own functions, sequence by sequence; an end follows each answer."""
    assert batch.targets is not None
    if name not in ("query", "transformer", "seq2seq"):
        return nn.functional.mse_loss(prediction, batch.targets)
    each = zip(prediction, batch.targets, batch.lengths, strict=True)  # type: ignore[arg-type]
    losses = [nn.functional.cross_entropy(logits[: n + 1], answer[: n + 1].long()) for logits, answer, n in each]
    return torch.stack(losses).mean()


@pytest.mark.parametrize("name", MODELS)
def test_gradient_is_autograds_on_the_plain_module(name: str) -> None:
    its = recipe(name, "torch")
    flat, batch = its.flat, batch_of(its, call_of(its, 2, 1))
    batch = batch.map(lambda values: values.double() if values.is_floating_point() else values)
    parameters_PxW = fresh(its, 2).double()
    no_momentum = stack_settings([(1e-3, 0.0, 0.9, 1e-7, 0.0, 0.0, 0)] * 2, CPU)
    state = take_step(its, initial_state(parameters_PxW), no_momentum, batch)
    model = flat.model.double()
    for index in range(2):
        model.load_state_dict(flat.unflatten(parameters_PxW[index]))
        model.zero_grad()
        mine = batch._replace(valid=None).map(lambda values, index=index: values[index])
        loss = plain_loss(name, model(mine, training=True).prediction, mine)
        loss.backward()
        gradients = {key: value.grad for key, value in model.named_parameters() if value.grad is not None}
        # with beta1 = 0 the first moment is the gradient
        torch.testing.assert_close(state.first_moment[index], flat.flatten(gradients), rtol=1e-10, atol=1e-12)
        assert state.first_moment[index].abs().max() > 1e-3
        assert float(state.loss_sum[index]) == pytest.approx(BATCH * loss.item(), rel=1e-12)


@pytest.mark.parametrize("name", ["reinforce", "gumbel"])
def test_gradient_of_what_is_drawn_is_autograds_with_the_policy_s_terms(name: str) -> None:
    its = recipe(name, "torch")
    batch, place_2 = batch_of(its, call_of(its, 1, 1)), torch.tensor([1, 2])
    begin_1xW, setting = fresh(its, 1), stack_settings([(1e-3, 0.0, 0.9, 1e-7, 0.0, 0.0, 7)], CPU)
    state = take_step(its, initial_state(begin_1xW), setting, batch, place_2)
    mine = batch._replace(valid=None).map(lambda values: values[0])
    ((draw, shape),) = its.flat.model.draws(mine).items()
    drawn = philox.uniform(setting.seed.long(), *place_2, f"draws/{draw}", tuple(shape))[0]
    model = its.flat.model
    model.load_state_dict(its.flat.unflatten(begin_1xW[0]))
    output = model(mine._replace(draws={draw: drawn}), training=True)
    loss_B = nn.functional.mse_loss(output.prediction, mine.answers, reduction="none")
    assert (output.policy is not None) == (name == "reinforce")
    value_B = loss_B if output.policy is None else with_policy(loss_B, output.policy)
    gradients = torch.autograd.grad(value_B.mean(), list(model.parameters()))
    expected_W = its.flat.flatten(dict(zip(its.flat.shapes, gradients, strict=True)))
    # with beta1 = 0 the first moment is the gradient
    torch.testing.assert_close(state.first_moment[0], expected_W, rtol=1e-4, atol=1e-7)
    policy = its.flat.unflatten(state.first_moment[0])["policy.weight"]
    assert policy.abs().max() > 1e-5
    assert float(state.loss_sum[0]) == pytest.approx(BATCH * loss_B.mean().item(), rel=1e-5)  # of the error alone


def test_a_gradient_is_clipped_where_its_replica_asks_for_it() -> None:
    its = recipe("mlp", "torch")
    batch, begin = batch_of(its, call_of(its, 2, 1)), initial_state(fresh(its, 2))
    its_settings = stack_settings([(1e-3, 0.0, 0.9, 1e-7, clip, 0.0, 0) for clip in (0.01, 0.0)], CPU)
    plain = take_step(its, begin, its_settings, batch)
    clipped = take_step(replace(its, clips=True), begin, its_settings, batch)
    assert float(plain.first_moment[0].norm()) > 0.015
    assert float(clipped.first_moment[0].norm()) == pytest.approx(0.01, rel=1e-5)
    assert torch.equal(clipped.first_moment[1], plain.first_moment[1])


# -- padding --


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [*MODELS, *DRAWING])
def test_a_step_of_padding_changes_nothing(name: str, form: str) -> None:
    its = recipe(name, form)
    call, steps, state = call_of(its, 2, 3), build_steps(its), initial_state(fresh(its, 2))
    steps(state, settings(2), *call)
    before, valid = copy(state), its.sample_tensors
    odd_targets = torch.full_like(call[1], torch.nan if call[1].is_floating_point() else 0)
    steps(state, settings(2), call[0], odd_targets, *call[2:valid], torch.zeros_like(call[valid]), *call[valid + 1 :])
    assert same_bits(state, before)
    # also among steps that are none
    call[valid] = torch.ones_like(call[valid])
    call[valid][1] = 0
    steps(state, settings(2), *call)
    steps(before, settings(2), *of_steps(its, call, [0, 2]))
    assert same_bits(state, before)


@pytest.mark.parametrize("name", MODELS)
def test_a_partial_batch_is_the_mean_over_its_samples(name: str) -> None:
    its = recipe(name)
    begin, batch = initial_state(fresh(its, 2).double()), batch_of(its, call_of(its, 2, 1))
    of_four = batch._replace(valid=None).map(lambda values: values[:, :4])._replace(valid=torch.ones(4))
    batch = batch._replace(valid=(torch.arange(BATCH) < 4).float())
    partial = take_step(its, begin, settings(2), batch)
    for mine, theirs in zip(partial, take_step(its, begin, settings(2), of_four), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-14)
    # what stands in the padding does not matter
    inputs, targets = batch.inputs.clone(), batch.targets.clone()  # type: ignore[union-attr]
    inputs[:, 4:], targets[:, 4:] = 0, 1
    assert same_bits(partial, take_step(its, begin, settings(2), batch._replace(inputs=inputs, targets=targets)))


def test_the_loss_by_hand() -> None:
    its = recipe("mlp")
    begin = initial_state(torch.zeros(1, its.flat.width))  # predicts 1/2
    valid_B = torch.tensor([1.0, 1.0, 0.0])
    batch = example(NUMBER, 3)._replace(targets=torch.tensor([0.5, 0.0, 0.9])).map(lambda values: values[None])
    state = take_step(its, begin, settings(1), batch._replace(valid=valid_B))
    assert float(state.loss_sum) == 2 * 0.125
    assert float(take_step(its, begin, settings(1), batch._replace(valid=0 * valid_B)).loss_sum) == 0


# -- a replica whose loss is not finite --


@pytest.mark.parametrize("name", [*MODELS, *DRAWING])
def test_a_broken_replica_is_frozen_and_its_neighbours_do_not_notice(name: str) -> None:
    its = recipe(name)
    call, steps, begin_PxW = call_of(its, 3, 5), build_steps(its), fresh(its, 3)
    broken_PxW = begin_PxW.clone()
    broken_PxW[1, 0] = torch.nan
    healthy, broken = initial_state(begin_PxW), initial_state(broken_PxW)
    steps(healthy, settings(3), *call)
    steps(broken, settings(3), *call)
    assert healthy.diverged.tolist() == [0, 0, 0]
    assert broken.diverged.tolist() == [0, 1, 0]
    for index in (0, 2):
        assert all(torch.equal(a, b) for a, b in zip(rows(healthy, index), rows(broken, index), strict=True))
    assert torch.allclose(broken.parameters[1], broken_PxW[1], rtol=0, atol=0, equal_nan=True)
    assert not broken.first_moment[1].any()
    assert not broken.second_moment[1].any()
    assert broken.updates.tolist() == [5, 0, 5]
    assert math.isnan(broken.loss_sum[1])


def test_the_step_at_which_a_replica_breaks_is_kept() -> None:
    its = recipe("mlp")
    call, steps, state = call_of(its, 2, 8), build_steps(its), initial_state(fresh(its, 2))
    steps(state, settings(2), *of_steps(its, call, slice(0, 3)))
    endless = settings(2)
    endless.learning_rate[1] = torch.inf
    steps(state, endless, *of_steps(its, call, slice(3, 8)))
    # three good steps, a fourth that makes the weights infinite, a fifth whose loss is not finite
    assert state.diverged.tolist() == [0, 5]
    assert state.updates.tolist() == [8, 4]
    frozen = copy(state)
    steps(state, settings(2), *call)
    assert state.diverged.tolist() == [0, 5]
    assert torch.allclose(state.parameters[1], frozen.parameters[1], rtol=0, atol=0, equal_nan=True)
    assert not torch.equal(state.parameters[0], frozen.parameters[0])


def test_padding_does_not_count_as_divergence() -> None:
    its = recipe("mlp")
    parameters_PxW = fresh(its, 1)
    parameters_PxW[0, 0] = torch.nan
    state, (inputs, targets, valid_SxB) = initial_state(parameters_PxW), call_of(its, 1, 2)
    build_steps(its)(state, settings(1), inputs, targets, torch.zeros_like(valid_SxB))
    assert state.diverged.tolist() == [0]
    assert state.loss_sum.tolist() == [0]
