"""An epoch cut into the batches that a population's program takes.

Shapes: P replicas, N training samples, C calls of the program, S steps a call, B batch, Q = C S B places of some calls
(padding included).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from attnseq.contracts.batch import Batch


class BatchPlan(NamedTuple):
    """How an epoch is cut: `calls` calls of `steps_per_call` steps of `batch_size` samples; the last call is padded."""

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

    @property
    def places(self) -> int:
        """Places for samples, padding included."""
        return self.calls * self.steps_per_call * self.batch_size


class Epoch:
    """The batches of one epoch. Only each replica's order is held for the whole epoch; batches are gathered in blocks.

    Args:
        plan: how the epoch is cut.
        order_P: each replica's order of its samples, int32 of shape N; not copied.
        first_P: where each replica's samples begin among all that `block` is given.
        device: of the data.
    """

    def __init__(
        self, plan: BatchPlan, order_P: Sequence[npt.NDArray[np.int32]], first_P: Sequence[int], device: torch.device
    ):
        self._plan, self._order_P, self._first_P, self._device = plan, order_P, first_P, device
        narrow = max(first_P) + plan.samples < 2**31  # use int32 where it will do: a gather then reads half as much
        self._dtype = torch.int32 if narrow else torch.int64
        shape = (plan.calls, plan.steps_per_call, plan.batch_size)
        ones_N = torch.ones(plan.samples, device=device)
        self._valid_CxSxB = torch.nn.functional.pad(ones_N, (0, plan.places - plan.samples)).view(shape)

    def block(self, samples: Batch, start: int, stop: int, rows: slice = slice(None)) -> list[Tensor]:
        """Gather the batches of calls `start` to `stop` together: one gather is cheaper than one a step.

        It uses `index_select`, which copies a sample whole; indexing with brackets copies number by number.

        Args:
            samples: to train on, of all replicas.
            start: first call.
            stop: the call after the last.
            rows: the replicas.

        Returns:
            samples_CxPxSxB..., contiguous, of each tensor of a sample, and valid_CxSxB.
        """
        index_CxPxSxB = self._index(start, stop, rows)
        gathered = [
            values.index_select(0, index_CxPxSxB.flatten()).view(*index_CxPxSxB.shape, *values.shape[1:])
            for values in samples.tensors
        ]
        return [*gathered, self._valid_CxSxB[start:stop]]

    def places(self, epoch: int, start: int, stop: int) -> Tensor:
        """Return place_CxSx2, int64: the epoch, and the step in it, of each step of calls `start` to `stop`."""
        size = self._plan.steps_per_call
        steps_CxS = torch.arange(start * size, stop * size).view(-1, size)
        return torch.stack((torch.full_like(steps_CxS, epoch), steps_CxS), dim=-1).to(self._device)

    def _index(self, start: int, stop: int, rows: slice) -> Tensor:
        """Compute index_CxPxSxB of the samples of these calls, 0 for padding."""
        plan, order_P, first_P = self._plan, self._order_P[rows], self._first_P[rows]
        size = plan.steps_per_call * plan.batch_size
        index_PxQ = torch.zeros(len(order_P), (stop - start) * size, dtype=self._dtype)
        for row_Q, order_N, first in zip(index_PxQ.numpy(), order_P, first_P, strict=True):
            part = order_N[start * size : stop * size]
            np.add(part, first, out=row_Q[: len(part)], dtype=row_Q.dtype)
        shape = (len(order_P), stop - start, plan.steps_per_call, plan.batch_size)
        # make it contiguous before it goes to the device: `block` flattens it there
        return index_PxQ.view(shape).transpose(0, 1).contiguous().to(self._device)
