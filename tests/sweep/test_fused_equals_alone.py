"""A run that is trained with others gets the data, weights and order it would get alone, and the same losses.

Shapes: P replicas, N training samples, S steps a call, B batch, T positions.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from attnseq.runs import build
from attnseq.runs.config import RunConfig
from attnseq.sweep.grouping import program_of
from attnseq.training.batches import BatchPlan, Epoch
from attnseq.training.population import Steps, build_steps
from attnseq.training.program import as_steps, trace_steps

STEPS = 1_000
SAMPLES, BATCH = 3_200, 32  # 100 steps an epoch
CPU = torch.device("cpu")
OVERRIDES = (f"dataset.train_size={SAMPLES}", f"trainer.batch_size={BATCH}", "trainer.epochs=10")

Call = tuple[Tensor, ...]
Replicas = tuple[dict[str, Any], ...]

# replicas that differ in all that may differ: seed, data, initial weights, order, Adam's numbers, noise
ADAM: Replicas = (
    {"seed": 7, "dataset__seed": 4, "trainer__learning_rate": 3e-3, "trainer__beta1": 0.8},
    {"seed": 8, "model__init": "keras", "trainer__order": "random", "trainer__beta2": 0.99, "trainer__epsilon": 1e-6},
)
NOISE: Replicas = ({"seed": 9, "dataset__label_noise": 0.1, "trainer__weight_noise": 0.01},)
SHORT = (
    "dataset=abs_difference",
    "dataset.length=4",
    "dataset.left=[0]",
    "dataset.right=[2]",
)  # two fifths of the time
MODELS: dict[str, tuple[tuple[str, ...], Replicas]] = {
    "mlp_attention": ((), ({"seed": 1337}, *ADAM, *NOISE)),
    "lstm_attention": (("model=lstm_attention", "model.hidden_size=16", *SHORT), ({"seed": 1337}, *ADAM, *NOISE)),
    "query_attention": (
        ("model=query_attention", "model.hidden_size=8", "dataset=reverse", "dataset.length=4", "dataset.vocabulary=5"),
        ({"seed": 1337}, *ADAM, {"seed": 9, "trainer__weight_noise": 0.01}, {"seed": 8, "trainer__clip_norm": 0.05}),
    ),
}


@pytest.fixture(params=MODELS)
def configs(
    request: pytest.FixtureRequest, tiny: Callable[..., RunConfig], vary: Callable[..., RunConfig]
) -> list[RunConfig]:
    """Runs of one program."""
    overrides, replicas = MODELS[request.param]
    config = tiny(*OVERRIDES, *overrides)
    return [vary(config, **values) for values in replicas]


def calls_of(configs: Sequence[RunConfig]) -> tuple[BatchPlan, Callable[[int], list[Call]]]:
    """How an epoch is cut into single steps, and what each of them takes, by epoch."""
    data = build.build_data(configs, CPU)
    population = build.build_population(configs, CPU)
    plan = BatchPlan(data.train_size, BATCH, 1)

    def of(number: int) -> list[Call]:
        epoch = Epoch(plan, [order(number) for order in population.orders], data.first_P, CPU)
        places = [epoch.places(number, 0, plan.calls)] if population.recipe.is_drawn else []
        return list(zip(*epoch.block(data.train, 0, plan.calls), *places, strict=True))

    return plan, of


def losses(groups: Sequence[Sequence[RunConfig]]) -> list[Tensor]:
    """Each step's loss of each replica of each group, step by step; groups of one size share their traced programs."""
    found = []
    programs: dict[tuple[bool, bool], Steps] = {}
    for configs in groups:
        population = build.build_population(configs, CPU)
        state, settings, recipe = population.state, population.settings, population.recipe
        plan, of = calls_of(configs)
        kind = recipe.is_drawn, recipe.clips
        if kind not in programs:
            example = (state, settings, *of(0)[0])
            programs[kind] = as_steps(trace_steps(build_steps(recipe), example))
        sums = [state.loss_sum.clone()]
        for epoch in range(STEPS // plan.steps):
            for call in of(epoch):
                programs[kind](state, settings, *call)
                sums.append(state.loss_sum.clone())
        assert not state.diverged.any()
        found.append(torch.stack(sums).diff(dim=0) / BATCH)
    return found


def test_they_are_one_program(configs: list[RunConfig]) -> None:
    assert len({program_of(config) for config in configs}) == 1


def test_data_weights_and_order_are_the_same_bits(configs: list[RunConfig]) -> None:
    together = build.build_population(configs, CPU)
    _, of_all = calls_of(configs)
    count = together.recipe.sample_tensors
    for replica, config in enumerate(configs):
        alone = build.build_population([config], CPU)
        assert torch.equal(together.state.parameters[replica], alone.state.parameters[0])
        its_settings = [column[replica].item() for column in together.settings]
        assert its_settings == [column[0].item() for column in alone.settings]
        _, of = calls_of([config])
        for epoch in (0, 1):
            for call, its_call in zip(of_all(epoch), of(epoch), strict=True):
                for values, its_values in zip(call[:count], its_call[:count], strict=True):
                    assert torch.equal(values[replica], its_values[0])
                assert torch.equal(call[count], its_call[count])


def test_replicas_differ(configs: list[RunConfig]) -> None:
    """So that the comparisons here tell them apart."""
    population = build.build_population(configs, CPU)
    inputs_PxSxBxT = calls_of(configs)[1](0)[0][0]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not torch.equal(population.state.parameters[first], population.state.parameters[second])
        assert not torch.equal(inputs_PxSxBxT[first], inputs_PxSxBxT[second])


def test_losses_agree_step_by_step(configs: list[RunConfig]) -> None:
    """Traced, since compiling takes a minute a program; tests/training/test_program.py compares the two."""
    (together_SxP,) = losses([configs])
    assert together_SxP.shape == (STEPS, len(configs))
    for replica, alone_Sx1 in enumerate(losses([[config] for config in configs])):
        torch.testing.assert_close(together_SxP[:, replica], alone_Sx1[:, 0], rtol=1e-4, atol=0)
