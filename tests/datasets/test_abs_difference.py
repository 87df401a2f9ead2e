"""The article's task: exact targets, sizes, relevance."""

import numpy as np
import pytest
import torch
from tiny_configs import tiny_config

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
    assert batch[2:] == (None, None, None, None)


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
