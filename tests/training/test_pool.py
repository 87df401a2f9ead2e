"""A population's data: a dataset is held once, each replica finds its own, and results come back in their order.

Shapes: P replicas, N training samples of all datasets, T positions.
"""

import pytest
import torch
from torch import Tensor

from attnseq.datasets.abs_difference import abs_difference
from attnseq.datasets.dataset import Dataset
from attnseq.datasets.pool import DataPool
from attnseq.datasets.task import AbsDifference

SAMPLES = 7


@pytest.fixture(scope="module")
def datasets() -> list[Dataset]:
    return [abs_difference(AbsDifference(), SAMPLES, 4, 4, "random", seed=seed) for seed in range(3)]


def test_each_replica_finds_its_own_samples(datasets: list[Dataset]) -> None:
    a, b, c = datasets
    dataset_P = [b, a, b, c, a]
    pool = DataPool(dataset_P)
    assert pool.train_size == SAMPLES
    assert pool.datasets == [b, a, c]
    assert pool.digits_NxT.shape == (3 * SAMPLES, 10)
    for first, dataset in zip(pool.first_P, dataset_P, strict=True):
        assert torch.equal(pool.digits_NxT[first : first + SAMPLES], dataset.train.digits_NxT)
        assert torch.equal(pool.targets_N[first : first + SAMPLES], dataset.train.targets_N)


def test_a_dataset_that_all_share_is_not_copied(datasets: list[Dataset]) -> None:
    pool = DataPool([datasets[0]] * 4)
    assert pool.digits_NxT.data_ptr() == datasets[0].train.digits_NxT.data_ptr()
    assert pool.first_P == [0, 0, 0, 0]


def test_results_come_back_in_the_replicas_order(datasets: list[Dataset]) -> None:
    a, b, _ = datasets
    dataset_P = [b, a, b, a, a]
    parameters_Px1 = torch.arange(5.0).unsqueeze(1)
    calls = []

    def evaluate(some_Qx1: Tensor, dataset: Dataset) -> list[tuple[int, Dataset]]:
        calls.append(len(some_Qx1))
        return [(int(row), dataset) for row in some_Qx1[:, 0]]

    assert DataPool(dataset_P).evaluate(parameters_Px1, evaluate) == list(zip(range(5), dataset_P, strict=True))
    assert calls == [2, 3]  # one call a dataset


def test_a_result_too_few_is_noticed(datasets: list[Dataset]) -> None:
    with pytest.raises(ValueError, match="zip"):
        DataPool([datasets[0]] * 2).evaluate(torch.zeros(2, 1), lambda some, dataset: [0])
