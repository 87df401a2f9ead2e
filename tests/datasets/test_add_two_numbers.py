"""Two marked numbers: targets by plain Python, no mark on a number, places uniform, relevance the derivative."""

from collections import Counter

import numpy as np
import pytest
import torch

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Reals, Scalar, Spec
from attnseq.datasets.add_two_numbers import MARK, AddTwoNumbers


def test_spec() -> None:
    assert AddTwoNumbers(20, (1, 1, 1), 0).spec == Spec(Reals(20), Scalar())


@pytest.mark.parametrize("length", [4, 5, 20])
def test_each_mark_stands_before_a_number_of_its_own(length: int) -> None:
    for batch, size in zip(AddTwoNumbers(length, (3_000, 40, 50), 0).splits(), (3_000, 40, 50), strict=True):
        assert batch.inputs.shape == (size, length, 1)
        assert batch.targets is not None
        for numbers, target in zip(batch.inputs.squeeze(-1).tolist(), batch.targets.tolist(), strict=True):
            marks = [position for position, number in enumerate(numbers) if number == MARK]
            assert len(marks) == 2
            behind = [numbers[mark + 1] for mark in marks]
            assert all(0 < number <= 1 for number in behind)  # keras-attention's: a mark itself in 2 of 19 samples
            assert target == pytest.approx(sum(behind) / 2, abs=1e-15)


def test_all_pairs_of_places_are_as_likely() -> None:
    batch = AddTwoNumbers(6, (30_000, 1, 1), 0).splits().train
    marks_Nx2 = np.nonzero((batch.inputs.squeeze(-1) == MARK).numpy())[1].reshape(-1, 2)
    counts = Counter(map(tuple, marks_Nx2.tolist()))
    pairs = [(i, j) for i in range(5) for j in range(i + 2, 5)]
    assert sorted(counts) == pairs
    expected = 30_000 / len(pairs)
    assert all(abs(count - expected) < 5 * expected**0.5 for count in counts.values())


def test_relevance_is_the_derivative_of_the_answer() -> None:
    task = AddTwoNumbers(9, (50, 1, 1), 2)
    batch = task.splits().train
    inputs_NxTx1 = batch.inputs.clone().requires_grad_()
    task.answers(Batch(inputs_NxTx1)).sum().backward()
    assert inputs_NxTx1.grad is not None
    assert torch.equal(task.relevance(batch), inputs_NxTx1.grad.squeeze(-1).double())
    assert (task.relevance(batch).sum(dim=1) == 1).all()


def test_a_size_moves_no_other_split_and_no_earlier_row() -> None:
    small, large = AddTwoNumbers(5, (300, 40, 50), 0).splits(), AddTwoNumbers(5, (3_000, 40, 50), 0).splits()
    assert torch.equal(small.train.inputs, large.train.inputs[:300])
    assert torch.equal(small.validation.inputs, large.validation.inputs)
    assert torch.equal(small.test.inputs, large.test.inputs)


def test_seed_and_split_give_other_samples() -> None:
    splits, other = AddTwoNumbers(5, (40, 40, 40), 0).splits(), AddTwoNumbers(5, (40, 40, 40), 1).splits()
    assert not torch.equal(splits.train.inputs, other.train.inputs)
    assert not torch.equal(splits.train.inputs, splits.validation.inputs)
    assert not torch.equal(splits.test.inputs, splits.validation.inputs)


def test_further_test_samples_have_other_numbers_of_distractors() -> None:
    found = dict(AddTwoNumbers(6, (1, 1, 200), 0, (4, 30)).tests())
    assert list(found) == [4, 30]
    for length, batch in found.items():
        numbers_NxT = batch.inputs.squeeze(-1)
        assert numbers_NxT.shape == (200, length)
        assert ((numbers_NxT == MARK).sum(dim=1) == 2).all()
        behind_N = [row[1:][row[:-1] == MARK].double().mean() for row in numbers_NxT]
        assert batch.targets is not None
        torch.testing.assert_close(batch.targets, torch.stack(behind_N))
        relevance_NxT = AddTwoNumbers(6, (1, 1, 1), 0).relevance(batch)
        assert (relevance_NxT.sum(dim=1) == 1).all()


def test_further_test_samples_come_from_streams_of_their_own() -> None:
    usual = dict(AddTwoNumbers(6, (1, 1, 50), 0, (6, 8)).tests())
    for other in (AddTwoNumbers(9, (1, 1, 50), 0, (8, 6)), AddTwoNumbers(6, (2, 2, 300), 0, (5, 6, 8))):
        for length, batch in other.tests():
            if length in usual:
                assert torch.equal(batch.inputs[:50], usual[length].inputs)
    split = AddTwoNumbers(6, (1, 1, 50), 0).splits().test
    assert not torch.equal(usual[6].inputs, split.inputs)
    assert list(AddTwoNumbers(6, (1, 1, 50), 0).tests()) == []
