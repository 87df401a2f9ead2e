"""Weight noise: normal noise on every parameter while a step's gradient is taken, fresh in each step.

Source: Murray & Edwards 1994, "Enhanced MLP performance and fault tolerance resulting from synaptic weight noise during
training"; for recurrent networks Jim, Giles & Horne 1996, Graves 2011.

Shapes: P replicas, N parameters of one replica, C calls of the program, S steps a call.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from attnseq.core.fan_out import for_each
from attnseq.core.randomness import generator

CHUNK = 16
"""Steps whose noise is drawn together: drawing for one step alone would take longer to set up than to do."""


class WeightNoise:
    """The noise of a population, a function of a replica's seed, the epoch and the step in it.

    Args:
        deviation_P: its standard deviation for each replica, 0 or more.
        seed_P: each replica's seed.
        size: N.
        device: where it goes; it is drawn on the CPU, so that it is the same everywhere.
    """

    def __init__(self, deviation_P: Sequence[float], seed_P: Sequence[int], size: int, device: torch.device):
        self._deviation_P, self._seed_P = deviation_P, seed_P
        self._size = size
        self._device = device

    def widened(self, replicas: int) -> "WeightNoise":
        """The same with more replicas behind, which have no noise."""
        deviation_P, seed_P = [*self._deviation_P, *[0.0] * replicas], [*self._seed_P, *[0] * replicas]
        return WeightNoise(deviation_P, seed_P, self._size, self._device)

    def zeros(self, steps_per_call: int) -> Tensor:
        """noise_PxSxN of a call without any."""
        return torch.zeros(len(self._seed_P), steps_per_call, self._size, device=self._device)

    def pieces(
        self, epoch: int, start: int, stop: int, steps_per_call: int, rows: slice = slice(None)
    ) -> Iterator[Tensor]:
        """The noise of calls `start` to `stop` of an epoch, `CHUNK` steps at a time.

        Args:
            epoch: 0 or more.
            start: first call; its first step is a multiple of `CHUNK`.
            stop: the call after the last.
            steps_per_call: S, a divisor of `CHUNK`.
            rows: the replicas.

        Yields:
            noise_CxPxSxN of some calls, contiguous, scaled.
        """
        calls = CHUNK // steps_per_call
        for first in range(start, stop, calls):
            noise_CxPxSxN = self._draw(epoch, first // calls, steps_per_call, rows)
            yield noise_CxPxSxN[: stop - first]

    def _draw(self, epoch: int, chunk: int, steps_per_call: int, rows: slice) -> Tensor:
        deviation_P, seed_P = self._deviation_P[rows], self._seed_P[rows]
        noise_CxPxSxN = torch.empty(CHUNK // steps_per_call, len(seed_P), steps_per_call, self._size)

        def fill(row_CxSxN: npt.NDArray[np.float32], deviation: float, seed: int) -> None:
            if not deviation:
                row_CxSxN[:] = 0
            else:
                numbers = generator(seed, f"weight_noise/{epoch}", chunk)
                row_CxSxN[:] = numbers.standard_normal(row_CxSxN.shape, dtype=np.float32)
                row_CxSxN *= np.float32(deviation)

        columns = noise_CxPxSxN.numpy().swapaxes(0, 1), deviation_P, seed_P
        if len(seed_P) < len(self._seed_P):  # by a shard's thread, beside those of the others
            for row in zip(*columns, strict=True):
                fill(*row)
        else:
            for_each(fill, *columns)  # NumPy draws without Python's lock: side by side
        return noise_CxPxSxN.to(self._device)
