"""How the calls of a program are made: one after the other by Python, or by threads that each train a shard.

A shard is some of a population's replicas. Threads within one program would wait for each other after each of some
hundred kernels a step. Shards wait for each other only when a block of calls is done, and gather their own batches.

Shapes: P replicas, C calls.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

import torch
from torch import Tensor

from attnseq.training.calls import Library
from attnseq.training.population import PopulationState, Settings, Steps

Block = Sequence[Tensor]
"""Some calls in a row: what `Steps` take besides state and settings, each with an axis C before the others."""

Gather = Callable[[slice], Block]
"""Gathers a block of calls for some of the replicas."""

Runner = Callable[[PopulationState, Settings, Gather], None]
"""Makes a block of calls, and changes the state in place."""


def one_by_one(steps: Steps) -> Runner:
    """Return a runner that makes the calls of all replicas from Python."""

    def run(state: PopulationState, settings: Settings, gather: Gather) -> None:
        for call in zip(*gather(slice(None)), strict=True):
            steps(state, settings, *call)

    return run


def in_shards(library: Library, shards: int) -> Runner:
    """Return a runner that makes the calls of each shard in a thread of its own.

    Where a shard or a signal raises an error, the runner raises it once the other shards have ended their calls.

    Args:
        library: the compiled program of one shard.
        shards: how many, all of the same size; a divisor of P.
    """
    pool = ThreadPoolExecutor(shards, "shard", initializer=torch.set_num_threads, initargs=(1,))

    def train(state: PopulationState, settings: Settings, gather: Gather, rows: slice) -> None:
        lasting = [value[rows] for value in (*state, *settings)]
        library.run(lasting, gather(rows))

    def run(state: PopulationState, settings: Settings, gather: Gather) -> None:
        size = len(state.updates) // shards
        parts: list[Future[None]] = []
        try:
            for n in range(shards):
                parts.append(pool.submit(train, state, settings, gather, slice(n * size, (n + 1) * size)))
            ended, _ = wait(parts, return_when=FIRST_EXCEPTION)
            for part in ended:
                part.result()
        except BaseException:
            library.halt()
            wait(parts)
            raise

    return run
