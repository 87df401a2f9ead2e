"""Replicas in training: how far they are, what differs between them, and idle ones beside them.

Shapes: P replicas.
"""

import math

import pytest
import torch
from tiny_population import CPU, MODELS, call_of, copy, fresh, recipe, same_bits, settings

from attnseq.training.order import random_order
from attnseq.training.population import PopulationState, Settings, build_steps, initial_state
from attnseq.training.replicas import Population, stack_settings

SAMPLES = 6


def population(replicas: int, name: str = "mlp") -> Population:
    its = recipe(name)
    orders = [random_order(seed, SAMPLES) for seed in range(replicas)]
    return Population(its, initial_state(fresh(its, replicas)), settings(replicas), orders, epoch=2, step=64)


def widened_call(call: list[torch.Tensor], count: int, idle: int) -> list[torch.Tensor]:
    """A call with the first replica's samples for idle ones, as the trainer gathers it."""
    return [*(torch.cat((values, values[[0] * idle])) for values in call[:count]), *call[count:]]


def test_settings_are_columns_of_what_each_replica_has() -> None:
    rows = [(1e-3, 0.9, 0.999, 1e-7, 0.0, 0.0, 2**32 - 1), (1e-2, 0.8, 0.99, 1e-8, 3.0, 0.5, 0)]
    stacked = stack_settings(rows, CPU)
    columns = list(zip(*(column.tolist() for column in stacked), strict=True))
    assert columns == [(*row, 0.0) for row in rows]  # what a row lacks at its end is 0
    names = ("learning_rate", "beta1", "beta2", "epsilon", "clip_norm", "weight_noise", "seed", "divergence_weight")
    assert stacked._fields == names
    assert all(column.dtype == torch.float64 and column.is_contiguous() for column in stacked)
    assert stacked.seed.long().tolist() == [2**32 - 1, 0]  # to the last bit


def test_the_mean_loss_is_of_the_samples_so_far_and_none_of_who_diverged() -> None:
    mine = population(3)
    mine.state.loss_sum.copy_(torch.tensor([6.0, 3.0, torch.nan]))
    mine.state.diverged.copy_(torch.tensor([0.0, 7.0, 0.0]))
    first, second, third = mine.mean_loss(12)
    assert first == 0.5
    assert math.isnan(second)
    assert math.isnan(third)
    assert mine.diverged() == [0, 7, 0]
    assert all(isinstance(step, int) for step in mine.diverged())


def test_as_many_as_there_are_is_the_population_itself() -> None:
    mine = population(3)
    assert mine.widened(3) is mine


@pytest.mark.parametrize("idle", [1, 2, 5])
def test_a_wider_population_has_frozen_replicas_behind_its_own(idle: int) -> None:
    mine, before = population(3), population(3)
    wide = mine.widened(3 + idle)
    assert (wide.epoch, wide.step, wide.recipe) == (2, 64, mine.recipe)
    assert len(wide.orders) == 3 + idle
    assert all(wide.orders[3 + n](0).tolist() == mine.orders[0](0).tolist() for n in range(idle))
    assert wide.diverged() == [0, 0, 0] + [1] * idle
    assert same_bits(mine.state, before.state)
    assert same_bits(PopulationState(*(value[:3] for value in wide.state)), before.state)
    assert all(torch.equal(its[:3], own) for its, own in zip(wide.settings, before.settings, strict=True))
    assert all(len(value) == 3 + idle and value.is_contiguous() for value in (*wide.state, *wide.settings))


def test_its_own_rows_are_the_population_s_and_idle_ones_are_not() -> None:
    mine = population(2)
    wide = mine.widened(4)
    for own, all_rows in zip(mine.state, wide.state, strict=True):
        assert own.data_ptr() == all_rows.data_ptr()
        all_rows[:2] = 5
        assert (own == 5).all()
        all_rows[2:] = 7
        assert (own == 5).all()


@pytest.mark.parametrize("name", [*MODELS, "noisy"])
def test_it_trains_as_the_population_would_and_idle_replicas_stay_as_they_were(name: str) -> None:
    mine, alone = population(2, name), population(2, name)
    wide, steps = mine.widened(3), build_steps(mine.recipe)
    idle_before = copy(PopulationState(*(value[2:] for value in wide.state)))
    call = call_of(mine.recipe, 2, 5)
    steps(wide.state, wide.settings, *widened_call(call, mine.recipe.sample_tensors, 1))
    steps(alone.state, alone.settings, *call)
    for field, own, theirs in zip(mine.state._fields, mine.state, alone.state, strict=True):
        torch.testing.assert_close(own, theirs, rtol=1e-5, atol=1e-7, msg=field)
    assert same_bits(PopulationState(*(value[2:] for value in wide.state)), idle_before)
    assert mine.state.updates.tolist() == [5, 5]


def test_one_that_diverged_stays_so_beside_idle_ones() -> None:
    mine = population(2)
    mine.state.diverged[1] = 9
    wide = mine.widened(4)
    assert wide.diverged() == [0, 9, 1, 1]
    assert mine.diverged() == [0, 9]


def test_settings_of_idle_replicas_are_the_first_one_s() -> None:
    mine = population(2)
    idle = Settings(*(value[2:] for value in mine.widened(3).settings))
    assert all(torch.equal(its, own[:1]) for its, own in zip(idle, mine.settings, strict=True))
