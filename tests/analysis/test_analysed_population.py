"""A population analysed: ignored attention, single positions, the same numbers alone and together, what is absent.

Shapes: P replicas, W parameters.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_configs import tiny_config
from torch import Tensor

from attnseq.analysis.population import SINGLE, Found, analyse
from attnseq.analysis.replicas import Replicas
from attnseq.analysis.settings import Settings
from attnseq.analysis.values import NO_ATTENTION, NO_POSITIONS, NO_WEIGHTS
from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Scalar
from attnseq.contracts.task import Task
from attnseq.core.randomness import generator
from attnseq.layers.weights import KerasInitializer
from attnseq.runs.build import build_meter, build_recipe
from attnseq.runs.config import RunConfig
from attnseq.scores.analysed import LN2, RANDOM

ASKED = ("agreement", "permutation", "adversary", "perturbation", "leave_one_out")


@pytest.fixture(autouse=True)
def few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the fewest points of integrated gradients: `test_completeness` sees to the others, which take long."""
    monkeypatch.setattr("attnseq.analysis.completeness.MOST", 32)


def fresh(config: RunConfig, seed: int, scale: float = 3.0) -> Tensor:
    """Random weights, larger than fresh ones, so that attention is far from even."""
    flat = build_recipe(config).flat
    parameters = flat.model.initial_parameters(KerasInitializer(generator(seed, "weights")))
    return scale * flat.flatten(parameters)


def found(
    config: RunConfig,
    seeds: tuple[int, ...] = (0,),
    settings: Settings | None = None,
    samples: Callable[[Batch], Batch] = lambda batch: batch,
    change: Callable[[Any, Tensor], None] | None = None,
) -> list[Found]:
    """Analyse untrained models, one a seed, whose parameters `change` may change in place."""
    recipe, task = build_recipe(config), config.dataset.task
    parameters_PxW = torch.stack([fresh(config, seed) for seed in seeds])
    if change is not None:
        change(recipe.flat, parameters_PxW)
    randomised_PxW = torch.stack([fresh(config, seed + 100) for seed in seeds])
    meter, test = build_meter(config, recipe), samples(task.splits().test)
    settings = settings or Settings(samples=test.size)
    return analyse(recipe, meter, parameters_PxW, randomised_PxW, test, task, settings)


def ignore_input(flat: Any, parameters_PxW: Tensor) -> None:
    """Make answers the same for all inputs and all attention: the last layer has no weights but its bias."""
    for parameters_W in parameters_PxW:
        named = flat.unflatten(parameters_W)
        named["output.weight"].zero_()


def attend_evenly(flat: Any, parameters_PxW: Tensor) -> None:
    """Give all positions the same weight, in the first replica."""
    named = flat.unflatten(parameters_PxW[0])
    for name in named:
        if name.startswith("attention"):
            named[name].zero_()


def test_where_attention_is_ignored_permutation_changes_nothing_and_the_adversary_reaches_its_bound() -> None:
    (its,) = found(tiny_config("abs_difference", "mlp_attention"), change=ignore_input)
    assert its.numbers["permutation/median_change"] == 0
    assert its.numbers["adversary/divergence"] == pytest.approx(its.numbers["adversary/bound"], abs=1e-6)
    assert its.numbers["adversary/change"] == 0
    assert its.numbers["perturbation/comprehensiveness"] == 0


@pytest.mark.parametrize("model", ["mlp_attention", "lstm_element", "query_attention"])
def test_alone_and_together_give_the_same(model: str) -> None:
    config = tiny_config("abs_difference", model)
    together, alone = found(config, (3, 4, 5)), found(config, (4,))
    assert together[1].numbers.keys() == alone[0].numbers.keys()
    for name, value in alone[0].numbers.items():
        # the adversary takes ways that rounding may turn
        tolerance = 2e-2 if name.startswith("adversary/") else 1e-3
        assert together[1].numbers[name] == pytest.approx(value, rel=tolerance, abs=1e-4), name


def test_all_is_there_of_a_number_with_relevance() -> None:
    (its,) = found(tiny_config("abs_difference", "lstm_attention"))
    kinds = {name.partition("/")[0] for name in its.numbers}
    assert kinds == {*ASKED, "integrated_gradients", "sanity"}
    assert {"sanity/mass_accuracy", "sanity/rank_accuracy", RANDOM} <= its.numbers.keys()
    assert "sanity/auroc" not in its.numbers  # the usual scores alone
    assert "sanity/gap" not in its.numbers
    assert set(its.positions) >= {"attention", "relevance", "gradient_x_input", "integrated_gradients", "leave_one_out"}
    assert its.numbers["leave_one_out/relevant"] > 0
    assert its.numbers["adversary/divergence"] <= its.numbers["adversary/bound"] + 1e-6


@pytest.mark.parametrize("dataset", ["answer_digits", "reverse", "find_max", "bigram_flip"])
def test_classes_tokens_and_padding(dataset: str) -> None:
    (its,) = found(tiny_config(dataset, "query_attention"))
    assert set(ASKED) <= {name.partition("/")[0] for name in its.numbers}
    assert 0 < its.numbers["permutation/median_change"] <= 1
    assert 0 < its.numbers["adversary/change"] <= 0.05
    assert 0 < its.numbers["adversary/divergence"] <= its.numbers["adversary/bound"] <= LN2
    assert its.numbers["integrated_gradients/gap"] < 1e-3


def test_models_without_attention_have_attributions_alone() -> None:
    (its,) = found(tiny_config("abs_difference", "lstm_plain"))
    assert "leave_one_out/irrelevant" in its.numbers
    assert "agreement/integrated_gradients_leave_one_out" in its.numbers
    assert not any(name.startswith(("permutation", "adversary", "perturbation")) for name in its.numbers)
    assert {its.absent[kind] for kind in ("permutation", "adversary", "perturbation", "agreement")} == {NO_ATTENTION}


def test_even_attention_is_even_alone_and_beside_another() -> None:
    config = tiny_config("abs_difference", "mlp_attention")
    (alone,) = found(config, change=attend_evenly)
    beside, _ = found(config, (0, 1), change=attend_evenly)
    assert alone.absent == beside.absent
    assert alone.numbers.keys() == beside.numbers.keys()
    for numbers in (alone.numbers, beside.numbers):
        assert numbers["permutation/median_change"] == pytest.approx(0, abs=1e-4)  # permuted, they are what they were
        assert numbers["permutation/largest_weight"] == pytest.approx(0.1)
        assert numbers["adversary/divergence"] > 0.1
        assert numbers["leave_one_out/most_attended"] == pytest.approx(0.1)
        assert numbers["agreement/gradient_x_input"] == 0


def test_random_weights_are_scored_as_trained_ones_are() -> None:
    config = tiny_config("abs_difference", "mlp_attention")
    recipe, task = build_recipe(config), config.dataset.task
    weights_PxW = torch.stack((fresh(config, 0), fresh(config, 1)))
    meter, test = build_meter(config, recipe), task.splits().test
    its = analyse(recipe, meter, weights_PxW, weights_PxW, test, task, Settings(samples=test.size))
    for one, measured in zip(its, meter.evaluate(weights_PxW, test, task=task), strict=True):
        assert one.numbers["sanity/mass_accuracy"] == pytest.approx(measured.row["relevance/mass_accuracy"])
        assert one.numbers["sanity/leave_one_out"] == pytest.approx(one.numbers["agreement/leave_one_out"])
        assert one.numbers[RANDOM] == pytest.approx(1)  # attention agrees with itself


def test_what_the_adversary_may_change_is_of_all_test_samples() -> None:
    config = tiny_config("abs_difference", "mlp_attention")
    (its,) = found(config, settings=Settings(samples=1, epsilon=1.0))
    task = config.dataset.task
    assert isinstance(task.spec.target, Scalar)
    deviation = float(task.splits().test.answers.std()) * task.spec.target.scale
    assert 1 < its.numbers["adversary/change"] <= deviation  # one sample alone has no deviation, and 1 in its place


def test_of_tokens_only_weights_that_count_are_permuted() -> None:
    config = tiny_config("abs_difference", "lstm_element")
    recipe, test = build_recipe(config), config.dataset.task.splits().test
    replicas = Replicas(recipe.flat, fresh(config, 0).unsqueeze(0), test)
    assert replicas.rows().shape == (1, test.size, 1, test.inputs.shape[1])
    rows = replicas.rows()
    torch.testing.assert_close(replicas.weighed(rows), replicas.output.prediction)
    assert (replicas.weighed(rows.flip(-1)) != replicas.output.prediction).all()


def test_looks_and_features_are_neither_permuted_nor_opposed() -> None:
    (looks,) = found(tiny_config("abs_difference", "hard_attention"))
    (features,) = found(tiny_config("abs_difference", "lstm_feature"))
    assert looks.absent["permutation"] == NO_WEIGHTS
    assert features.absent["adversary"] == NO_POSITIONS
    assert "perturbation/sufficiency" in looks.numbers


def test_a_sample_of_one_position_is_left_out_and_if_all_are_the_number_is() -> None:
    config = tiny_config("copy", "query_attention")

    def cut(batch: Batch, *lengths: int) -> Batch:
        return batch.first(len(lengths))._replace(lengths=torch.tensor(lengths, dtype=torch.int32))

    (some,) = found(config, samples=lambda batch: cut(batch, 1, 4))
    (none,) = found(config, samples=lambda batch: cut(batch, 1, 1))
    assert some.numbers["permutation/median_change"] > 0
    assert "permutation/median_change" not in none.numbers
    assert none.absent["permutation/median_change"] == SINGLE


@pytest.mark.parametrize("removal", ["resampled", "zeroed", "removed"])
def test_every_way_to_take_a_position_away(removal: str) -> None:
    config = tiny_config("abs_difference", "lstm_attention")
    (its,) = found(config, settings=Settings(samples=20, removal=removal))
    assert {"perturbation/comprehensiveness", "leave_one_out/relevant"} <= its.numbers.keys()


def test_taken_from_the_sum_where_there_is_none_is_absent() -> None:
    config = tiny_config("abs_difference", "mlp_plain")
    (its,) = found(config, settings=Settings(samples=20, removal="removed"))
    assert its.absent["leave_one_out"] == NO_ATTENTION
    assert "leave_one_out" not in its.positions


def test_chunks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny_config("abs_difference", "mlp_attention")
    (whole,) = found(config)
    monkeypatch.setattr("attnseq.analysis.population.CHUNK", 7)
    (parts,) = found(config)
    for name, value in whole.numbers.items():
        assert parts.numbers[name] == pytest.approx(value, rel=1e-3, abs=1e-5), name


class Telling(Task):
    """A task that knows how much its answers change, whatever it is asked."""

    def __init__(self, task: Task):
        self._task = task

    @property
    def spec(self) -> Any:
        return self._task.spec

    def splits(self) -> Any:
        return self._task.splits()

    def expected_change(self, batch: Batch) -> Tensor:
        return torch.arange(batch.inputs.shape[1]).expand(batch.inputs.shape).double()


def test_leave_one_out_is_held_against_the_exact_change() -> None:
    config = tiny_config("abs_difference", "mlp_attention")
    recipe, task = build_recipe(config), Telling(config.dataset.task)
    parameters_PxW = fresh(config, 0).unsqueeze(0)
    attend_evenly(recipe.flat, parameters_PxW)
    hidden = recipe.flat.unflatten(parameters_PxW[0])["hidden.weight"]
    hidden[:, :7] = hidden[:, 8:] = 0  # the answer depends on position 7 alone
    test = task.splits().test
    (its,) = analyse(
        recipe, build_meter(config, recipe), parameters_PxW, parameters_PxW, test, task, Settings(samples=test.size)
    )
    # of the 45 pairs, 7 have the one that counts behind one that does not, and 2 before it; in the others none counts
    assert its.numbers["leave_one_out/expected_change"] == pytest.approx((7 - 2) / 45)
    assert its.positions["expected_change"] == list(range(test.inputs.shape[1]))


def test_a_larger_epsilon_lets_the_adversary_go_farther() -> None:
    config = tiny_config("abs_difference", "mlp_attention")
    far = [found(config, settings=replace(Settings(20), epsilon=epsilon))[0].numbers for epsilon in (0.001, 0.9)]
    assert far[0]["adversary/divergence"] < far[1]["adversary/divergence"]
