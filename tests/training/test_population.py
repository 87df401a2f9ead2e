"""A population equals its replicas one by one; padding and diverged replicas change nothing.

Shapes: P replicas, N parameters of one replica, S steps a call, B batch, T positions.
"""

import math

import pytest
import torch
from tiny_population import (
    BATCH,
    CPU,
    MODELS,
    POSITIONS,
    Batches,
    batches,
    build,
    copy,
    fresh,
    rows,
    same_bits,
    settings,
)
from torch import nn

from attnseq.training.optimizer import FORMS, AdamSettings
from attnseq.training.population import (
    build_steps,
    initial_state,
    squared_error,
    take_step,
)
from attnseq.training.replicas import stack_settings

# -- one flat vector --


@pytest.mark.parametrize("name", MODELS)
def test_flatten_and_unflatten_are_inverse(name: str) -> None:
    flat = build(name)
    parameters = {key: torch.randn_like(value) for key, value in flat.model.named_parameters()}
    parameters_N = flat.flatten(dict(reversed(parameters.items())))  # the module's order counts, not the dict's
    assert parameters_N.shape == (sum(value.numel() for value in parameters.values()),)
    back = flat.unflatten(parameters_N)
    assert list(back) == list(parameters)
    assert all(torch.equal(back[key], value) for key, value in parameters.items())
    parameters_N.zero_()
    assert not any(value.any() for value in back.values())  # views
    first = next(iter(parameters))
    with pytest.raises(KeyError, match=first):
        flat.flatten({key: value for key, value in parameters.items() if key != first})


@pytest.mark.parametrize("name", MODELS)
def test_prediction_is_the_modules(name: str) -> None:
    flat = build(name)
    parameters_PxN = fresh(flat, 3)
    digits_BxT = batches(1, 1).digits[0, 0]
    together = flat.predict(parameters_PxN, digits_BxT)
    for index, parameters_N in enumerate(parameters_PxN):
        flat.model.load_state_dict(flat.unflatten(parameters_N))
        with torch.no_grad():
            alone = flat.model(digits_BxT)
        torch.testing.assert_close(together.prediction[index], alone.prediction)
        torch.testing.assert_close(together.attention[index], alone.attention)


def test_initial_state_is_a_copy() -> None:
    parameters_PxN = torch.ones(2, 5)
    state = initial_state(parameters_PxN)
    state.parameters.zero_()
    assert parameters_PxN.all()
    assert not any(value.any() for value in state)
    assert [value.dtype for value in state[3:]] == [torch.float64] * 3


# -- a population and its replicas --


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", MODELS)
def test_three_together_equal_three_alone(name: str, form: str) -> None:
    flat, data = build(name), batches(3, 20)
    steps, begin_PxN = build_steps(flat, form), fresh(flat, 3)
    together = initial_state(begin_PxN)
    steps(together, settings(3), *data)
    assert together.updates.tolist() == [20] * 3
    for index in range(3):
        alone, lone_settings = initial_state(begin_PxN[index : index + 1]), AdamSettings(*rows(settings(3), index))
        steps(alone, lone_settings, data.digits[index : index + 1], data.targets[index : index + 1], data.valid)
        moved_1xN = alone.parameters - begin_PxN[index]
        assert moved_1xN.abs().max() > 0.005
        for field, mine, theirs in zip(alone._fields, alone, rows(together, index), strict=True):
            scale = theirs.abs().max().clamp(min=1e-30)
            torch.testing.assert_close(mine / scale, theirs / scale, rtol=0, atol=1e-6, msg=field)


def test_replicas_learn_from_their_own_batches_and_rates() -> None:
    flat, data = build("mlp"), batches(2, 3)
    begin_PxN = fresh(flat, 1).expand(2, -1)
    same = Batches(data.digits[:1].expand_as(data.digits), data.targets[:1].expand_as(data.targets), data.valid)
    one_rate = stack_settings([(1e-2, 0.9, 0.999, 1e-7)] * 2, CPU)
    twins, other_data, other_rate = (initial_state(begin_PxN) for _ in range(3))
    build_steps(flat, "keras")(twins, one_rate, *same)
    build_steps(flat, "keras")(other_data, one_rate, *data)
    build_steps(flat, "keras")(other_rate, settings(2), *same)
    assert torch.equal(twins.parameters[0], twins.parameters[1])
    assert not torch.equal(other_data.parameters[0], other_data.parameters[1])
    assert not torch.equal(other_rate.parameters[0], other_rate.parameters[1])


@pytest.mark.parametrize("name", MODELS)
def test_four_steps_a_call_equal_four_calls(name: str) -> None:
    flat, data = build(name), batches(2, 4)
    steps, at_once = build_steps(flat, "keras"), initial_state(fresh(flat, 2))
    one_by_one = copy(at_once)
    steps(at_once, settings(2), *data)
    for step in range(4):
        part = slice(step, step + 1)
        steps(one_by_one, settings(2), data.digits[:, part], data.targets[:, part], data.valid[part])
    assert same_bits(at_once, one_by_one)


# -- the gradient --


@pytest.mark.parametrize("name", MODELS)
def test_gradient_is_autograds_on_the_plain_module(name: str) -> None:
    flat, data = build(name), batches(2, 1)
    parameters_PxN = fresh(flat, 2).double()
    no_momentum = AdamSettings(*(torch.full((2,), value, dtype=torch.float64) for value in (1e-3, 0.0, 0.9, 1e-7)))
    targets_PxB, valid_B = data.targets[:, 0].double(), data.valid[0].double()
    begin = initial_state(parameters_PxN)
    state = take_step(flat, "torch", begin, no_momentum, data.digits[:, 0], targets_PxB, valid_B)
    model = flat.model.double()
    for index in range(2):
        model.load_state_dict(flat.unflatten(parameters_PxN[index]))
        model.zero_grad()
        loss = nn.functional.mse_loss(model(data.digits[index, 0]).prediction, targets_PxB[index])
        loss.backward()
        gradients = {key: value.grad for key, value in model.named_parameters() if value.grad is not None}
        # with beta1 = 0 the first moment is the gradient
        torch.testing.assert_close(state.first_moment[index], flat.flatten(gradients), rtol=1e-10, atol=1e-12)
        assert state.first_moment[index].abs().max() > 1e-3
        assert float(state.loss_sum[index]) == pytest.approx(BATCH * loss.item(), rel=1e-12)


# -- padding --


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", MODELS)
def test_a_step_of_padding_changes_nothing(name: str, form: str) -> None:
    flat, data = build(name), batches(2, 3)
    steps, state = build_steps(flat, form), initial_state(fresh(flat, 2))
    steps(state, settings(2), *data)
    before = copy(state)
    steps(state, settings(2), data.digits, torch.full_like(data.targets, torch.nan), torch.zeros_like(data.valid))
    assert same_bits(state, before)
    # also among steps that are none
    valid_SxB = torch.ones_like(data.valid)
    valid_SxB[1] = 0
    steps(state, settings(2), *data[:2], valid_SxB)
    keep = [0, 2]
    steps(before, settings(2), data.digits[:, keep], data.targets[:, keep], data.valid[keep])
    assert same_bits(state, before)


@pytest.mark.parametrize("name", MODELS)
def test_a_partial_batch_is_the_mean_over_its_samples(name: str) -> None:
    flat, data = build(name), batches(2, 1)
    begin = initial_state(fresh(flat, 2))
    digits_PxBxT, targets_PxB = data.digits[:, 0], data.targets[:, 0]
    valid_B = (torch.arange(BATCH) < 4).float()
    partial = take_step(flat, "keras", begin, settings(2), digits_PxBxT, targets_PxB, valid_B)
    four = take_step(flat, "keras", begin, settings(2), digits_PxBxT[:, :4], targets_PxB[:, :4], torch.ones(4))
    for mine, theirs in zip(partial, four, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-6, atol=1e-8)
    # what stands in the padding does not matter
    other_PxBxT, other_PxB = digits_PxBxT.clone(), targets_PxB.clone()
    other_PxBxT[:, 4:] = 0
    other_PxB[:, 4:] = 1
    assert same_bits(partial, take_step(flat, "keras", begin, settings(2), other_PxBxT, other_PxB, valid_B))


def test_squared_error_by_hand() -> None:
    flat = build("mlp")
    zeros_N = torch.zeros(sum(flat.sizes))  # predicts 1/2
    digits_BxT = torch.zeros(3, POSITIONS, dtype=torch.uint8)
    targets_B, valid_B = torch.tensor([0.5, 0.0, 0.9]), torch.tensor([1.0, 1.0, 0.0])
    assert float(squared_error(flat, zeros_N, digits_BxT, targets_B, valid_B)) == 0.125
    assert float(squared_error(flat, zeros_N, digits_BxT, targets_B, torch.zeros(3))) == 0


# -- a replica whose loss is not finite --


@pytest.mark.parametrize("name", MODELS)
def test_a_broken_replica_is_frozen_and_its_neighbours_do_not_notice(name: str) -> None:
    flat, data = build(name), batches(3, 5)
    steps, begin_PxN = build_steps(flat, "keras"), fresh(flat, 3)
    broken_PxN = begin_PxN.clone()
    broken_PxN[1, 0] = torch.nan
    healthy, broken = initial_state(begin_PxN), initial_state(broken_PxN)
    steps(healthy, settings(3), *data)
    steps(broken, settings(3), *data)
    assert healthy.diverged.tolist() == [0, 0, 0]
    assert broken.diverged.tolist() == [0, 1, 0]
    for index in (0, 2):
        assert all(torch.equal(a, b) for a, b in zip(rows(healthy, index), rows(broken, index), strict=True))
    assert torch.allclose(broken.parameters[1], broken_PxN[1], rtol=0, atol=0, equal_nan=True)
    assert not broken.first_moment[1].any()
    assert not broken.second_moment[1].any()
    assert broken.updates.tolist() == [5, 0, 5]
    assert math.isnan(broken.loss_sum[1])


def test_the_step_at_which_a_replica_breaks_is_kept() -> None:
    flat, data = build("mlp"), batches(2, 8)
    steps, state = build_steps(flat, "keras"), initial_state(fresh(flat, 2))
    first, second = (slice(0, 3), slice(3, 8))
    steps(state, settings(2), data.digits[:, first], data.targets[:, first], data.valid[first])
    endless = settings(2)
    endless.learning_rate[1] = torch.inf
    steps(state, endless, data.digits[:, second], data.targets[:, second], data.valid[second])
    # three good steps, a fourth that makes the weights infinite, a fifth whose loss is not finite
    assert state.diverged.tolist() == [0, 5]
    assert state.updates.tolist() == [8, 4]
    frozen = copy(state)
    steps(state, settings(2), *data)
    assert state.diverged.tolist() == [0, 5]
    assert torch.allclose(state.parameters[1], frozen.parameters[1], rtol=0, atol=0, equal_nan=True)
    assert not torch.equal(state.parameters[0], frozen.parameters[0])


def test_padding_does_not_count_as_divergence() -> None:
    flat, data = build("mlp"), batches(1, 2)
    parameters_PxN = fresh(flat, 1)
    parameters_PxN[0, 0] = torch.nan
    state = initial_state(parameters_PxN)
    build_steps(flat, "keras")(state, settings(1), *data[:2], torch.zeros_like(data.valid))
    assert state.diverged.tolist() == [0]
    assert state.loss_sum.tolist() == [0]
