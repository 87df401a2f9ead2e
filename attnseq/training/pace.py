"""How many steps training takes between two looks of Python.

Shapes: P replicas.
"""

import time
from collections.abc import Iterator

from attnseq.training.batches import BatchPlan

BLOCK = 64
"""Steps. A run is stopped, checkpointed and watched only after a multiple of them."""

SECONDS = 0.1
"""Time from one look to the next, about: short for a person who waits, long compared with what a look takes."""

MOST_SAMPLES = 1 << 19
"""Most samples, of all replicas, that are gathered together: some 10 MB."""


class Pace:
    """Cuts epochs into blocks of calls, longer ones where steps turn out to be short. Results do not depend on it."""

    def __init__(self) -> None:
        self._blocks = 1

    def blocks(self, batches: BatchPlan, step: int, replicas: int) -> Iterator[tuple[int, int]]:
        """Yield the calls of an epoch in pieces (first, after the last), with a look after each.

        Args:
            batches: how the epoch is cut.
            step: steps of the epoch taken before, a multiple of `BLOCK`.
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
