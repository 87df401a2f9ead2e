"""A population's data: samples are held once, each replica finds its own, and results come back in their order.

Shapes: P replicas, N training samples of all together, T positions.
"""

import pytest
import torch
from torch import Tensor

from attnseq.contracts.task import Splits
from attnseq.datasets.find_max import FindMax
from attnseq.datasets.reverse import Reverse
from attnseq.training.label_noise import with_label_noise
from attnseq.training.pool import Data, DataPool

SIZES = (7, 4, 4)


def data_of(seed: int) -> Data:
    task = FindMax(5, 1.0, SIZES, seed)
    return Data(task, task.splits())


@pytest.fixture(scope="module")
def three() -> list[Data]:
    return [data_of(seed) for seed in range(3)]


def test_each_replica_finds_its_own_samples(three: list[Data]) -> None:
    a, b, c = three
    data_P = [b, a, b, c, a]
    pool = DataPool(data_P)
    assert pool.train_size == SIZES[0]
    assert [id(data) for data in pool.each] == [id(data) for data in (b, a, c)]
    assert pool.train.inputs.shape == (3 * SIZES[0], 5, 1)
    for first, data in zip(pool.first_P, data_P, strict=True):
        own = slice(first, first + SIZES[0])
        assert torch.equal(pool.train.inputs[own], data.splits.train.inputs)
        assert torch.equal(pool.train.targets[own], data.splits.train.targets.float())  # type: ignore[index,union-attr]


def test_steps_are_taken_in_float32_and_splits_stay_exact(three: list[Data]) -> None:
    pool = DataPool(three)
    assert pool.train.targets is not None
    assert pool.train.targets.dtype == torch.float32
    assert all(split.targets.dtype == torch.float64 for data in three for split in data.splits)  # type: ignore[union-attr]
    noisy = Data(three[0].task, with_label_noise(three[0].splits, 0.5, seed=1))
    mixed = DataPool([three[0], noisy]).train.targets
    assert mixed is not None
    assert mixed.dtype == torch.float32
    assert not torch.equal(mixed[: SIZES[0]], mixed[SIZES[0] :])


def test_sequences_keep_their_types_and_lengths() -> None:
    each = [Data(task, task.splits()) for task in (Reverse(4, 300, SIZES, seed) for seed in range(2))]
    train = DataPool(each).train
    assert train.lengths is not None
    assert train.targets is not None
    assert (train.inputs.dtype, train.targets.dtype, train.lengths.dtype) == (torch.int32,) * 3
    assert torch.equal(train.lengths, torch.cat([data.splits.train.lengths for data in each]))  # type: ignore[misc]
    assert (train.valid, train.draws) == (None, None)


def test_what_all_share_is_not_copied() -> None:
    task = Reverse(4, 5, SIZES, 0)
    data = Data(task, task.splits())
    pool = DataPool([data] * 4)
    assert pool.train.inputs.data_ptr() == data.splits.train.inputs.data_ptr()
    assert pool.first_P == [0, 0, 0, 0]
    assert len(pool.each) == 1


def test_equal_samples_of_different_objects_are_not_taken_for_the_same() -> None:
    pool = DataPool([data_of(0), data_of(0)])
    assert len(pool.each) == 2
    assert pool.first_P == [0, SIZES[0]]


def test_results_come_back_in_the_replicas_order(three: list[Data]) -> None:
    a, b, _ = three
    data_P = [b, a, b, a, a]
    parameters_Px1 = torch.arange(5.0).unsqueeze(1)
    calls = []

    def evaluate(some_Qx1: Tensor, data: Data) -> list[tuple[int, Splits]]:
        calls.append(len(some_Qx1))
        return [(int(row), data.splits) for row in some_Qx1[:, 0]]

    results = DataPool(data_P).evaluate(parameters_Px1, evaluate)
    assert [number for number, _ in results] == list(range(5))
    assert all(splits is data.splits for (_, splits), data in zip(results, data_P, strict=True))
    assert calls == [2, 3]  # one call for what is shared


def test_a_result_too_few_is_noticed(three: list[Data]) -> None:
    with pytest.raises(ValueError, match="zip"):
        DataPool([three[0]] * 2).evaluate(torch.zeros(2, 1), lambda some, data: [0])
