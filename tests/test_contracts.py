"""What the parts promise each other, held for everything that the registries hold and that conf/ ships.

Models are tried on specs of every kind, and trained on every dataset.

Shapes: P replicas, B batch, T positions, K answer positions, C calls, S steps a call; R rows of attention.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import count, islice, product
from typing import Any

import pytest
import torch
from tiny_configs import choices, tiny_config, tiny_dataset, tiny_model
from tiny_specs import BATCH, ENDED, POSITIONS, SPECS, TARGETS, answers, batch_of, model_of, targets_of
from torch import Tensor

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.spec import Classes, Scalar, Spec, Target, Tokens
from attnseq.core.registry import Registry
from attnseq.datasets.config import DATASETS
from attnseq.layers.encoding import features
from attnseq.metrics import METRICS
from attnseq.models.config import MODELS
from attnseq.objectives import OBJECTIVES
from attnseq.objectives.reinforce import with_policy
from attnseq.runs import build
from attnseq.runs.config import RunConfig
from attnseq.training.batches import BatchPlan, Epoch
from attnseq.training.population import PopulationState, build_steps

CPU = torch.device("cpu")
NAMES = [(model, name) for model, name in product(choices("model"), SPECS) if tiny_model(model).takes(SPECS[name])]
PADDED = [(model, name) for model, name in NAMES if SPECS[name].inputs.padded]
RUNS = [
    (dataset, model)
    for dataset, model in product(DATASETS.names(), choices("model"))
    if (model in MODELS or dataset == "reverse") and tiny_model(model).takes(tiny_dataset(dataset).build().spec)
]
"""All that the registries hold, and each variant that conf/ ships on one dataset, whose sequences are padded."""
SHORT = {"length": 6, "left": [1, 2], "right": [3, 4]}
"""Keys of datasets that have them, for tests whose time grows with the positions."""
ALL_OBJECTIVES, ALL_METRICS = ([each[name] for name in each.names()] for each in (OBJECTIVES, METRICS))
MEASURES = [
    (measure, target)
    for measure, target in product([*ALL_OBJECTIVES, *ALL_METRICS], TARGETS.values())
    if isinstance(target, measure.targets)
]


def tensors(output: Output) -> list[Tensor]:
    return [output.prediction, *(attention.weights for attention in output.attention.values()), *output.extra.values()]


@pytest.mark.parametrize(("group", "registry"), [("dataset", DATASETS), ("model", MODELS)])
def test_every_choice_has_a_file(group: str, registry: Registry[Any]) -> None:
    assert set(registry.names()) <= set(choices(group))


@pytest.mark.parametrize(("model", "name"), NAMES)
def test_shapes_of_predictions_and_attention(model: str, name: str) -> None:
    inputs, target = SPECS[name].inputs, SPECS[name].target
    output: Output = model_of(model, SPECS[name])(batch_of(SPECS[name]))
    shapes = {Scalar: (BATCH,), Classes: (BATCH, 3), Tokens: (BATCH, answers(target), 4)}
    assert output.prediction.shape == shapes[type(target)]
    for weights, axes in output.attention.values():
        assert (
            weights.shape
            == {
                "BT": (BATCH, POSITIONS),
                "BTD": (BATCH, POSITIONS, features(inputs)),
                "BKT": (BATCH, answers(target), POSITIONS),
                "BMTT": (BATCH, weights.shape[1], POSITIONS, POSITIONS),
            }[axes]
        )


@pytest.mark.parametrize(("model", "name"), NAMES)
def test_weights_are_shares_and_0_exactly_where_there_is_no_position(model: str, name: str) -> None:
    batch = batch_of(SPECS[name])
    output: Output = model_of(model, SPECS[name])(batch)
    for weights, axes in output.attention.values():
        assert weights.isfinite().all()
        assert (weights >= 0).all()
        if axes != "BTD":
            sums = weights.sum(dim=-1)
            if (model, name) == ("query_attention", ENDED):  # an answer position may look at none
                assert (sums < 1).all()
            else:
                torch.testing.assert_close(sums, torch.ones_like(sums), rtol=1e-12, atol=1e-12)
        present_BxT = batch.present()
        if present_BxT is not None:
            rows_BxRxT = weights.transpose(1, 2) if axes == "BTD" else weights.reshape(BATCH, -1, POSITIONS)
            assert not rows_BxRxT.masked_fill(present_BxT.unsqueeze(1), 0).any()


def without_gradient(model: str, spec: Spec) -> set[str]:
    """Parameters that change nothing: what all scores of a softmax share, or the only score of one."""
    if model != "lstm_feature":
        return set()
    return {"attention.score.bias"} | ({"attention.score.weight"} if features(spec.inputs) == 1 else set())


@pytest.mark.parametrize(("model", "name"), NAMES)
def test_gradients_are_finite_and_none_is_0(model: str, name: str) -> None:
    spec = SPECS[name]
    learner, batch = model_of(model, spec), batch_of(spec)
    objective = next(each for each in ALL_OBJECTIVES if type(spec.target) in each.usual_for)(spec.target)
    shapes, numbers = learner.draws(batch), torch.Generator().manual_seed(0)
    draws = {name: torch.rand(tuple(shape), generator=numbers, dtype=torch.float64) for name, shape in shapes.items()}
    output: Output = learner(batch._replace(draws=draws or None), training=True)
    loss_B = objective(output, batch)
    (loss_B if output.policy is None else with_policy(loss_B, output.policy)).mean().backward()
    sizes = {
        key: math.nan if parameter.grad is None else float(parameter.grad.norm())
        for key, parameter in learner.named_parameters()
    }
    assert all(map(math.isfinite, sizes.values())), sizes
    assert {key for key, size in sizes.items() if size < 1e-10} == without_gradient(model, spec)


@pytest.mark.parametrize(("model", "name"), NAMES)
def test_predictions_need_no_targets_and_no_company(model: str, name: str) -> None:
    learner, batch = model_of(model, SPECS[name]), batch_of(SPECS[name])
    whole = tensors(learner(batch))
    for mine, its in zip(tensors(learner(batch._replace(targets=None))), whole, strict=True):
        assert torch.equal(mine, its)
    for sample, one in enumerate(batch.pieces(1)):
        for mine, its in zip(tensors(learner(one)), whole, strict=True):
            torch.testing.assert_close(mine[0], its[sample], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("model", "name"), PADDED)
def test_what_stands_behind_a_sequence_changes_no_bit(model: str, name: str) -> None:
    learner, batch = model_of(model, SPECS[name]), batch_of(SPECS[name])
    present_BxT, other = batch.present(), batch_of(SPECS[name], seed=9).inputs
    is_own = present_BxT if other.dim() == 2 else present_BxT.unsqueeze(-1)
    changed = batch._replace(inputs=torch.where(is_own, batch.inputs, other))
    assert not torch.equal(changed.inputs, batch.inputs)
    seen = []
    for each in (batch, changed):
        values = tensors(learner(each, training=True))
        total = torch.cat([value.flatten() for value in values]).square().sum()
        gradients = torch.autograd.grad(total, list(learner.parameters()), allow_unused=True)
        seen.append([*values, *(gradient for gradient in gradients if gradient is not None)])
    assert all(torch.equal(mine, its) for mine, its in zip(*seen, strict=True))


@pytest.mark.parametrize("name", choices("dataset"))
def test_samples_of_a_task(name: str) -> None:
    config = tiny_dataset(name)
    task = config.build()
    spec, splits = task.spec, task.splits()
    assert len(task.position_names) == spec.inputs.length
    assert [split.size for split in splits] == list(config.sizes)
    for split, again in zip(splits, config.build().splits(), strict=True):
        assert all(torch.equal(mine, its) for mine, its in zip(split[:3], again[:3], strict=True) if mine is not None)
        assert (split.lengths is not None) == spec.inputs.padded
        relevance = task.relevance(split)
        if relevance is not None:
            rows = () if relevance.dim() == 2 else (answers(spec.target),)
            assert relevance.shape == (split.size, *rows, spec.inputs.length)
            assert (relevance >= 0).all()
            assert relevance.any()
            assert torch.equal(task.relevance(split.first(3)), relevance[:3])
        change = task.expected_change(split)
        if change is not None:
            rows = () if change.dim() == 2 else (answers(spec.target),)
            assert change.shape == (split.size, *rows, spec.inputs.length)
            assert (change >= 0).all()
            assert change.any()
            assert torch.equal(task.expected_change(split.first(3)), change[:3])


def perfect(target: Target, targets: Tensor) -> Tensor:
    """A prediction without a fault."""
    if isinstance(target, Scalar):
        return targets
    values = target.number if isinstance(target, Classes) else target.vocabulary
    return 100 * torch.nn.functional.one_hot(targets.clamp(min=0).long(), values).double()


@pytest.mark.parametrize(("measure", "target"), MEASURES)
def test_measures_are_a_number_a_sample_and_best_for_what_is_right(measure: Any, target: Target) -> None:
    batch, measured = Batch(torch.zeros(BATCH, 1), targets_of(target)), measure(target)
    right = perfect(target, targets_of(target))
    guess = torch.rand(right.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    low, high = measure.limits
    best = high if getattr(measure, "direction", "lower") == "higher" else low
    batch = batch._replace(base=Output(right))
    for prediction in (right, guess):
        values_B = measured(Output(prediction), batch)
        assert (values_B.shape, values_B.dtype) == ((BATCH,), torch.float64)
        mean = float(values_B.mean())
        of_split = measured.summary(mean, batch) if measure in ALL_METRICS else mean
        assert low <= of_split <= high
        assert (of_split == pytest.approx(best, abs=1e-9)) == (prediction is right)
    together_PxB = torch.vmap(lambda prediction: measured(Output(prediction), batch))(torch.stack((right, guess)))
    torch.testing.assert_close(together_PxB[1], measured(Output(guess), batch))


def calls_of(configs: Sequence[RunConfig]) -> Iterator[list[Tensor]]:
    """What the steps of a population take, a step a call, epoch by epoch."""
    data, population = build.build_data(configs, CPU), build.build_population(configs, CPU)
    plan = BatchPlan(data.train_size, configs[0].trainer.batch_size, steps_per_call=1)
    for number in count():
        epoch = Epoch(plan, [order(number) for order in population.orders], data.first_P, CPU)
        block = epoch.block(data.train, 0, plan.calls)
        places = [epoch.places(number, 0, plan.calls)] if population.recipe.is_drawn else []
        yield from (list(call) for call in zip(*block, *places, strict=True))


def trained(configs: Sequence[RunConfig], middle: PopulationState | None = None) -> list[PopulationState]:
    """The states after 10 and 20 steps; from the former on, the latter."""
    population, after = build.build_population(configs, CPU), 10 if middle else 0
    state, take_steps = middle or population.state, build_steps(population.recipe)
    states = []
    for done, call in enumerate(islice(calls_of(configs), after, 20), after + 1):
        take_steps(state, population.settings, *call)
        if done in (10, 20):
            states.append(copy(state))
    return states


def copy(state: PopulationState) -> PopulationState:
    return PopulationState(*(value.clone() for value in state))


@pytest.mark.parametrize(("dataset", "model"), RUNS)
def test_fused_equals_alone_and_resumed_equals_uninterrupted(dataset: str, model: str) -> None:
    short = {f"dataset.{key}": value for key, value in SHORT.items() if hasattr(DATASETS[dataset], key)}
    configs = [
        tiny_config(dataset, model, **{"seed": seed, "dataset.seed": seed % 2, **short, **trainer})
        for seed, trainer in (
            (1, {"trainer.learning_rate": 1e-2}),
            (2, {"trainer.weight_noise": 0.01}),
            (4, {"trainer.beta1": 0.5}),
        )
    ]
    middle, end = trained(configs)
    assert end.parameters.isfinite().all()
    assert end.updates.tolist() == [20, 20, 20]
    (resumed,) = trained(configs, copy(middle))
    assert all(torch.equal(mine, its) for mine, its in zip(resumed, end, strict=True))
    flat = build.build_recipe(configs[0]).flat
    idle = without_gradient(model, configs[0].dataset.build().spec)  # of rounding alone, Adam makes steps, too
    moved_W = flat.flatten({name: torch.full(shape, name not in idle) for name, shape in flat.shapes.items()})
    for replica, config in enumerate(configs):
        *_, alone = trained([config])
        for mine, its in zip(end, alone, strict=True):
            kept = (replica, moved_W) if its.dim() == 2 else (replica,)
            torch.testing.assert_close(mine[kept], its[(0, *kept[1:])], rtol=1e-4, atol=1e-6)
