"""The order in which an epoch visits the training samples: a function of seed and epoch.

Shapes: N training samples.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from attnseq.core.randomness import generator

Order = Callable[[int], npt.NDArray[np.int32]]
"""Maps an epoch, 0 or more, to the permutation order_N of its samples. Do not change it; the next call may."""


def random_order(seed: int, samples: int) -> Order:
    """Draw a fresh permutation for each epoch, from the run's seed.

    Args:
        seed: of the run.
        samples: N.
    """
    return lambda epoch: generator(seed, "order", epoch).permutation(samples).astype(np.int32)


class ReplayedOrder:
    """Permutations that exist only as a sequence, each made of the one before, such as the notebook's shuffles.

    Args:
        start: gives the sequence from its first epoch on; it may shuffle one array in place. If epochs are asked for in
            rising order, it is called once.
    """

    def __init__(self, start: Callable[[], Iterator[npt.NDArray[np.int32]]]):
        self._start = start
        self._replay = start()
        self._next_epoch = 0

    def __call__(self, epoch: int) -> npt.NDArray[np.int32]:
        if epoch < self._next_epoch:
            self._replay, self._next_epoch = self._start(), 0
        while True:
            order_N = next(self._replay)
            self._next_epoch += 1
            if self._next_epoch > epoch:
                return order_N
