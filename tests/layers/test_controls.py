"""Each control's weights by hand, what is learnt of them, and that a program can hold the truth of the tasks.

Shapes: P replicas, B batch, T positions.
"""

from collections.abc import Sequence

import pytest
import torch
from tiny_configs import tiny_dataset
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.contracts.batch import Batch
from attnseq.contracts.task import Task
from attnseq.layers.controls import CONTROLS, Control
from attnseq.models.control_kinds import BY_TRUTH, WORDS
from attnseq.models.control_kinds import CONTROLS as MEANINGS

OPERANDS = {"length": 5, "left": [1], "right": [3]}
TASKS = ("tutorial", "abs_difference", "answer_digits", "add_two_numbers", "find_max")
"""Datasets that know the relevance of inputs alone."""


def given(kind: str, batch: Batch, task: Task | None = None) -> list[list[float]]:
    attention = Control(kind, batch.inputs.shape[1])(batch, torch.float64, task and task.relevance)
    assert attention.axes == "BT"
    assert attention.weights.dtype in (torch.float64, torch.float32 if kind == "position" else torch.float64)
    rows: list[list[float]] = attention.weights.tolist()
    return rows


def test_the_kinds_are_those_that_keys_and_headings_name() -> None:
    assert tuple(MEANINGS) == tuple(WORDS) == CONTROLS
    assert set(BY_TRUTH) < set(CONTROLS)


def test_uniform_is_one_by_the_positions_that_a_sample_has() -> None:
    digits_BxT = torch.zeros(2, 4, dtype=torch.uint8)
    assert given("uniform", Batch(digits_BxT)) == [[0.25] * 4] * 2
    lengths_B = torch.tensor([1, 2], dtype=torch.int32)
    assert given("uniform", Batch(digits_BxT, lengths=lengths_B)) == [[1, 0, 0, 0], [0.5, 0.5, 0, 0]]


def test_position_begins_as_uniform_and_is_the_softmax_of_what_it_has_learnt() -> None:
    layer, batch = Control("position", 3), Batch(torch.tensor([[0, 1, 2], [2, 2, 2]]))
    assert [(name, value.tolist()) for name, value in layer.initial("attention").items()] == [
        ("attention.logits", [0, 0, 0])
    ]
    torch.testing.assert_close(layer(batch, torch.float32, None).weights, torch.full((2, 3), 1 / 3))
    with torch.no_grad():
        layer.logits.copy_(torch.tensor([1.0, 2.0, 5.0]).log())
    weights_BxT = layer(batch, torch.float32, None).weights
    torch.testing.assert_close(weights_BxT, torch.tensor([[0.125, 0.25, 0.625]] * 2))  # blind to the input
    short = batch._replace(lengths=torch.tensor([3, 2], dtype=torch.int32))
    weights_BxT = layer(short, torch.float32, None).weights
    torch.testing.assert_close(weights_BxT, torch.tensor([[0.125, 0.25, 0.625], [1 / 3, 2 / 3, 0]]))
    (gradient_T,) = torch.autograd.grad(weights_BxT[0, 0], [layer.logits])
    torch.testing.assert_close(gradient_T, torch.tensor([0.125 * 0.875, -0.125 * 0.25, -0.125 * 0.625]))


def test_the_truth_of_operands_is_their_place_value_or_all_alike() -> None:
    task = tiny_dataset("abs_difference", length=6, left=[0, 1], right=[3, 5]).task
    batch = Batch(torch.tensor([[9, 8, 7, 6, 5, 4], [0, 0, 0, 0, 0, 0]], dtype=torch.uint8))
    (one, other), alike = given("oracle", batch, task), given("operands", batch, task)
    assert one == other == pytest.approx([10 / 22, 1 / 22, 0, 10 / 22, 0, 1 / 22])
    assert alike == [[0.25, 0.25, 0, 0.25, 0, 0.25]] * 2


def test_the_truth_of_marked_numbers_differs_from_sample_to_sample() -> None:
    task = tiny_dataset("add_two_numbers", length=5).task
    batch = Batch(torch.tensor([[0.0, 0.5, 0.0, 0.25, 1.0], [0.5, 0.0, 0.125, 0.0, 0.75]]).unsqueeze(-1))
    for kind in BY_TRUTH:
        assert given(kind, batch, task) == [[0, 0.5, 0, 0.5, 0], [0, 0, 0.5, 0, 0.5]]
    maximum = tiny_dataset("find_max", length=5).task
    assert given("oracle", batch, maximum) == [[0, 0, 0, 0, 1], [0, 0, 0, 0, 1]]


def test_only_relevance_within_a_sample_counts_and_where_there_is_none_weights_are_0() -> None:
    def truth(batch: Batch) -> Tensor:
        return batch.inputs.double()

    batch = Batch(torch.tensor([[1, 3, 4], [0, 0, 5]]), lengths=torch.tensor([2, 2], dtype=torch.int32))
    assert Control("oracle", 3)(batch, torch.float64, truth).weights.tolist() == [[0.25, 0.75, 0], [0, 0, 0]]
    assert Control("operands", 3)(batch, torch.float64, truth).weights.tolist() == [[0.5, 0.5, 0], [0, 0, 0]]


@pytest.mark.parametrize("kind", CONTROLS)
def test_frozen_controls_have_no_parameters_and_pass_no_gradient(kind: str) -> None:
    inputs_BxT = torch.rand(2, 3, requires_grad=True)
    layer = Control(kind, 3)
    weights_BxT = layer(Batch(inputs_BxT), torch.float32, lambda batch: 2 * batch.inputs).weights
    assert [name for name, _ in layer.named_parameters()] == (["logits"] if kind == "position" else [])
    assert weights_BxT.requires_grad == (kind == "position")


@pytest.mark.parametrize("kind", BY_TRUTH)
def test_without_a_task_there_is_no_truth(kind: str) -> None:
    with pytest.raises(ValueError, match=rf"^model\.attention={kind}: the model was built without the relevance"):
        given(kind, Batch(torch.zeros(1, 3)))


@pytest.mark.parametrize("dataset", TASKS)
def test_a_program_can_hold_the_truth(dataset: str) -> None:
    """Under vmap and grad and traced, as a step is, without targets, in the types that training has."""
    task = tiny_dataset(dataset).task
    samples = task.splits().train.first(6)
    expected_BxT = task.relevance(samples)
    assert expected_BxT is not None
    inputs_PxBxT = torch.stack((samples.inputs, samples.inputs.roll(1, dims=0)))

    def weighted(factor: Tensor, inputs_BxT: Tensor) -> tuple[Tensor, Tensor]:
        relevance_BxT = task.relevance(Batch(inputs_BxT))
        assert relevance_BxT is not None
        return (factor * relevance_BxT).sum(), relevance_BxT

    def step(factor_P: Tensor, inputs: Tensor) -> Sequence[Tensor]:
        gradient_P, found = torch.vmap(torch.func.grad(weighted, has_aux=True))(factor_P, inputs)
        return gradient_P, found

    call = torch.ones(2, dtype=torch.float64), inputs_PxBxT
    for function in (step, make_fx(step)(*call)):
        gradient_P, found_PxBxT = function(*call)
        assert torch.equal(found_PxBxT, torch.stack((expected_BxT, expected_BxT.roll(1, dims=0))))
        torch.testing.assert_close(gradient_P, expected_BxT.sum().expand(2))
