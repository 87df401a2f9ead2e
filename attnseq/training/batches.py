"""An epoch cut into the batches that a population's program takes.

Shapes: P replicas, N training samples, C calls of the program, S steps a call, B batch, T positions.
"""

from collections.abc import Iterator
from typing import NamedTuple

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
        order_PxN: each replica's order of the samples, on the device of the data.
    """

    def __init__(self, plan: BatchPlan, order_PxN: Tensor):
        shape = (plan.calls, plan.steps_per_call, plan.batch_size)
        padding = plan.calls * plan.steps_per_call * plan.batch_size - plan.samples
        padded = torch.nn.functional.pad(order_PxN, (0, padding))
        self._index_CxPxSxB = padded.view(len(order_PxN), *shape).transpose(0, 1)
        ones_N = torch.ones(plan.samples, device=order_PxN.device)
        self._valid_CxSxB = torch.nn.functional.pad(ones_N, (0, padding)).view(shape)

    def calls(
        self, digits_NxT: Tensor, targets_N: Tensor, start: int, stop: int
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The batches of calls `start` to `stop`, gathered together: one gather is cheaper than one a step.

        Args:
            digits_NxT: training samples.
            targets_N: their targets.
            start: first call.
            stop: the call after the last.

        Yields:
            (digits_PxSxBxT, targets_PxSxB, valid_SxB) of each call, contiguous.
        """
        # what is gathered takes over the layout of its index, and the compiled program knows one layout only
        index_CxPxSxB = self._index_CxPxSxB[start:stop].contiguous()
        return zip(digits_NxT[index_CxPxSxB], targets_N[index_CxPxSxB], self._valid_CxSxB[start:stop], strict=True)
