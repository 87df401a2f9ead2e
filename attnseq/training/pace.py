"""How many steps are taken before training is looked at again.

Shapes: P replicas.
"""

import time
from collections.abc import Iterator

from attnseq.training.batches import BatchPlan

BLOCK = 64
"""Steps: a run is stopped, checkpointed and watched after a multiple of them."""

SECONDS = 0.1
"""From one look to the next, about: short beside a person's patience, long beside what a look takes."""

MOST_SAMPLES = 1 << 19
"""Gathered together, of all replicas, which are some 10 MB."""


class Pace:
    """Cuts epochs into blocks of calls, longer ones where steps turn out to be short. What is computed is the same."""

    def __init__(self) -> None:
        self._blocks = 1

    def blocks(self, batches: BatchPlan, step: int, replicas: int) -> Iterator[tuple[int, int]]:
        """The calls of an epoch, as (first, after the last) of those that are made before the next look.

        Args:
            batches: how the epoch is cut.
            step: steps taken before, a multiple of `BLOCK`.
            replicas: P.
        """
        most = max(1, MOST_SAMPLES // (BLOCK * batches.batch_size * replicas))
        start = step // batches.steps_per_call
        while start < batches.calls:
            began = time.monotonic()
            blocks = self._blocks
            end = start + blocks * BLOCK // batches.steps_per_call
            yield start, min(end, batches.calls)
            start = end
            seconds = max(time.monotonic() - began, 1e-9)
            self._blocks = max(1, min(most, 2 * blocks, int(blocks * SECONDS / seconds)))
