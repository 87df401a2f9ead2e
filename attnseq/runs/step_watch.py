"""What is known of steps within an epoch without a pass of its own: of what training keeps between blocks of steps.

Shapes: P replicas, W parameters of one replica.
"""

import math
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from attnseq.report.records import StepRecord
from attnseq.training.replicas import Population

POINTS = 10
"""Most points of a curve in an epoch: enough to see a long one move, and little to write for a short one."""

WAIT_SECONDS = 10.0
"""Longest time for which points wait to be written together."""


class StepWatch:
    """Makes points of training loss, gradient norm and speed within an epoch.

    The gradient of a step is gone when Python looks again; Adam's second moment, a decaying mean of its square, is not.
    What it gained since the last point is the mean square of the gradients since then.

    Args:
        population: in training; looked at, not changed.
        samples: training samples of each replica.
        batch_size: samples a step.
        clock: returns seconds, which never fall.
    """

    def __init__(
        self, population: Population, samples: int, batch_size: int, clock: Callable[[], float] = time.monotonic
    ):
        self._population, self._samples, self._batch_size, self._clock = population, samples, batch_size, clock
        self._steps_an_epoch = -(-samples // batch_size)
        self._step, self._seen = population.step, min(samples, population.step * batch_size)
        self._loss_sum_P: list[float] = population.state.loss_sum.tolist()
        self._updates_P, self._squares_P = self._moments()
        self._since = self._taken = clock()
        self._points_P: list[list[StepRecord]] = [[] for _ in population.orders]

    def restart_clock(self) -> None:
        """Leave out of the next point's speed whatever came before, such as compilation or an evaluation."""
        self._since = self._clock()

    def leave_out(self, seconds: float) -> None:
        """Leave time that was spent on other things out of the next point's speed."""
        self._since += seconds

    @property
    def is_due(self) -> bool:
        """Whether points have waited long enough."""
        return self._clock() - self._taken > WAIT_SECONDS and any(self._points_P)

    def take(self) -> list[list[StepRecord]]:
        """Return the points of each replica since the last call."""
        points_P, self._points_P = self._points_P, [[] for _ in self._points_P]
        self._taken = self._clock()
        return points_P

    def look(self, steps: int, loss_P: Sequence[float]) -> None:
        """Make a point of each replica where an epoch ends or a tenth of it is done.

        Args:
            steps: of the whole run so far.
            loss_P: means over the epoch so far, nan where a replica diverged, which has no point.
        """
        step = (steps - 1) % self._steps_an_epoch + 1
        ends = step == self._steps_an_epoch
        if not ends and (step - self._step) * POINTS < self._steps_an_epoch:
            return
        seen, now = min(self._samples, step * self._batch_size), self._clock()
        samples, seconds = seen - self._seen, max(now - self._since, 1e-9)
        sums_P = [loss * seen for loss in loss_P]
        norms_P = self._norms()
        speed = samples * len(loss_P) / seconds
        for points, total, before, norm in zip(self._points_P, sums_P, self._loss_sum_P, norms_P, strict=True):
            if math.isfinite(total):
                points.append(StepRecord(steps, (total - before) / samples, norm, speed))
        self._step, self._seen, self._loss_sum_P, self._since = step, seen, sums_P, now
        if ends:
            self._step, self._seen, self._loss_sum_P = 0, 0, [0.0] * len(loss_P)

    def _norms(self) -> list[float]:
        """Compute the root of the mean square norm of the gradients since the last call, of each replica."""
        updates_P, squares_P = self._moments()
        decay_P = self._population.settings.beta2 ** (updates_P - self._updates_P)
        # rounding may leave less than nothing where gradients have become much smaller
        gained_P = (squares_P - decay_P * self._squares_P).clamp(min=0) / (1 - decay_P)
        self._updates_P, self._squares_P = updates_P, squares_P
        norms_P: list[float] = gained_P.sqrt().tolist()
        return norms_P

    def _moments(self) -> tuple[Tensor, Tensor]:
        """Return the updates of each replica, and the sum of Adam's second moment."""
        state = self._population.state
        return state.updates.clone(), state.second_moment.sum(dim=1, dtype=torch.float64)
