"""Runs a program over some calls: on a whole population, or on its shards side by side, a Python thread each.

The threads of one program wait for each other after each of some hundred kernels a step; shards, each some of the
replicas with a program call of its own, need not. They share Python's lock, of which a compiled program lets go; that
pays where a call takes long beside the Python around it.

Shapes: P replicas, N parameters of one replica, S steps a call, B batch, T positions.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from itertools import islice
from threading import Event

import torch
from torch import Tensor

from attnseq.training.noise import CHUNK
from attnseq.training.optimizer import AdamSettings
from attnseq.training.population import PopulationState, Steps

Call = tuple[Tensor, ...]
"""What a program takes besides state and settings: digits_PxSxBxT, targets_PxSxB, valid_SxB[, noise_PxSxN]."""

Runner = Callable[[PopulationState, AdamSettings, Iterable[Call]], None]
"""Runs calls one after the other, and changes the state in place."""

CALLS_TOGETHER = CHUNK
"""Calls that are held in memory, after which shards wait for each other: those whose noise is drawn together."""


def whole(steps: Steps) -> Runner:
    """Runs the steps of a whole population."""

    def run(state: PopulationState, settings: AdamSettings, calls: Iterable[Call]) -> None:
        for call in calls:
            steps(state, settings, *call)

    return run


def side_by_side(steps: Steps, shards: int, threads: int) -> Runner:
    """Runs the steps of a population's shards, each in a Python thread.

    What is raised in one of them, and by a signal, is raised when the others have ended the calls that they are in.

    Args:
        steps: a program's, of one shard; called by several threads at a time, which the steps of a module, before they
            are traced, do not stand: `torch.func.functional_call` puts parameters into the module.
        shards: how many; a divisor of P.
        threads: of PyTorch, for each shard.
    """
    pool = ThreadPoolExecutor(shards, initializer=torch.set_num_threads, initargs=(threads,))
    halted = Event()

    def train(state: PopulationState, settings: AdamSettings, calls: Iterable[Call]) -> None:
        for call in calls:
            if halted.is_set():
                return
            steps(state, settings, *call)

    def run(state: PopulationState, settings: AdamSettings, calls: Iterable[Call]) -> None:
        for together in _pieces(calls):
            parts = [pool.submit(train, *shard_of(state, settings, together, n, shards)) for n in range(shards)]
            try:
                ended, _ = wait(parts, return_when=FIRST_EXCEPTION)
                for part in ended:
                    part.result()
            except BaseException:
                halted.set()
                wait(parts)
                raise

    return run


def shard_of(
    state: PopulationState, settings: AdamSettings, calls: Iterable[Call], number: int, shards: int
) -> tuple[PopulationState, AdamSettings, list[Call]]:
    """Views of what shard `number` of `shards` equal ones takes."""
    size = len(state.updates) // shards
    rows = slice(number * size, (number + 1) * size)
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
