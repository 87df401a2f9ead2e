"""Blocks of calls: all of an epoch, in order; longer where steps are short, and never more than may be held."""

from itertools import pairwise

import pytest

from attnseq.training import pace
from attnseq.training.batches import BatchPlan
from attnseq.training.pace import BLOCK, MOST_SAMPLES, Pace


def blocks(plan: BatchPlan, step: int = 0, replicas: int = 1) -> list[tuple[int, int]]:
    return list(Pace().blocks(plan, step, replicas))


@pytest.mark.parametrize("seconds", [0.0, 1e9])
@pytest.mark.parametrize(("steps", "step"), [(1, 0), (BLOCK, 0), (10 * BLOCK + 3, 0), (10 * BLOCK + 3, 2 * BLOCK)])
def test_an_epoch_is_covered_once_and_in_order(
    steps: int, step: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "SECONDS", seconds)
    cut = blocks(BatchPlan(4 * steps, 4, 1), step)
    assert cut[0][0] == step
    assert cut[-1][1] == steps
    assert all(end == start for (_, end), (start, _) in pairwise(cut))
    assert all((end - start) % BLOCK == 0 for start, end in cut[:-1])


def test_calls_of_two_steps_are_counted_as_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SECONDS", 0.0)
    assert blocks(BatchPlan(3 * BLOCK, 1, 2), step=BLOCK) == [(BLOCK // 2, BLOCK), (BLOCK, 3 * BLOCK // 2)]


def test_slow_steps_are_looked_at_after_each_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SECONDS", 0.0)
    assert blocks(BatchPlan(5 * BLOCK, 1, 1)) == [(n * BLOCK, (n + 1) * BLOCK) for n in range(5)]


def test_quick_steps_are_looked_at_after_ever_more_blocks_up_to_what_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SECONDS", 1e9)
    batch = MOST_SAMPLES // (4 * BLOCK)
    lengths = [(end - start) // BLOCK for start, end in blocks(BatchPlan(20 * BLOCK * batch, batch, 1))]
    assert lengths == [1, 2, 4, 4, 4, 4, 1]
    # of many replicas as few as of one's large batches
    assert {end - start for start, end in blocks(BatchPlan(20 * BLOCK * batch, batch, 1), replicas=4)} == {BLOCK}
