"""Shards: what they take, that they run side by side, and that they train as the whole population would.

Shapes: P replicas, C calls, S steps a call.
"""

from collections.abc import Callable, Sequence
from threading import Barrier, Event

import pytest
import torch
from processes import LIMIT
from tiny_population import call_of, fresh, of_replicas, recipe, same_bits, settings
from torch import Tensor

from attnseq.training.calls import Library
from attnseq.training.population import PopulationState, Recipe, Settings, build_steps, initial_state
from attnseq.training.program import as_steps, trace_steps
from attnseq.training.runners import Block, in_shards, one_by_one

REPLICAS, SHARDS = 6, 3


class InPython(Library):
    """A library whose program is called by Python."""

    def __init__(self) -> None:
        self.halted = Event()

    def run(self, lasting: Sequence[Tensor], calls: Sequence[Tensor]) -> None:
        for call in zip(*calls, strict=True):
            self.call(PopulationState(*lasting[:6]), Settings(*lasting[6:]), *call)

    def call(self, state: PopulationState, settings: Settings, *batch: Tensor) -> None:
        raise NotImplementedError

    def halt(self) -> None:
        self.halted.set()


def block_of(its: Recipe, rows: slice, seed: int = 0, number: int = 2) -> Block:
    """Some calls of two steps each, of some of the replicas."""
    calls = [of_replicas(its, call_of(its, REPLICAS, 2, 10 * seed + call), rows) for call in range(number)]
    return [torch.stack(values) for values in zip(*calls, strict=True)]


def gather_of(its: Recipe, seed: int = 0) -> Callable[[slice], Block]:
    return lambda rows: block_of(its, rows, seed)


def test_one_by_one_makes_every_call_of_all_replicas() -> None:
    its = recipe("mlp")
    steps, block = build_steps(its), block_of(its, slice(None))
    mine, theirs = (initial_state(fresh(its, REPLICAS)) for _ in range(2))
    asked: list[slice] = []

    def gather(rows: slice) -> Block:
        asked.append(rows)
        return block

    one_by_one(steps)(mine, settings(REPLICAS), gather)
    for call in zip(*block, strict=True):
        steps(theirs, settings(REPLICAS), *call)
    assert asked == [slice(None)]
    assert same_bits(mine, theirs)
    assert mine.updates.tolist() == [4] * REPLICAS


@pytest.mark.parametrize("name", ["mlp", "query", "noisy drawn"])
def test_a_shard_trains_as_it_would_alone(name: str) -> None:
    """Bit for bit, with its own samples and random numbers, though a replica of another shard breaks."""
    its = recipe(name)
    start_PxW = fresh(its, REPLICAS)
    start_PxW[0, 0] = torch.nan
    together, all_settings = initial_state(start_PxW), settings(REPLICAS)
    parts = [slice(2 * number, 2 * number + 2) for number in range(SHARDS)]
    shard = PopulationState(*(value[parts[0]] for value in together))
    shared = Settings(*(value[parts[0]] for value in all_settings))
    call = [values[0] for values in block_of(its, parts[0])]
    steps = as_steps(trace_steps(build_steps(its), (shard, shared, *call)))

    class Traced(InPython):
        def call(self, state: PopulationState, settings: Settings, *batch: Tensor) -> None:
            steps(state, settings, *batch)

    run = in_shards(Traced(), SHARDS)
    for seed in range(2):
        run(together, all_settings, gather_of(its, seed))
    for rows in parts:
        alone, its_settings = initial_state(start_PxW[rows]), Settings(*(value[rows] for value in all_settings))
        for seed in range(2):
            one_by_one(steps)(alone, its_settings, lambda _, rows=rows, seed=seed: block_of(its, rows, seed))  # type: ignore[misc]
        assert same_bits(PopulationState(*(value[rows] for value in together)), alone)
    assert together.updates.tolist() == [0] + [8] * 5
    assert together.diverged.tolist() == [1, 0, 0, 0, 0, 0]


def test_shards_run_at_the_same_time_with_a_thread_each() -> None:
    meeting = Barrier(SHARDS)
    threads = torch.get_num_threads()

    class Meeting(InPython):
        def call(self, state: PopulationState, settings: Settings, *batch: Tensor) -> None:
            meeting.wait(LIMIT)  # broken, which is an error, unless all shards get here
            state.updates.fill_(torch.get_num_threads())

    state = initial_state(torch.zeros(REPLICAS, 1))
    in_shards(Meeting(), SHARDS)(state, settings(REPLICAS), gather_of(recipe("mlp")))
    assert state.updates.tolist() == [1] * REPLICAS
    assert torch.get_num_threads() == threads


def test_a_shards_error_is_raised_when_the_others_have_been_halted() -> None:
    state = initial_state(torch.arange(6.0).view(REPLICAS, 1))
    meeting = Barrier(SHARDS)

    class Failing(InPython):
        def call(self, mine: PopulationState, settings: Settings, *batch: Tensor) -> None:
            if self.halted.is_set():
                return
            meeting.wait(LIMIT)
            if mine.parameters[0, 0] == 4:  # the last shard's first replica
                raise MemoryError("of a shard")
            assert self.halted.wait(LIMIT)  # the others are told of the error while they are in their call
            mine.updates.add_(1)

    with pytest.raises(MemoryError, match="of a shard"):
        in_shards(Failing(), SHARDS)(state, settings(REPLICAS), gather_of(recipe("mlp")))
    assert state.updates.tolist() == [1, 1, 1, 1, 0, 0]
