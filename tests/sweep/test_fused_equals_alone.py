"""A run that is trained with others gets the data, weights and order it would get alone, and the same losses.

Shapes: P replicas, N training samples, S steps a call, B batch, T positions.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

import pytest
import torch
from torch import Tensor

from attnseq.runs import build
from attnseq.runs.config import RunConfig
from attnseq.sweep.grouping import program_of
from attnseq.training.batches import BatchPlan, Epoch
from attnseq.training.population import Steps, build_steps
from attnseq.training.program import as_steps, trace_steps
from attnseq.training.replicas import Population

STEPS = 1_000
SAMPLES, BATCH = 3_200, 32  # 100 steps an epoch
CPU = torch.device("cpu")

# replicas that differ in all that may differ: seed, data, initial weights, order, Adam's numbers, noise
REPLICAS = (
    {"seed": 1337},
    {"seed": 7, "dataset__seed": 4, "trainer__learning_rate": 3e-3, "trainer__beta1": 0.8},
    {"seed": 8, "model__init": "keras", "trainer__order": "random", "trainer__beta2": 0.99, "trainer__epsilon": 1e-6},
    {"seed": 9, "dataset__label_noise": 0.1, "trainer__weight_noise": 0.01},
)
OVERRIDES = (f"dataset.train_size={SAMPLES}", f"trainer.batch_size={BATCH}", "trainer.epochs=10")
SHORT = (
    "dataset=abs_difference",
    "dataset.length=4",
    "dataset.left=[0]",
    "dataset.right=[2]",
)  # two fifths of the time
MODELS = {"mlp_attention": (), "lstm_attention": ("model=lstm_attention", "model.hidden_size=16", *SHORT)}


@pytest.fixture(params=MODELS)
def configs(
    request: pytest.FixtureRequest, tiny: Callable[..., RunConfig], vary: Callable[..., RunConfig]
) -> list[RunConfig]:
    """Runs of one program."""
    config = tiny(*OVERRIDES, *MODELS[request.param])
    return [vary(config, **values) for values in REPLICAS]


def batches(configs: Sequence[RunConfig]) -> tuple[BatchPlan, Callable[[int], list[tuple[Tensor, Tensor, Tensor]]]]:
    """How an epoch is cut into single steps, and the batches of each epoch."""
    data = build.build_data(configs, CPU)
    population = build.build_population(configs, CPU)
    plan = BatchPlan(data.train_size, BATCH, 1)

    def of(number: int) -> list[tuple[Tensor, Tensor, Tensor]]:
        epoch = Epoch(plan, [order(number) for order in population.orders], data.first_P, CPU)
        return list(zip(*epoch.block(data.digits_NxT, data.targets_N, 0, plan.calls), strict=True))

    return plan, of


def noise_of(population: Population, calls: int) -> Iterator[tuple[Tensor, ...]]:
    """What each of the first calls of an epoch takes besides its batch."""
    if population.noise is None:
        return repeat((), calls)
    return zip(call for piece in population.noise.pieces(population.epoch, 0, calls, 1) for call in piece)


def losses(groups: Sequence[Sequence[RunConfig]]) -> list[Tensor]:
    """Each step's loss of each replica of each group, step by step; groups of one size share their traced programs."""
    found = []
    programs: dict[bool, Steps] = {}
    for configs in groups:
        population = build.build_population(configs, CPU)
        state, settings = population.state, population.settings
        plan, of = batches(configs)
        noisy = population.noise is not None
        if noisy not in programs:
            steps = build_steps(population.flat, configs[0].trainer.adam)
            example = (state, settings, *of(0)[0], *next(noise_of(population, 1)))
            programs[noisy] = as_steps(trace_steps(steps, example))
        sums = [state.loss_sum.clone()]
        for epoch in range(STEPS // plan.steps):
            population.epoch = epoch
            for batch, noise in zip(of(epoch), noise_of(population, plan.calls), strict=True):
                programs[noisy](state, settings, *batch, *noise)
                sums.append(state.loss_sum.clone())
        assert not state.diverged.any()
        found.append(torch.stack(sums).diff(dim=0) / BATCH)
    return found


def test_they_are_one_program(configs: list[RunConfig]) -> None:
    assert len({program_of(config) for config in configs}) == 1


def test_data_weights_and_order_are_the_same_bits(configs: list[RunConfig]) -> None:
    together = build.build_population(configs, CPU)
    _, of_all = batches(configs)
    for replica, config in enumerate(configs):
        alone = build.build_population([config], CPU)
        assert torch.equal(together.state.parameters[replica], alone.state.parameters[0])
        assert [column[replica].item() for column in together.settings] == [
            column[0].item() for column in alone.settings
        ]
        _, of = batches([config])
        for epoch in (0, 1):
            for (digits, targets, valid), (its_digits, its_targets, its_valid) in zip(
                of_all(epoch), of(epoch), strict=True
            ):
                assert torch.equal(digits[replica], its_digits[0])
                assert torch.equal(targets[replica], its_targets[0])
                assert torch.equal(valid, its_valid)


def test_replicas_differ(configs: list[RunConfig]) -> None:
    """So that the comparisons here tell them apart."""
    population = build.build_population(configs, CPU)
    digits_PxSxBxT = batches(configs)[1](0)[0][0]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not torch.equal(population.state.parameters[first], population.state.parameters[second])
        assert not torch.equal(digits_PxSxBxT[first], digits_PxSxBxT[second])


def test_losses_agree_step_by_step(configs: list[RunConfig]) -> None:
    """Traced, since compiling takes a minute a program; tests/training/test_program.py compares the two."""
    (together_SxP,) = losses([configs])
    assert together_SxP.shape == (STEPS, len(configs))
    for replica, alone_Sx1 in enumerate(losses([[config] for config in configs])):
        torch.testing.assert_close(together_SxP[:, replica], alone_Sx1[:, 0], rtol=1e-4, atol=0)
