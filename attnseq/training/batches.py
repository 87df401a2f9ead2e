"""An epoch cut into the batches that a population's program takes.

Shapes: P replicas, N training samples, C calls of the program, S steps a call, B batch, M = C S B places of an epoch
(padding included), T positions.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


class BatchPlan(NamedTuple):
    """How an epoch is cut: `calls` calls of `steps_per_call` steps of `batch_size` samples, the last one padded."""

    samples: int
    batch_size: int
    steps_per_call: int

    @property
    def steps(self) -> int:
        """Optimizer steps an epoch; the last batch may be smaller, as in Keras."""
        return -(-self.samples // self.batch_size)

    @property
    def calls(self) -> int:
        return -(-self.steps // self.steps_per_call)


class Epoch:
    """The batches of one epoch.

    Args:
        plan: how the epoch is cut.
        order_P: each replica's order of its samples; taken one after the other, so that one is in memory at a time.
        first_P: where each replica's samples begin among those that `calls` is given.
        device: of the data.
    """

    def __init__(
        self, plan: BatchPlan, order_P: Iterator[npt.NDArray[np.int64]], first_P: Sequence[int], device: torch.device
    ):
        shape = (plan.calls, plan.steps_per_call, plan.batch_size)
        narrow = max(first_P) + plan.samples < 2**31  # half the memory of int64, and of a large population's most
        dtype = torch.int32 if narrow else torch.int64
        order_PxM = torch.zeros(len(first_P), plan.calls * plan.steps_per_call * plan.batch_size, dtype=dtype)
        for row_M, order_N, first in zip(order_PxM, order_P, first_P, strict=True):
            row_M[: plan.samples] = torch.from_numpy(order_N) + first
        self._index_CxPxSxB = order_PxM.to(device).view(len(first_P), *shape).transpose(0, 1)
        ones_N = torch.ones(plan.samples, device=device)
        self._valid_CxSxB = torch.nn.functional.pad(ones_N, (0, order_PxM.shape[1] - plan.samples)).view(shape)

    def calls(
        self, digits_NxT: Tensor, targets_N: Tensor, start: int, stop: int
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The batches of calls `start` to `stop`, gathered together: one gather is cheaper than one a step.

        Args:
            digits_NxT: training samples of all replicas.
            targets_N: their targets.
            start: first call.
            stop: the call after the last.

        Yields:
            (digits_PxSxBxT, targets_PxSxB, valid_SxB) of each call, contiguous.
        """
        # what is gathered takes over the layout of its index, and the compiled program knows one layout only
        index_CxPxSxB = self._index_CxPxSxB[start:stop].contiguous()
        return zip(digits_NxT[index_CxPxSxB], targets_N[index_CxPxSxB], self._valid_CxSxB[start:stop], strict=True)
