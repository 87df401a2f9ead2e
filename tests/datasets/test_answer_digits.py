"""The digits of |a - b|: by hand, and beside `abs_difference`, whose sequences they are of."""

import numpy as np
import torch
from tiny_configs import tiny_config

from attnseq.contracts.spec import Spec, Tokens
from attnseq.datasets.answer_digits import AnswerDigits
from attnseq.datasets.operands import Operands


def test_answers_by_hand() -> None:
    digits_NxT = np.array([[0, 1, 2, 3, 0, 1, 1, 9, 0, 0], [9, 9, 9, 9, 9, 0, 0, 0, 9, 9]], dtype=np.uint8)
    batch = AnswerDigits(Operands(), list).label(digits_NxT)
    assert batch.inputs.tolist() == digits_NxT.tolist()
    assert batch.targets.dtype == torch.int32
    assert batch.targets.tolist() == [[0, 0, 4], [9, 9, 9]]
    assert batch.lengths is None
    # in base 4: 12 is 6, 33 is 15, and their difference 9 is 21
    batch = AnswerDigits(Operands(4, 4, (0, 1), (2, 3)), list).label(np.array([[1, 2, 3, 3]], dtype=np.uint8))
    assert batch.targets.tolist() == [[2, 1]]


def test_spec() -> None:
    assert AnswerDigits(Operands(8, 4, (0, 1), (2, 3)), list).spec == Spec(Tokens(8, 4), Tokens(2, 4))


def test_it_asks_for_the_digits_of_what_abs_difference_asks_for() -> None:
    changes = {"dataset.seed": 3, "dataset.split": "operand_disjoint"}
    task, other = (tiny_config(name, **changes).dataset.build() for name in ("answer_digits", "abs_difference"))
    for digits, number, size in zip(task.splits(), other.splits(), (100, 30, 20), strict=True):
        assert digits.size == size
        assert torch.equal(digits.inputs, number.inputs)
        answers_N = digits.targets @ torch.tensor([100, 10, 1], dtype=torch.int32)
        assert torch.equal(answers_N.double() / 1000, number.targets)
        assert torch.equal(task.relevance(digits), other.relevance(number))


def test_the_expected_change_by_hand() -> None:
    # base 3, a = 12 (5), b = 01 (1): the answer 4 is 11. In place of a's ones 0, 1, 2: 2, 3, 4, or 02, 10, 11
    task = AnswerDigits(Operands(5, 3, (0, 1), (2, 3)), list)
    change_BxKxT = task.expected_change(task.label(np.array([[1, 2, 0, 1, 2]], dtype=np.uint8)))
    assert change_BxKxT.shape == (1, 2, 5)
    torch.testing.assert_close(change_BxKxT[0, :, 1], torch.tensor([1 / 3, 2 / 3], dtype=torch.float64))
    # in place of b's threes 0, 1, 2: 4, 1, -2, or 11, 01, 02
    torch.testing.assert_close(change_BxKxT[0, :, 2], torch.tensor([2 / 3, 1 / 3], dtype=torch.float64))
    assert change_BxKxT[0, :, 4].tolist() == [0.0, 0.0]
