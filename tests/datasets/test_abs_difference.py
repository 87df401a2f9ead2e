"""The article's task: exact targets, sizes, relevance."""

import numpy as np
import pytest
import torch
from tiny_configs import tiny_config

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Scalar, Spec, Tokens
from attnseq.datasets.abs_difference import AbsDifference
from attnseq.datasets.digits import draw_splits
from attnseq.datasets.operands import Operands

DIGITS_NXT = np.array([[0, 1, 2, 3, 0, 1, 1, 9, 0, 0], [9, 9, 9, 9, 9, 0, 0, 0, 9, 9]], dtype=np.uint8)


def task_of(operands: Operands) -> AbsDifference:
    return AbsDifference(operands, lambda: draw_splits(operands, (300, 40, 50), "random", 0))


def test_spec() -> None:
    target = Scalar(1000, "units of the answer", whole=True)
    assert task_of(Operands()).spec == Spec(Tokens(10, 10), target)
    assert task_of(Operands(4, 3, (1,), (2,))).spec == Spec(Tokens(4, 3), Scalar(3, target.unit, whole=True))


def test_targets_are_answers_over_the_scale_exact_in_float64() -> None:
    batch = task_of(Operands()).label(DIGITS_NXT)
    assert batch.inputs.dtype == torch.uint8
    assert batch.inputs.tolist() == DIGITS_NXT.tolist()
    assert np.shares_memory(batch.inputs.numpy(), DIGITS_NXT)
    assert batch.targets.dtype == torch.float64
    assert batch.targets.tolist() == [4 / 1000, 999 / 1000]
    assert set(batch[2:]) == {None}


@pytest.mark.parametrize("split", ["random", "operand_disjoint"])
def test_sizes_and_targets_of_the_splits(split: str) -> None:
    sizes = {"dataset.train_size": 300, "dataset.validation_size": 40, "dataset.test_size": 50}
    config = tiny_config("abs_difference", **{"dataset.split": split, "dataset.length": 12}, **sizes).dataset
    operands = Operands(length=12)
    drawn = draw_splits(operands, (300, 40, 50), split, 0)
    for batch, again, digits_NxT in zip(config.build().splits(), config.build().splits(), drawn, strict=True):
        np.testing.assert_array_equal(batch.inputs.numpy(), digits_NxT)
        np.testing.assert_array_equal(batch.targets.numpy(), operands.answers(digits_NxT) / 1000)
        assert ((batch.targets >= 0) & (batch.targets < 1)).all()
        assert torch.equal(batch.inputs, again.inputs)


def test_relevance_is_the_operands_own_for_every_sample() -> None:
    operands = Operands(6, 3, (5, 0), (2, 3))
    relevance_BxT = task_of(operands).relevance(task_of(operands).splits().validation)
    assert relevance_BxT.shape == (40, 6)
    np.testing.assert_array_equal(relevance_BxT.numpy(), np.tile(operands.relevance, (40, 1)))


# -- the expected change --


def test_the_expected_change_by_hand() -> None:
    # a = 2, b = 1: with 0, 1, 2 in place of a the answer is 1, 0, 1; in place of b 2, 1, 0; it was 1
    batch = Batch(torch.tensor([[0, 2, 1]], dtype=torch.uint8))
    change_BxT = task_of(Operands(3, 3, (1,), (2,))).expected_change(batch)
    assert change_BxT.tolist() == [[0.0, pytest.approx(1 / 3), pytest.approx(2 / 3)]]


def test_the_expected_change_of_the_article_s_task_is_that_of_its_relevance_less_what_signs_take_back() -> None:
    """Over all million pairs of operands, per unit of the digit: one that is drawn anew moves by 3.3 on average."""
    operands_N = np.arange(1000)
    digits_NxK = np.stack([operands_N // 100, operands_N // 10 % 10, operands_N % 10], axis=1).astype(np.uint8)
    total_T = np.zeros(10)
    for a_K in digits_NxK:
        digits_NxT = np.zeros((1000, 10), dtype=np.uint8)
        digits_NxT[:, 1:4], digits_NxT[:, 5:8] = a_K, digits_NxK
        total_T += task_of(Operands()).expected_change(Batch(torch.from_numpy(digits_NxT))).sum(dim=0).numpy()
    each = [75, 9.75, 823 / 825]
    assert (total_T / 10**6 / 3.3).tolist() == pytest.approx([0, *each, 0, *each, 0, 0], rel=1e-12)


def test_the_published_task_has_it_too() -> None:
    task = tiny_config("tutorial").dataset.build()
    samples = task.splits().test
    assert torch.equal(task.expected_change(samples), task_of(Operands()).expected_change(samples))
