"""Shards: what they take, that they run side by side, and that they train as the whole population would.

Shapes: P replicas, S steps a call.
"""

from collections.abc import Iterator
from threading import Barrier, Event

import pytest
import torch
from processes import LIMIT
from tiny_population import CPU, MODELS, batches, build, fresh, same_bits, settings

from attnseq.training import shards
from attnseq.training.compiling import missing_compiler, plan_compilation
from attnseq.training.optimizer import AdamSettings
from attnseq.training.population import PopulationState, build_steps, initial_state
from attnseq.training.program import as_steps, compile_program, trace_steps
from attnseq.training.shards import CALLS_TOGETHER, Call, shard_of, side_by_side, whole
from attnseq.training.trainer import stack_settings

REPLICAS, SHARDS = 6, 3


def six_settings() -> AdamSettings:
    return stack_settings([(1e-3 * (k + 1), 0.9, 0.999 - 0.01 * k, 1e-7) for k in range(REPLICAS)], CPU)


def calls(number: int, numbers_N: int = 0) -> list[Call]:
    """Of two steps each; with noise on `numbers_N` parameters."""
    noise = torch.Generator().manual_seed(0)
    shape = (REPLICAS, 2, numbers_N)
    return [
        (*batches(REPLICAS, 2, seed), *([0.1 * torch.randn(shape, generator=noise)] if numbers_N else []))
        for seed in range(number)
    ]


def test_shards_are_views_of_all_rows() -> None:
    state, given = initial_state(torch.rand(REPLICAS, 5)), calls(2, numbers_N=5)
    parts = [shard_of(state, six_settings(), given, shard, SHARDS) for shard in range(SHARDS)]
    for values, pieces in zip(state, zip(*(part[0] for part in parts), strict=True), strict=True):
        assert torch.equal(torch.cat(pieces), values)
        pieces[1].fill_(7)
        assert (values == 7).sum() == values[2:4].numel()  # of nothing but its own replicas
    for values, pieces in zip(six_settings(), zip(*(part[1] for part in parts), strict=True), strict=True):
        assert torch.equal(torch.cat(pieces), values)
    for number, (digits, targets, valid, noise) in enumerate(given):
        its = [part[2][number] for part in parts]
        for index, values in ((0, digits), (1, targets), (3, noise)):
            assert torch.equal(torch.cat([call[index] for call in its]), values)
        assert all(call[2] is valid for call in its)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("noisy", [False, True], ids=["", "noise"])
def test_a_shard_trains_as_it_would_alone(name: str, noisy: bool) -> None:
    """Bit for bit, in more calls than are held together, and though a replica of another shard breaks."""
    flat = build(name)
    start = fresh(flat, REPLICAS)
    start[0, 0] = torch.nan
    given = calls(CALLS_TOGETHER + 3, sum(flat.sizes) if noisy else 0)
    together, alone = initial_state(start), initial_state(start)
    state, its_settings, (call, *_) = shard_of(together, six_settings(), given, 0, SHARDS)
    steps = as_steps(trace_steps(build_steps(flat, "keras"), (state, its_settings, *call)))
    side_by_side(steps, SHARDS, 1)(together, six_settings(), iter(given))
    for shard in range(SHARDS):
        whole(steps)(*shard_of(alone, six_settings(), given, shard, SHARDS))
    assert same_bits(together, alone)
    assert together.updates.tolist() == [0] + [2 * len(given)] * 5
    assert together.diverged.tolist() == [1, 0, 0, 0, 0, 0]


def test_shards_run_at_the_same_time_with_the_threads_they_are_given() -> None:
    meeting = Barrier(SHARDS)
    threads = torch.get_num_threads()

    def steps(state: PopulationState, *_: object) -> None:
        meeting.wait(LIMIT)  # broken, which is an error, unless all shards get here
        state.updates.fill_(torch.get_num_threads())

    state = initial_state(torch.zeros(REPLICAS, 1))
    for given in (1, 2):
        side_by_side(steps, SHARDS, given)(state, six_settings(), calls(2))
        assert state.updates.tolist() == [given] * REPLICAS
    assert torch.get_num_threads() == threads


def test_a_shards_error_is_raised_when_the_others_have_ended_their_call(monkeypatch: pytest.MonkeyPatch) -> None:
    state = initial_state(torch.arange(6.0).view(REPLICAS, 1))
    meeting, halted = Barrier(SHARDS), Event()
    monkeypatch.setattr(shards, "Event", lambda: halted)

    def steps(mine: PopulationState, *_: object) -> None:
        meeting.wait(LIMIT)
        if mine.parameters[0, 0] == 4:  # the last shard's first replica
            raise MemoryError("of a shard")
        assert halted.wait(LIMIT)  # the others are told of the error while they are in their call
        mine.updates.add_(1)

    with pytest.raises(MemoryError, match="of a shard"):
        side_by_side(steps, SHARDS, 1)(state, six_settings(), calls(5))
    assert state.updates.tolist() == [1, 1, 1, 1, 0, 0]


def test_no_more_calls_than_said_are_held() -> None:
    drawn: list[int] = []
    ahead: list[int] = []

    def draw() -> Iterator[Call]:
        for number, call in enumerate(calls(1) * (2 * CALLS_TOGETHER + 1)):
            drawn.append(number)
            yield call

    def steps(*_: object) -> None:
        ahead.append(len(drawn) - len(ahead))

    side_by_side(steps, 1, 1)(initial_state(torch.zeros(REPLICAS, 1)), six_settings(), draw())
    assert len(ahead) == len(drawn) == 2 * CALLS_TOGETHER + 1
    assert max(ahead) == CALLS_TOGETHER


@pytest.mark.skipif(bool(missing_compiler(CPU)), reason=missing_compiler(CPU))
def test_a_compiled_program_serves_two_threads() -> None:
    """In many short calls, so that they meet in it often."""
    flat = build("mlp")
    start, its_settings = fresh(flat, 2), settings(2)
    given: list[Call] = [tuple(batches(2, 1, seed)) for seed in range(50)] * 20
    state, first, (call, *_) = shard_of(initial_state(start), its_settings, given, 0, 2)
    example = (state, first, *call)
    options = plan_compilation("true", 1, 1, CPU).options
    compiled = as_steps(compile_program(trace_steps(build_steps(flat, "keras"), example), example, options))
    together, alone = initial_state(start), initial_state(start)
    side_by_side(compiled, 2, 1)(together, its_settings, given)
    for shard in range(2):
        whole(compiled)(*shard_of(alone, its_settings, given, shard, 2))
    assert same_bits(together, alone)
    assert together.updates.tolist() == [1000, 1000]
