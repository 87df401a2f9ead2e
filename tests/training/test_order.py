"""The order of the samples: a function of seed and epoch, whatever was asked before.

Shapes: N training samples.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from attnseq.training.order import ReplayedOrder, random_order

SAMPLES = 37


@pytest.mark.parametrize("samples", [1, 2, SAMPLES])
def test_random_order_is_a_permutation(samples: int) -> None:
    order_N = random_order(0, samples)(3)
    assert order_N.dtype == np.int32
    assert sorted(order_N.tolist()) == list(range(samples))


def test_random_order_depends_on_seed_and_epoch_and_nothing_else() -> None:
    order = random_order(5, SAMPLES)
    forward = [order(epoch).tolist() for epoch in range(4)]
    backward = [random_order(5, SAMPLES)(epoch).tolist() for epoch in reversed(range(4))]
    assert forward == backward[::-1]
    assert len({tuple(row) for row in forward}) == 4
    assert random_order(6, SAMPLES)(0).tolist() != forward[0]


class Shuffles:
    """Epochs of a legacy stream's shuffles, each made of the one before; counts how often it was started and read."""

    def __init__(self) -> None:
        self.starts = self.reads = 0

    def __call__(self) -> Iterator[npt.NDArray[np.int32]]:
        self.starts += 1
        stream, index_N = np.random.RandomState(1), np.arange(SAMPLES, dtype=np.int32)
        while True:
            stream.shuffle(index_N)
            self.reads += 1
            yield index_N


def expected(epochs: int) -> list[list[int]]:
    sequence = Shuffles()()
    return [next(sequence).tolist() for _ in range(epochs)]


def test_rising_epochs_are_replayed_once() -> None:
    shuffles = Shuffles()
    order = ReplayedOrder(shuffles)
    assert [order(epoch).tolist() for epoch in range(5)] == expected(5)
    assert (shuffles.starts, shuffles.reads) == (1, 5)


@pytest.mark.parametrize("epochs", [[4], [0, 3, 4], [2, 2], [4, 0, 1], [1, 1, 0, 0, 3]])
def test_any_epoch_at_any_time_is_that_epochs(epochs: list[int]) -> None:
    order, all_epochs = ReplayedOrder(Shuffles()), expected(5)
    for epoch in epochs:
        assert order(epoch).tolist() == all_epochs[epoch]


def test_nothing_is_drawn_before_it_is_needed() -> None:
    shuffles = Shuffles()
    ReplayedOrder(shuffles)
    assert shuffles.starts == 0
