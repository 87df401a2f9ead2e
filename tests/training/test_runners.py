"""Shards: what they take, that they run side by side, and that they train as the whole population would.

Shapes: P replicas, C calls, S steps a call.
"""

from collections.abc import Iterator, Sequence
from threading import Barrier, Event

import pytest
import torch
from processes import LIMIT
from tiny_population import CPU, batches, build, fresh, same_bits
from torch import Tensor

from attnseq.training.calls import Library
from attnseq.training.optimizer import AdamSettings
from attnseq.training.population import PopulationState, build_steps, initial_state
from attnseq.training.program import as_steps, trace_steps
from attnseq.training.replicas import stack_settings
from attnseq.training.runners import Piece, in_shards, one_by_one

REPLICAS, SHARDS = 6, 3


def six_settings() -> AdamSettings:
    return stack_settings([(1e-3 * (k + 1), 0.9, 0.999 - 0.01 * k, 1e-7) for k in range(REPLICAS)], CPU)


class InPython(Library):
    """A library whose program is called by Python, with rows of the state that `before` looks at first."""

    def __init__(self) -> None:
        self.halted = Event()

    def run(self, lasting: Sequence[Tensor], calls: Sequence[Tensor]) -> None:
        for call in zip(*calls, strict=True):
            self.call(PopulationState(*lasting[:6]), AdamSettings(*lasting[6:]), *call)

    def call(self, state: PopulationState, settings: AdamSettings, *batch: Tensor) -> None:
        raise NotImplementedError

    def halt(self) -> None:
        self.halted.set()


def pieces(rows: slice, number: int = 2) -> Iterator[Piece]:
    """Of two calls of two steps each."""
    for seed in range(number):
        calls = [batches(REPLICAS, 2, 10 * seed + call) for call in range(2)]
        digits, targets, valid = (torch.stack([call[index] for call in calls]) for index in range(3))
        yield digits[:, rows].contiguous(), targets[:, rows].contiguous(), valid


def test_one_by_one_makes_every_call_of_all_replicas() -> None:
    flat = build("mlp")
    steps = build_steps(flat, "keras")
    mine, theirs = initial_state(fresh(flat, 3)), initial_state(fresh(flat, 3))
    its_settings = AdamSettings(*(value[:3] for value in six_settings()))
    gathered = [tuple(value[:, :3] if value.dim() > 3 else value for value in piece) for piece in pieces(slice(None))]
    asked: list[slice] = []

    def gather(rows: slice) -> list[Piece]:
        asked.append(rows)
        return gathered

    one_by_one(steps)(mine, its_settings, gather)
    for piece in gathered:
        for call in zip(*piece, strict=True):
            steps(theirs, its_settings, *call)
    assert asked == [slice(None)]
    assert same_bits(mine, theirs)
    assert mine.updates.tolist() == [8] * 3


def test_a_shard_trains_as_it_would_alone() -> None:
    """Bit for bit, though a replica of another shard breaks."""
    flat = build("mlp")
    start = fresh(flat, REPLICAS)
    start[0, 0] = torch.nan
    together = initial_state(start)
    first = slice(0, 2)
    shard = PopulationState(*(value[first] for value in together))
    digits, targets, valid = next(pieces(first))
    example = (shard, AdamSettings(*(value[first] for value in six_settings())), digits[0], targets[0], valid[0])
    steps = as_steps(trace_steps(build_steps(flat, "keras"), example))

    class Traced(InPython):
        def call(self, state: PopulationState, settings: AdamSettings, *batch: Tensor) -> None:
            steps(state, settings, *batch)

    in_shards(Traced(), SHARDS)(together, six_settings(), pieces)
    for number in range(SHARDS):
        rows = slice(2 * number, 2 * number + 2)
        alone = initial_state(start[rows])
        its_settings = AdamSettings(*(value[rows] for value in six_settings()))
        one_by_one(steps)(alone, its_settings, lambda _, rows=rows: pieces(rows))
        assert same_bits(PopulationState(*(value[rows] for value in together)), alone)
    assert together.updates.tolist() == [0] + [8] * 5
    assert together.diverged.tolist() == [1, 0, 0, 0, 0, 0]


def test_shards_run_at_the_same_time_with_a_thread_each() -> None:
    meeting = Barrier(SHARDS)
    threads = torch.get_num_threads()

    class Meeting(InPython):
        def call(self, state: PopulationState, settings: AdamSettings, *batch: Tensor) -> None:
            meeting.wait(LIMIT)  # broken, which is an error, unless all shards get here
            state.updates.fill_(torch.get_num_threads())

    state = initial_state(torch.zeros(REPLICAS, 1))
    in_shards(Meeting(), SHARDS)(state, six_settings(), pieces)
    assert state.updates.tolist() == [1] * REPLICAS
    assert torch.get_num_threads() == threads


def test_a_shards_error_is_raised_when_the_others_have_been_halted() -> None:
    state = initial_state(torch.arange(6.0).view(REPLICAS, 1))
    meeting = Barrier(SHARDS)

    class Failing(InPython):
        def call(self, mine: PopulationState, settings: AdamSettings, *batch: Tensor) -> None:
            if self.halted.is_set():
                return
            meeting.wait(LIMIT)
            if mine.parameters[0, 0] == 4:  # the last shard's first replica
                raise MemoryError("of a shard")
            assert self.halted.wait(LIMIT)  # the others are told of the error while they are in their call
            mine.updates.add_(1)

    with pytest.raises(MemoryError, match="of a shard"):
        in_shards(Failing(), SHARDS)(state, six_settings(), pieces)
    assert state.updates.tolist() == [1, 1, 1, 1, 0, 0]
