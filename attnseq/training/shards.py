"""Runs a program over some calls: on a whole population, or on its shards side by side, a thread each.

In a program of several threads all of them wait for each other after each of some hundred kernels a step. Shards need
not wait: each has some of the replicas, and a program of one thread. Their threads share Python's lock, of which a
compiled program lets go, so that this pays where a call takes long beside the Python around it.

Shapes: P replicas, N parameters of one replica, S steps a call, B batch, T positions.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import torch
from torch import Tensor

from attnseq.training.optimizer import AdamSettings
from attnseq.training.population import PopulationState, Steps

Call = tuple[Tensor, ...]
"""What a program takes besides state and settings: digits_PxSxBxT, targets_PxSxB, valid_SxB[, noise_PxSxN]."""

Runner = Callable[[PopulationState, AdamSettings, Iterable[Call]], None]
"""Runs calls one after the other, and changes the state in place."""

CALLS_TOGETHER = 16
"""Calls after which shards wait for each other: as many are held in memory."""


def at_once(steps: Steps) -> Runner:
    """Runs the steps of a whole population."""

    def run(state: PopulationState, settings: AdamSettings, calls: Iterable[Call]) -> None:
        for call in calls:
            steps(state, settings, *call)

    return run


def side_by_side(steps: Steps, shards: int) -> Runner:
    """Runs the steps of a population's shards, each in a thread.

    Args:
        steps: a program's, of one shard; called by several threads at a time, which the steps of a module, before they
            are traced, do not stand: `torch.func.functional_call` puts parameters into the module.
        shards: how many; a divisor of P.
    """

    def train(state: PopulationState, settings: AdamSettings, calls: Iterable[Call]) -> None:
        torch.set_num_threads(1)  # of this thread
        for call in calls:
            steps(state, settings, *call)

    def run(state: PopulationState, settings: AdamSettings, calls: Iterable[Call]) -> None:
        with ThreadPoolExecutor(shards) as pool:
            for together in _pieces(calls):
                pieces = [cut(state, settings, together, shard, shards) for shard in range(shards)]
                list(pool.map(train, *zip(*pieces, strict=True)))

    return run


def cut(
    state: PopulationState, settings: AdamSettings, calls: Iterable[Call], shard: int, shards: int
) -> tuple[PopulationState, AdamSettings, list[Call]]:
    """Views of what one of `shards` equal shards takes."""
    size = len(state.updates) // shards
    rows = slice(shard * size, (shard + 1) * size)
    return (
        PopulationState(*(value[rows] for value in state)),
        AdamSettings(*(value[rows] for value in settings)),
        [
            (digits[rows], targets[rows], valid, *(noise[rows] for noise in noises))
            for digits, targets, valid, *noises in calls
        ],
    )


def _pieces(calls: Iterable[Call]) -> Iterator[list[Call]]:
    remaining = iter(calls)
    return iter(lambda: list(islice(remaining, CALLS_TOGETHER)), [])
