"""An epoch's batches: every sample once, in order, padding marked.

Shapes: P replicas, N training samples, C calls, S steps a call, B batch, T positions.
"""

import pytest
import torch
from torch import Tensor

from attnseq.contracts.batch import Batch
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
CPU = torch.device("cpu")


def samples_of(plan: BatchPlan, padded: bool = False) -> Batch:
    """Samples whose number can be read off their inputs, their target, and their length."""
    index_N = torch.arange(plan.samples)
    tokens_NxT = torch.stack([index_N, 2 * index_N], dim=1).to(torch.uint8)
    return Batch(tokens_NxT, index_N.float(), index_N.int() if padded else None)


def orders(plan: BatchPlan, replicas: int = 2) -> Tensor:
    numbers = torch.Generator().manual_seed(0)
    return torch.stack([torch.randperm(plan.samples, generator=numbers) for _ in range(replicas)])


def epoch_of(plan: BatchPlan, order_PxN: Tensor) -> Epoch:
    """Replicas of one dataset, in these orders."""
    return Epoch(plan, list(order_PxN.int().numpy()), [0] * len(order_PxN), order_PxN.device)


def calls_of(epoch: Epoch, samples: Batch, start: int, stop: int) -> list[tuple[Tensor, ...]]:
    """What each call takes."""
    return list(zip(*epoch.block(samples, start, stop), strict=True))


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("sizes", PLANS)
def test_every_sample_comes_once_and_in_order(sizes: tuple[int, int, int], padded: bool) -> None:
    plan = BatchPlan(*sizes)
    order_PxN = orders(plan)
    seen: list[list[int]] = [[], []]
    calls = calls_of(epoch_of(plan, order_PxN), samples_of(plan, padded), 0, plan.calls)
    assert len(calls) == plan.calls
    for inputs, targets, *lengths, valid_SxB in calls:
        assert inputs.shape == (2, plan.steps_per_call, plan.batch_size, 2)
        assert targets.shape == (2, plan.steps_per_call, plan.batch_size)
        assert valid_SxB.shape == (plan.steps_per_call, plan.batch_size)
        assert inputs.dtype == torch.uint8
        assert len(lengths) == padded
        assert all(values.is_contiguous() for values in (inputs, targets, *lengths, valid_SxB))
        # what is of one sample goes together, for padding too
        assert torch.equal(inputs[..., 0].float(), targets)
        assert torch.equal(inputs[..., 1].float(), 2 * targets)
        assert all(torch.equal(each, targets.int()) for each in lengths)
        for replica in range(2):
            seen[replica] += [int(target) for target in targets[replica][valid_SxB > 0]]
    assert seen == order_PxN.tolist()


@pytest.mark.parametrize("sizes", PLANS)
def test_padding_stands_at_the_end_and_is_not_valid(sizes: tuple[int, int, int]) -> None:
    plan = BatchPlan(*sizes)
    _, _, valid_CxSxB = epoch_of(plan, orders(plan)).block(samples_of(plan), 0, plan.calls)
    valid_S_B = valid_CxSxB.flatten(0, 1)
    flat = valid_S_B.flatten()
    assert flat.dtype == torch.float32
    assert len(flat) == plan.places
    assert flat[: plan.samples].tolist() == [1] * plan.samples
    assert not flat[plan.samples :].any()
    assert plan.steps == int((valid_S_B.sum(dim=1) > 0).sum())
    assert (plan.calls - 1) * plan.steps_per_call < plan.steps <= plan.calls * plan.steps_per_call


def test_a_part_of_the_calls_is_that_part() -> None:
    plan = BatchPlan(29, 3, 2)
    epoch, samples = epoch_of(plan, orders(plan)), samples_of(plan)
    whole = calls_of(epoch, samples, 0, plan.calls)
    ends = ((0, 2), (2, 3), (3, plan.calls))
    parts = [call for start, stop in ends for call in calls_of(epoch, samples, start, stop)]
    assert len(parts) == len(whole) == 5
    for mine, theirs in zip(parts, whole, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))
    places = [epoch.places(3, start, stop) for start, stop in ends]
    assert torch.equal(torch.cat(places), epoch.places(3, 0, plan.calls))


@pytest.mark.parametrize("sizes", PLANS)
def test_each_step_is_told_its_place(sizes: tuple[int, int, int]) -> None:
    plan = BatchPlan(*sizes)
    place_CxSx2 = epoch_of(plan, orders(plan)).places(7, 0, plan.calls)
    assert place_CxSx2.shape == (plan.calls, plan.steps_per_call, 2)
    assert place_CxSx2.dtype == torch.int64
    assert place_CxSx2.is_contiguous()
    assert place_CxSx2.flatten(0, 1).tolist() == [[7, step] for step in range(plan.calls * plan.steps_per_call)]


def test_a_replicas_batches_do_not_depend_on_its_neighbours() -> None:
    plan = BatchPlan(13, 4, 2)
    order_PxN, samples = orders(plan, replicas=3), samples_of(plan, padded=True)
    together = calls_of(epoch_of(plan, order_PxN), samples, 0, plan.calls)
    alone = calls_of(epoch_of(plan, order_PxN[1:2]), samples, 0, plan.calls)
    for (*mine, valid), (*lone, lone_valid) in zip(together, alone, strict=True):
        assert all(torch.equal(values[1:2], its) for values, its in zip(mine, lone, strict=True))
        assert torch.equal(valid, lone_valid)


def test_some_of_the_replicas_are_those_rows() -> None:
    plan = BatchPlan(13, 4, 2)
    epoch, samples = epoch_of(plan, orders(plan, replicas=3)), samples_of(plan, padded=True)
    *mine, valid = epoch.block(samples, 0, plan.calls)
    *some, its_valid = epoch.block(samples, 0, plan.calls, slice(1, 3))
    assert all(torch.equal(its, values[:, 1:3]) for its, values in zip(some, mine, strict=True))
    assert torch.equal(its_valid, valid)


def test_replicas_of_another_dataset_see_their_own_samples() -> None:
    plan = BatchPlan(5, 2, 1)
    order_PxN = orders(plan)
    samples = samples_of(BatchPlan(10, 2, 1))  # two datasets of five, one behind the other
    epoch = Epoch(plan, list(order_PxN.int().numpy()), [0, 5], CPU)
    for _, targets_PxSxB, valid_SxB in calls_of(epoch, samples, 0, plan.calls):
        valid_B = valid_SxB[0] > 0
        assert (targets_PxSxB[0, 0, valid_B] < 5).all()
        assert (targets_PxSxB[1, 0, valid_B] >= 5).all()


def test_samples_of_any_shape_are_copied_whole() -> None:
    plan = BatchPlan(5, 2, 1)
    numbers = torch.Generator().manual_seed(0)
    samples = Batch(torch.rand(5, 3, 2, generator=numbers), torch.randint(0, 9, (5, 4), generator=numbers))
    order_PxN = orders(plan)
    inputs, targets, valid_CxSxB = epoch_of(plan, order_PxN).block(samples, 0, plan.calls)
    assert inputs.shape == (3, 2, 1, 2, 3, 2)
    assert targets.shape == (3, 2, 1, 2, 4)
    for replica, order_N in enumerate(order_PxN):
        seen = valid_CxSxB.flatten() > 0
        assert torch.equal(inputs[:, replica].reshape(-1, 3, 2)[seen], samples.inputs[order_N])
        assert torch.equal(targets[:, replica].reshape(-1, 4)[seen], samples.targets[order_N])  # type: ignore[index]


@pytest.mark.parametrize(
    ("first", "dtype"), [(2**31 - 6, torch.int32), (2**31 - 5, torch.int64), (2**31 + 7, torch.int64)]
)
def test_many_samples_are_counted_in_wide_numbers(first: int, dtype: torch.dtype) -> None:
    plan = BatchPlan(5, 2, 1)
    epoch = Epoch(plan, list(orders(plan).int().numpy()), [0, first], CPU)
    index_CxPxSxB = epoch._index(0, plan.calls, slice(None))
    assert index_CxPxSxB.dtype == dtype
    assert sorted(index_CxPxSxB[:, 1].flatten().tolist()) == [0, *range(first, first + 5)]
