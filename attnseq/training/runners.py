"""How the calls of a program are made: one after the other by Python, or of a library in threads, a shard each.

A shard is some of a population's replicas. The threads of one program would wait for each other after each of some
hundred kernels a step; shards wait for each other when a block of calls is done, and each gathers its own batches.

Shapes: P replicas, C calls, S steps a call, B batch, T positions, N parameters of one replica.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

import torch
from torch import Tensor

from attnseq.training.calls import Library
from attnseq.training.optimizer import AdamSettings
from attnseq.training.population import PopulationState, Steps

Piece = tuple[Tensor, ...]
"""Some calls in a row: digits_CxPxSxBxT, targets_CxPxSxB, valid_CxSxB[, noise_CxPxSxN]."""

Gather = Callable[[slice], Iterable[Piece]]
"""Gathers a block of calls for some of the replicas, in one or more pieces."""

Runner = Callable[[PopulationState, AdamSettings, Gather], None]
"""Makes a block of calls, and changes the state in place."""


def one_by_one(steps: Steps) -> Runner:
    """Makes the calls of all replicas from Python."""

    def run(state: PopulationState, settings: AdamSettings, gather: Gather) -> None:
        for piece in gather(slice(None)):
            for call in zip(*piece, strict=True):
                steps(state, settings, *call)

    return run


def in_shards(library: Library, shards: int) -> Runner:
    """Makes the calls of each shard in a thread of its own.

    What is raised in one of them, and by a signal, is raised when the others have ended the calls that they are in.

    Args:
        library: a program of one shard.
        shards: how many, all of the same size; a divisor of P.
    """
    pool = ThreadPoolExecutor(shards, "shard", initializer=torch.set_num_threads, initargs=(1,))

    def train(state: PopulationState, settings: AdamSettings, gather: Gather, rows: slice) -> None:
        lasting = [value[rows] for value in (*state, *settings)]
        for piece in gather(rows):
            library.run(lasting, piece)

    def run(state: PopulationState, settings: AdamSettings, gather: Gather) -> None:
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
