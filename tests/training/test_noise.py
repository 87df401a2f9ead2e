"""Random numbers of a step, weight noise and a model's draws: functions of seed, epoch, step and name alone.

Shapes: P replicas, S steps, W parameters of one replica, B batch, T positions.
"""

from collections.abc import Sequence

import pytest
import torch
from tiny_population import (
    BATCH,
    CPU,
    POSITIONS,
    Drawn,
    batch_of,
    call_of,
    copy,
    fresh,
    of_number,
    of_replicas,
    recipe,
    rows,
    same_bits,
    settings,
)
from torch import Tensor, nn

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.measures import Objective
from attnseq.contracts.model import Model
from attnseq.contracts.spec import Reals, Scalar, Spec
from attnseq.core import philox
from attnseq.training.population import FlatModel, Recipe, Settings, build_steps, initial_state, take_step
from attnseq.training.replicas import stack_settings

SIZE, STEPS = 50, 200
TOLERANCE = 4 / (STEPS * SIZE) ** 0.5
"""Four standard errors of the mean of so many numbers whose deviation is 1."""


class Bowl(Model):
    """Predicts half the sum of its squared parameters: the gradient of that is where it was taken."""

    def __init__(self) -> None:
        super().__init__()
        self.weight_W = nn.Parameter(torch.zeros(SIZE))

    def forward(self, batch: Batch, training: bool = False) -> Output:
        return Output((0.5 * self.weight_W * self.weight_W).sum().expand(batch.size))


class Prediction(Objective):
    """The prediction itself."""

    targets, label = (Scalar,), "prediction"

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        return output.prediction


def bowl(weight_noise: bool = True) -> Recipe:
    spec = Spec(Reals(1), Scalar())
    return Recipe(FlatModel(Bowl()), spec, Prediction(spec.target), "torch", weight_noise)


def at_rest(deviations: Sequence[float], seeds: Sequence[int]) -> Settings:
    """Of replicas that take no step, and whose first moment is the gradient."""
    return stack_settings([(0.0, 0.0, 0.0, 1.0, 0.0, *each) for each in zip(deviations, seeds, strict=True)], CPU)


def noise(deviations: Sequence[float], seeds: Sequence[int], epoch: int, start: int, stop: int) -> Tensor:
    """noise_PxSxW of some steps, read off the gradients of replicas that rest at 0."""
    replicas, its = len(seeds), at_rest(deviations, seeds)
    one = Batch(torch.zeros(replicas, 1, 1, 1), torch.zeros(replicas, 1), valid=torch.ones(1))
    begin = initial_state(torch.zeros(replicas, SIZE))
    with torch.no_grad():
        places = [torch.tensor([epoch, step]) for step in range(start, stop)]
        return torch.stack([take_step(bowl(), begin, its, one, place).first_moment for place in places], dim=1)


# -- weight noise --


def test_it_has_the_deviation_of_each_replica_and_is_fresh_in_each_step() -> None:
    noise_PxSxW = noise([0.5, 0.0, 2.0], [1, 2, 3], 0, 0, STEPS)
    assert noise_PxSxW.shape == (3, STEPS, SIZE)
    assert not noise_PxSxW[1].any()
    for replica, deviation in ((0, 0.5), (2, 2.0)):
        standard = noise_PxSxW[replica] / deviation
        assert abs(float(standard.mean())) < TOLERANCE
        assert abs(float(standard.std()) - 1) < TOLERANCE
    # and unlike its neighbour's
    correlation_S = (noise_PxSxW[0, 1:] * noise_PxSxW[0, :-1]).mean(dim=-1) / 0.25
    assert abs(float(correlation_S.mean())) < TOLERANCE
    assert len(noise_PxSxW[0].unique()) > 0.99 * STEPS * SIZE


def test_it_depends_neither_on_the_company_nor_on_the_place_in_it_nor_on_what_was_drawn_before() -> None:
    alone_1xSxW = noise([0.1], [2], 3, 0, 8)
    for deviations, seeds, place in (([0.5, 0.1, 2.0], [1, 2, 3], 1), ([0.1, 0.0], [2, 2], 0), ([0.1] * 4, [2] * 4, 3)):
        together_PxSxW = noise(deviations, seeds, 3, 0, 8)
        assert torch.equal(together_PxSxW[place], alone_1xSxW[0])
    assert torch.equal(noise([0.1], [2], 3, 5, 8), alone_1xSxW[:, 5:])


@pytest.mark.parametrize(("seed", "epoch", "step"), [(3, 0, 0), (2, 1, 0), (2, 0, STEPS), (2**32 - 1, 0, 0)])
def test_another_seed_epoch_or_step_gives_other_noise(seed: int, epoch: int, step: int) -> None:
    first, second = noise([1.0], [2], 0, 0, STEPS), noise([1.0], [seed], epoch, step, step + STEPS)
    assert abs(float((first * second).mean())) < TOLERANCE


def test_one_seed_and_deviation_give_one_noise() -> None:
    seed_P, epoch, step = (torch.tensor(number) for number in ([9], 2, 7))
    expected_1xW = 0.25 * philox.normal(seed_P, epoch, step, "weight_noise", (SIZE,))
    assert torch.equal(noise([0.25], [9], 2, 7, 8)[:, 0], expected_1xW)


def test_deviation_0_changes_nothing_even_beside_noisy_neighbours() -> None:
    noisy, quiet = recipe("noisy"), recipe("mlp")
    begin_PxW, call = fresh(noisy, 3), call_of(noisy, 3, 5)
    mixed, plain = initial_state(begin_PxW), initial_state(begin_PxW)
    build_steps(noisy)(mixed, settings(3), *call)
    build_steps(quiet)(plain, settings(3), *call[:3])
    assert settings(3).weight_noise.tolist() == [0, 0.02, 0.04]
    for field, mine, theirs in zip(mixed._fields, mixed, plain, strict=True):
        assert torch.equal(mine[0], theirs[0]), field
    assert not any(torch.equal(mixed.parameters[index], plain.parameters[index]) for index in (1, 2))


def test_the_gradient_is_taken_beside_the_parameters_and_moves_them() -> None:
    """Against autograd on the noisy parameters, in float64."""
    its = recipe("noisy")
    batch = batch_of(its, call_of(its, 1, 1))
    batch = batch._replace(targets=batch.targets.double(), valid=batch.valid.double())  # type: ignore[union-attr]
    begin_1xW, place = fresh(its, 1).double(), torch.tensor([1, 2])
    # with both betas 0 the moments are the gradient and its square
    no_momentum = stack_settings([(1e-2, 0.0, 0.0, 1e-7, 0.0, 0.3, 7)], CPU)
    with torch.no_grad():
        state = take_step(its, initial_state(begin_1xW), no_momentum, batch, place)
    noise_1xW = philox.normal(torch.tensor([7]), *place, "weight_noise", (its.flat.width,))
    noisy_W = (begin_1xW + 0.3 * noise_1xW.double())[0].requires_grad_()
    prediction_B = its.flat(noisy_W, batch._replace(valid=None).map(lambda values: values[0])).prediction
    loss = nn.functional.mse_loss(prediction_B, batch.targets[0])  # type: ignore[index]
    (gradient_W,) = torch.autograd.grad(loss, noisy_W)
    # the noise and its deviation are rounded to float32
    torch.testing.assert_close(state.first_moment[0], gradient_W, rtol=1e-5, atol=1e-8)
    assert float(state.loss_sum) == pytest.approx(BATCH * loss.item(), rel=1e-6)
    moved_W = begin_1xW[0] - 1e-2 * state.first_moment[0] / (state.first_moment[0].abs() + 1e-7)
    torch.testing.assert_close(state.parameters[0], moved_W, rtol=1e-12, atol=1e-14)


# -- a model's draws --


def trained(its: Recipe, epoch: int = 0, replicas: int = 2) -> Tensor:
    """parameters_PxW after two steps of an epoch; the batches are those of the first one."""
    state, call = initial_state(fresh(its, replicas)), call_of(its, replicas, 2)
    call[-1][:, 0] = epoch
    build_steps(its)(state, settings(replicas), *call)
    return state.parameters


def test_a_draw_is_what_its_name_gives() -> None:
    """Uniform numbers of the shape that was asked for; against the plain module, which is given them."""
    its, batch = recipe("drawn"), batch_of(recipe("drawn"), call_of(recipe("drawn"), 2, 1))
    place = torch.tensor([3, 4])
    no_momentum = settings(2)._replace(beta1=torch.zeros(2, dtype=torch.float64))
    state = take_step(its, initial_state(fresh(its, 2)), no_momentum, batch, place)
    seed_P = no_momentum.seed.long()
    scale_PxBxT = philox.uniform(seed_P, *place, "draws/scale", (BATCH, POSITIONS))
    for index, parameters_W in enumerate(fresh(its, 2)):
        weights_W = parameters_W.requires_grad_()
        mine = Batch(batch.inputs[index], draws={"scale": scale_PxBxT[index]})
        prediction_B = its.flat(weights_W, mine, training=True).prediction
        loss = nn.functional.mse_loss(prediction_B, batch.targets[index])  # type: ignore[index]
        (gradient_W,) = torch.autograd.grad(loss, weights_W)
        torch.testing.assert_close(state.first_moment[index], gradient_W, rtol=1e-5, atol=1e-7)


def test_other_names_epochs_and_seeds_give_other_numbers() -> None:
    usual_PxW = trained(recipe("drawn"))
    assert torch.equal(trained(recipe("drawn")), usual_PxW)
    assert not torch.equal(trained(of_number(Drawn("other"))), usual_PxW)
    assert not torch.equal(trained(recipe("drawn"), epoch=1), usual_PxW)
    its = recipe("drawn")
    twins, (inputs, targets, *shared) = initial_state(fresh(its, 1).expand(2, -1)), call_of(its, 1, 2)
    same_but_seed = Settings(*(value[:1].expand(2) for value in settings(2)))._replace(seed=settings(2).seed)
    build_steps(its)(twins, same_but_seed, inputs.expand(2, -1, -1, -1), targets.expand(2, -1, -1), *shared)
    assert not torch.equal(twins.parameters[0], twins.parameters[1])


@pytest.mark.parametrize("name", ["noisy", "drawn"])
def test_steps_go_on_as_if_they_had_not_been_interrupted(name: str) -> None:
    """In another call, of a recipe made anew, and for one replica of them beside another one."""
    its = recipe(name)
    first, second = call_of(its, 3, 4), call_of(its, 3, 4, seed=1)
    whole = initial_state(fresh(its, 3))
    build_steps(its)(whole, settings(3), *first)
    begun = copy(whole)
    build_steps(its)(whole, settings(3), *second)
    again = copy(begun)
    build_steps(recipe(name))(again, settings(3), *second)
    assert same_bits(again, whole)
    pair = type(begun)(*(torch.cat((value[2:], value[:1])) for value in begun))
    its_settings = Settings(*(torch.cat((value[2:], value[:1])) for value in settings(3)))
    last, one = (of_replicas(its, second, rows) for rows in (slice(2, 3), slice(0, 1)))
    call = [torch.cat(values) for values in zip(last[:2], one[:2], strict=True)] + second[2:]
    build_steps(its)(pair, its_settings, *call)
    for mine, theirs in zip(rows(pair, 0), rows(whole, 2), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-7)
