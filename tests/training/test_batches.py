"""An epoch's batches: every sample once, in order, padding marked.

Shapes: P replicas, N training samples, C calls, S steps a call, B batch, T positions.
"""

import pytest
import torch
from torch import Tensor

from attnseq.training.batches import BatchPlan, Epoch

PLANS = [
    (1, 1, 1),
    (1, 4, 4),
    (7, 3, 2),
    (8, 4, 1),
    (8, 4, 2),
    (8, 4, 4),
    (13, 4, 4),
    (5, 8, 4),
    (33, 32, 1),
    (17, 2, 3),
]


def samples_of(plan: BatchPlan) -> tuple[Tensor, Tensor]:
    """digits_NxT and targets_N from which the sample's index can be read off."""
    index_N = torch.arange(plan.samples)
    return torch.stack([index_N, 2 * index_N], dim=1).to(torch.uint8), index_N.float()


def orders(plan: BatchPlan, replicas: int = 2) -> Tensor:
    numbers = torch.Generator().manual_seed(0)
    return torch.stack([torch.randperm(plan.samples, generator=numbers) for _ in range(replicas)])


def epoch_of(plan: BatchPlan, order_PxN: Tensor) -> Epoch:
    """Replicas of one dataset, in these orders."""
    return Epoch(plan, list(order_PxN.int().numpy()), [0] * len(order_PxN), order_PxN.device)


@pytest.mark.parametrize("sizes", PLANS)
def test_every_sample_comes_once_and_in_order(sizes: tuple[int, int, int]) -> None:
    plan = BatchPlan(*sizes)
    order_PxN = orders(plan)
    digits_NxT, targets_N = samples_of(plan)
    seen: list[list[int]] = [[], []]
    calls = list(zip(*epoch_of(plan, order_PxN).block(digits_NxT, targets_N, 0, plan.calls), strict=True))
    assert len(calls) == plan.calls
    for digits_PxSxBxT, targets_PxSxB, valid_SxB in calls:
        assert digits_PxSxBxT.shape == (2, plan.steps_per_call, plan.batch_size, 2)
        assert targets_PxSxB.shape == (2, plan.steps_per_call, plan.batch_size)
        assert valid_SxB.shape == (plan.steps_per_call, plan.batch_size)
        assert digits_PxSxBxT.dtype == torch.uint8
        assert digits_PxSxBxT.is_contiguous()
        assert targets_PxSxB.is_contiguous()
        # a sample's digits and target go together, for padding too
        assert torch.equal(digits_PxSxBxT[..., 0].float(), targets_PxSxB)
        assert torch.equal(digits_PxSxBxT[..., 1].float(), 2 * targets_PxSxB)
        for replica in range(2):
            seen[replica] += [int(target) for target in targets_PxSxB[replica][valid_SxB > 0]]
    assert seen == order_PxN.tolist()


@pytest.mark.parametrize("sizes", PLANS)
def test_padding_stands_at_the_end_and_is_not_valid(sizes: tuple[int, int, int]) -> None:
    plan = BatchPlan(*sizes)
    _, _, valid_CxSxB = epoch_of(plan, orders(plan)).block(*samples_of(plan), 0, plan.calls)
    valid_S_B = valid_CxSxB.flatten(0, 1)
    flat = valid_S_B.flatten()
    assert flat.dtype == torch.float32
    assert flat[: plan.samples].tolist() == [1] * plan.samples
    assert not flat[plan.samples :].any()
    assert plan.steps == int((valid_S_B.sum(dim=1) > 0).sum())
    assert (plan.calls - 1) * plan.steps_per_call < plan.steps <= plan.calls * plan.steps_per_call


def test_a_part_of_the_calls_is_that_part() -> None:
    plan = BatchPlan(29, 3, 2)
    epoch, samples = epoch_of(plan, orders(plan)), samples_of(plan)
    whole = list(zip(*epoch.block(*samples, 0, plan.calls), strict=True))
    blocks = [epoch.block(*samples, start, stop) for start, stop in ((0, 2), (2, 3), (3, plan.calls))]
    parts = [call for block in blocks for call in zip(*block, strict=True)]
    assert len(parts) == len(whole) == 5
    for mine, theirs in zip(parts, whole, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))


def test_a_replicas_batches_do_not_depend_on_its_neighbours() -> None:
    plan = BatchPlan(13, 4, 2)
    order_PxN = orders(plan, replicas=3)
    together = list(zip(*epoch_of(plan, order_PxN).block(*samples_of(plan), 0, plan.calls), strict=True))
    alone = list(zip(*epoch_of(plan, order_PxN[1:2]).block(*samples_of(plan), 0, plan.calls), strict=True))
    for (digits, targets, valid), (lone_digits, lone_targets, lone_valid) in zip(together, alone, strict=True):
        assert torch.equal(digits[1:2], lone_digits)
        assert torch.equal(targets[1:2], lone_targets)
        assert torch.equal(valid, lone_valid)


def test_some_of_the_replicas_are_those_rows() -> None:
    plan = BatchPlan(13, 4, 2)
    epoch, samples = epoch_of(plan, orders(plan, replicas=3)), samples_of(plan)
    digits, targets, valid = epoch.block(*samples, 0, plan.calls)
    its_digits, its_targets, its_valid = epoch.block(*samples, 0, plan.calls, slice(1, 3))
    assert torch.equal(its_digits, digits[:, 1:3])
    assert torch.equal(its_targets, targets[:, 1:3])
    assert torch.equal(its_valid, valid)


def test_replicas_of_another_dataset_see_their_own_samples() -> None:
    plan = BatchPlan(5, 2, 1)
    order_PxN = orders(plan)
    digits_NxT, targets_N = samples_of(BatchPlan(10, 2, 1))  # two datasets of five, one behind the other
    epoch = Epoch(plan, list(order_PxN.int().numpy()), [0, 5], torch.device("cpu"))
    for _, targets_PxSxB, valid_SxB in zip(*epoch.block(digits_NxT, targets_N, 0, plan.calls), strict=True):
        valid_B = valid_SxB[0] > 0
        assert (targets_PxSxB[0, 0, valid_B] < 5).all()
        assert (targets_PxSxB[1, 0, valid_B] >= 5).all()


@pytest.mark.parametrize(
    ("first", "dtype"), [(2**31 - 6, torch.int32), (2**31 - 5, torch.int64), (2**31 + 7, torch.int64)]
)
def test_many_samples_are_counted_in_wide_numbers(first: int, dtype: torch.dtype) -> None:
    plan = BatchPlan(5, 2, 1)
    epoch = Epoch(plan, list(orders(plan).int().numpy()), [0, first], torch.device("cpu"))
    index_CxPxSxB = epoch._index(0, plan.calls, slice(None))
    assert index_CxPxSxB.dtype == dtype
    assert sorted(index_CxPxSxB[:, 1].flatten().tolist()) == [0, *range(first, first + 5)]
