"""Numbers of samples by hand: even attention is at chance, and what leave-one-out is held against."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from tiny_configs import tiny_config
from torch import Tensor

from attnseq.analysis.replicas import Replicas
from attnseq.analysis.values import ATTENTION, LEAVE_ONE_OUT, Path, attributions, truths
from attnseq.contracts.batch import Batch
from attnseq.contracts.task import Task
from attnseq.core.randomness import generator
from attnseq.layers.weights import KerasInitializer
from attnseq.runs.build import build_recipe
from attnseq.scores.explained import Explained
from attnseq.scores.leave_one_out import others

BATCH = Batch(torch.zeros(2, 4, dtype=torch.uint8), lengths=torch.tensor([4, 3]))


def held(attention: list[list[float]], left: list[list[float]]) -> dict[str, Tensor]:
    """Numbers of a task whose answers change by 0, 0, 1, 2, and depend on the last two positions."""
    exact = torch.tensor([[0.0, 0.0, 1.0, 2.0], [0.0, 0.0, 1.0, 0.0]])
    task = SimpleNamespace(relevance=lambda batch: exact, expected_change=lambda batch: exact)
    positions = {ATTENTION: torch.tensor([attention]), LEAVE_ONE_OUT: torch.tensor([left])}
    return truths(positions, cast("Task", task), BATCH).numbers


def test_even_attention_is_at_the_most_moving_position_by_chance() -> None:
    numbers = held([[0.25] * 4, [0.33333334, 0.3333333, 0.3333333, 0.0]], [[0, 0, 1, 3], [5, 0, 0, 0]])
    assert numbers["leave_one_out/most_attended"].tolist() == [pytest.approx([1 / 4, 1 / 3])]


def test_ties_are_shared() -> None:
    numbers = held([[0.4, 0.1, 0.1, 0.4], [0.2, 0.3, 0.5, 0.0]], [[1, 1, 1, 3], [0, 2, 2, 0]])
    assert numbers["leave_one_out/most_attended"].tolist() == [pytest.approx([1 / 2, 1 / 2])]


def test_the_exact_change_orders_pairs() -> None:
    # of sample 1 it orders 5 pairs, of which 1 against 2 is the other way round; of sample 2 it orders 2 of 3
    numbers = held([[0.25] * 4] * 2, [[0.5, 2, 1, 4], [0.5, 2, 3, 0]])
    assert numbers["leave_one_out/expected_change"].tolist() == [pytest.approx([3 / 5, 1])]
    assert numbers["leave_one_out/relevant"].tolist() == [[2.5, 3.0]]
    assert numbers["leave_one_out/irrelevant"].tolist() == [[1.25, 1.25]]


@torch.no_grad()
def attributed(model: str, change: Any) -> tuple[Replicas, dict[str, Tensor], dict[str, Tensor]]:
    """A model, whose parameters `change` may change in place, and what attributions find of it."""
    config = tiny_config("abs_difference", model)
    flat, task = build_recipe(config).flat, config.dataset.task
    parameters_W = flat.flatten(flat.model.initial_parameters(KerasInitializer(generator(0, "weights"))))
    change(flat.unflatten(parameters_W))
    test = task.splits().test
    replicas = Replicas(flat, parameters_W.unsqueeze(0), test)
    explained = Explained(task.spec.target)
    found = attributions(replicas, explained, "zeroed", others(test.inputs, None, 1), Path(32, 1.0), test)
    return replicas, found.numbers, found.positions


def test_even_attention_agrees_with_nothing() -> None:
    def even(named: dict[str, Tensor]) -> None:
        named["attention.weight"].zero_()
        named["attention.bias"].zero_()

    _, numbers, _ = attributed("mlp_attention", even)
    for name in ("gradient_x_input", "integrated_gradients", "leave_one_out"):
        assert not numbers[f"agreement/{name}"].any()


@torch.no_grad()
def test_gradients_hold_attention_fixed_and_integrated_ones_do_not() -> None:
    replicas, numbers, positions = attributed("mlp_attention", lambda named: None)
    named = replicas.flat.unflatten(replicas.parameters_PxW[0])
    encoded_BxT, weights_BxT = replicas.encoded()[0], replicas.rows()[0, :, 0]
    scale = tiny_config("abs_difference").dataset.task.spec.target.scale  # type: ignore[union-attr]
    hidden_BxH = torch.sigmoid((encoded_BxT * weights_BxT) @ named["hidden.weight"].T + named["hidden.bias"])
    slope_BxT = (hidden_BxH * (1 - hidden_BxH) * named["output.weight"]) @ named["hidden.weight"]
    steep_Bx1 = (replicas.output.prediction[0] * (1 - replicas.output.prediction[0])).unsqueeze(-1)  # of the sigmoid
    by_hand_BxT = (steep_Bx1 * slope_BxT * weights_BxT * encoded_BxT).abs() * scale
    torch.testing.assert_close(positions["gradient_x_input"][0], by_hand_BxT, rtol=1e-4, atol=1e-6)
    assert float(numbers["integrated_gradients/gap"].max()) < 0.1  # of 1,000: complete, with the weights' part
