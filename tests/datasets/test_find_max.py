"""The largest of some numbers: targets, streams, and relevance that differs from sample to sample."""

import pytest
import torch

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Reals, Scalar, Spec
from attnseq.datasets.find_max import FindMax


def test_spec() -> None:
    assert FindMax(5, 1.0, (1, 1, 1), 0).spec == Spec(Reals(5), Scalar())


def test_targets_are_the_largest_numbers() -> None:
    for batch, size in zip(FindMax(5, 1.0, (300, 40, 50), 0).splits(), (300, 40, 50), strict=True):
        assert batch.inputs.shape == (size, 5, 1)
        assert (batch.inputs.dtype, batch.targets.dtype) == (torch.float32, torch.float64)
        assert batch.targets.tolist() == [max(numbers) for numbers in batch.inputs.squeeze(-1).tolist()]
        assert ((batch.inputs >= 0) & (batch.inputs < 1)).all()
        assert batch.lengths is None


def test_numbers_are_uniform() -> None:
    values = FindMax(4, 1.0, (20_000, 1, 1), 0).splits().train.inputs
    # five standard deviations; the largest of four has mean 4/5
    assert abs(float(values.mean()) - 1 / 2) < 5 * (1 / 12 / 80_000) ** 0.5
    assert abs(float(values.amax(dim=1).mean()) - 4 / 5) < 5 * (4 / 25 / 6 / 20_000) ** 0.5


def test_numbers_are_of_the_beta_distribution() -> None:
    values = FindMax(4, 0.1, (20_000, 1, 1), 0).splits().train.inputs.double()
    # of Beta(a, 1): mean a / (a + 1), variance a / ((a + 1)^2 (a + 2)); five standard deviations
    assert abs(float(values.mean()) - 0.1 / 1.1) < 5 * (0.1 / 1.1**2 / 2.1 / 80_000) ** 0.5
    assert abs(float((values < 0.5**10).double().mean()) - 0.5) < 5 * (0.25 / 80_000) ** 0.5
    assert ((values >= 0) & (values < 1)).all()


def test_a_size_moves_no_other_split_and_no_earlier_row() -> None:
    small, large = FindMax(5, 1.0, (300, 40, 50), 0).splits(), FindMax(5, 1.0, (3_000, 40, 50), 0).splits()
    assert torch.equal(small.train.inputs, large.train.inputs[:300])
    assert torch.equal(small.validation.inputs, large.validation.inputs)
    assert torch.equal(small.test.inputs, large.test.inputs)


def test_seed_and_split_give_other_samples() -> None:
    splits, other = FindMax(5, 1.0, (40, 40, 40), 0).splits(), FindMax(5, 1.0, (40, 40, 40), 1).splits()
    assert not torch.equal(splits.train.inputs, other.train.inputs)
    assert not torch.equal(splits.train.inputs, splits.validation.inputs)
    assert not torch.equal(splits.test.inputs, splits.validation.inputs)


def test_relevance_is_where_the_largest_stands() -> None:
    inputs_BxTx1 = torch.tensor([[0.1, 0.9, 0.3], [0.5, 0.2, 0.1], [0.4, 0.1, 0.4]]).unsqueeze(-1)
    relevance_BxT = FindMax(3, 1.0, (1, 1, 1), 0).relevance(Batch(inputs_BxTx1))
    assert relevance_BxT.tolist() == [[0, 1, 0], [1, 0, 0], [1, 0, 1]]


@pytest.mark.parametrize("length", [1, 7])
def test_relevance_is_the_derivative_of_the_answer(length: int) -> None:
    task = FindMax(length, 1.0, (50, 1, 1), 2)
    batch = task.splits().train
    inputs_NxTx1 = batch.inputs.clone().requires_grad_()
    inputs_NxTx1.amax(dim=1).sum().backward()
    assert inputs_NxTx1.grad is not None
    assert torch.equal(task.relevance(batch), inputs_NxTx1.grad.squeeze(-1).double())


def test_the_expected_change_by_hand() -> None:
    change_BxT = FindMax(3, 1.0, (1, 1, 1), 0).expected_change(Batch(torch.tensor([[[0.5], [1.0], [0.25]]])))
    # of the largest: it falls to 1/2, or to what is drawn; of the others nothing, as nothing is greater than 1
    torch.testing.assert_close(change_BxT, torch.tensor([[0.0, 0.5 * 0.5 + 0.5 * 0.25, 0.0]], dtype=torch.float64))


@pytest.mark.parametrize("alpha", [1.0, 0.3, 4.0])
def test_the_expected_change_is_that_of_drawing_anew(alpha: float) -> None:
    task = FindMax(4, alpha, (3, 1, 1), 0)
    batch = task.splits().train
    # the middles of a million shares of equal probability
    drawn_N = ((torch.arange(10**6, dtype=torch.float64) + 0.5) / 10**6) ** (1 / alpha)
    values_BxT = batch.inputs.squeeze(-1).double()
    for place in range(4):
        others_B = values_BxT[:, [each for each in range(4) if each != place]].amax(dim=1)
        changed_BxN = (torch.maximum(drawn_N, others_B.unsqueeze(1)) - values_BxT.amax(dim=1, keepdim=True)).abs()
        torch.testing.assert_close(task.expected_change(batch)[:, place], changed_BxN.mean(dim=1), rtol=1e-5, atol=1e-6)


def test_the_expected_change_of_a_single_number_and_of_two_that_are_largest() -> None:
    (change,) = FindMax(1, 1.0, (1, 1, 1), 0).expected_change(Batch(torch.tensor([[[0.5]]]))).flatten().tolist()
    assert change == pytest.approx(1 / 4)
    changes = FindMax(2, 1.0, (1, 1, 1), 0).expected_change(Batch(torch.tensor([[[0.5], [0.5]]]))).flatten().tolist()
    assert changes == pytest.approx([1 / 8, 1 / 8])  # it can only grow: by a quarter on average, every second time
