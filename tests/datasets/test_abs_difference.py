"""Sampling: independent streams, uniform digits, disjoint operand pairs, golden rows, refusals."""

from typing import Any

import numpy as np
import pytest
import torch

from attnseq.datasets.abs_difference import abs_difference, bucket_of_pair
from attnseq.datasets.dataset import Dataset, Split
from attnseq.datasets.task import AbsDifference

TASK = AbsDifference()
SMALL = AbsDifference(4, 10, (1,), (2,))
SPLITS = ["random", "operand_disjoint"]


def build(**changes: Any) -> Dataset:
    arguments: dict[str, Any] = {"task": TASK, "split": "random", "seed": 0}
    arguments |= {"train_size": 300, "validation_size": 40, "test_size": 50}
    return abs_difference(**(arguments | changes))


def pairs(task: AbsDifference, split: Split) -> set[tuple[int, int]]:
    a_N, b_N = task.operands(split.digits_NxT)
    return set(zip(np.minimum(a_N, b_N).tolist(), np.maximum(a_N, b_N).tolist(), strict=True))


@pytest.mark.parametrize("split", SPLITS)
def test_sizes_and_targets(split: str) -> None:
    dataset = build(split=split)
    assert dataset.name == "abs_difference"
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [300, 40, 50]
    answers_N = TASK.answers(dataset.train.digits_NxT)
    np.testing.assert_array_equal(dataset.train.targets_N.numpy(), (answers_N / 1000).astype(np.float32))
    assert dataset.train.targets_N.min() >= 0
    assert dataset.train.targets_N.max() < 1


@pytest.mark.parametrize("split", SPLITS)
def test_a_size_moves_no_other_split_and_no_earlier_row(split: str) -> None:
    small, large = build(split=split), build(split=split, train_size=70_000)
    assert torch.equal(small.train.digits_NxT, large.train.digits_NxT[:300])
    assert torch.equal(small.validation.digits_NxT, large.validation.digits_NxT)
    assert torch.equal(small.test.digits_NxT, large.test.digits_NxT)


@pytest.mark.parametrize("split", SPLITS)
def test_seed_and_split_give_other_samples(split: str) -> None:
    dataset, other = build(split=split), build(split=split, seed=1)
    assert not torch.equal(dataset.train.digits_NxT, other.train.digits_NxT)
    assert not torch.equal(dataset.train.digits_NxT[:40], dataset.validation.digits_NxT)
    assert not torch.equal(dataset.test.digits_NxT[:40], dataset.validation.digits_NxT)


@pytest.mark.parametrize("base", [2, 7, 10])
def test_digits_are_uniform(base: int) -> None:
    task = AbsDifference(6, base, (0, 1), (3, 4))
    digits_NxT = build(task=task, train_size=20_000).train.digits_NxT.numpy()
    for position in range(task.length):
        shares = np.bincount(digits_NxT[:, position], minlength=base) / len(digits_NxT)
        # five standard deviations
        np.testing.assert_allclose(shares, 1 / base, atol=5 * np.sqrt(1 / base / len(digits_NxT)))


@pytest.mark.parametrize("task", [TASK, SMALL, AbsDifference(6, 3, (5, 0), (2, 3))])
def test_operand_disjoint_shares_no_pair(task: AbsDifference) -> None:
    dataset = build(task=task, split="operand_disjoint", train_size=20_000, validation_size=2_000, test_size=2_000)
    train, validation, test = (pairs(task, part) for part in (dataset.train, dataset.validation, dataset.test))
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_random_shares_pairs() -> None:
    dataset = build(task=SMALL)
    assert pairs(SMALL, dataset.train) & pairs(SMALL, dataset.test)


def test_buckets_are_equal_symmetric_and_dealt_anew_by_each_seed() -> None:
    a_N, b_N = np.triu_indices(300)
    bucket_N = bucket_of_pair(TASK, a_N, b_N, seed=0)
    np.testing.assert_allclose(np.bincount(bucket_N, minlength=10) / len(a_N), 0.1, atol=0.01)
    np.testing.assert_array_equal(bucket_of_pair(TASK, b_N, a_N, seed=0), bucket_N)
    assert 0.05 < (bucket_of_pair(TASK, a_N, b_N, seed=1) == bucket_N).mean() < 0.15


def test_the_same_rows_on_every_platform() -> None:
    # first run of this code (NumPy 2.4, x86-64); they guard against a change of NumPy's stream as well
    assert build().train.digits_NxT[:2].tolist() == [[0, 4, 0, 2, 1, 5, 1, 3, 1, 5], [2, 5, 1, 2, 8, 3, 3, 4, 2, 9]]
    assert build(split="operand_disjoint").test.digits_NxT[:2].tolist() == [
        [8, 9, 4, 8, 5, 5, 9, 5, 8, 5],
        [9, 9, 8, 6, 4, 3, 7, 6, 4, 4],
    ]


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("train_size", {"train_size": 0}),
        ("test_size", {"test_size": -1}),
        ("seed", {"seed": -1}),
        ("split", {"split": "stratified"}),
        # three unordered pairs cannot fill three splits but by luck; seed 0 has none
        ("split", {"split": "operand_disjoint", "task": AbsDifference(2, 2, (0,), (1,))}),
    ],
)
def test_bad_values_are_refused_in_one_line_that_names_the_key(key: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^dataset\.{key}[^\n]+$"):
        build(**changes)
