"""The loop: a population trains as its replicas would alone, and its observer is told in order.

Shapes: P replicas, W parameters of one replica.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
import torch
from tiny_population import BASE, CPU, POSITIONS, fresh, recipe

from attnseq.core.keys import ConfigError
from attnseq.datasets.abs_difference import AbsDifference
from attnseq.datasets.digits import draw_splits
from attnseq.datasets.operands import Operands
from attnseq.datasets.reverse import Reverse
from attnseq.training import building, trainer
from attnseq.training.compiling import missing_compiler
from attnseq.training.execution import COMPILED, TRACED, WRITTEN, Execution
from attnseq.training.order import random_order
from attnseq.training.pace import BLOCK
from attnseq.training.pool import Data, DataPool
from attnseq.training.population import PopulationState, initial_state
from attnseq.training.replicas import Population, stack_settings
from attnseq.training.stopping import StopSignals
from attnseq.training.trainer import Schedule, Trainer

SAMPLES = 1_300  # 82 steps of 16, the last one smaller: two blocks an epoch
SIZES = (SAMPLES, 32, 32)
SCHEDULE = Schedule(epochs=2, batch_size=16, compile="false", checkpoint_minutes=1e-9)
LEARNING_RATES = (1e-3, 3e-3, 1e-2)
KINDS = ["query", "noisy drawn"]
QUIET = {"noisy": "mlp", "noisy drawn": "drawn"}


class Recorder:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.executions: list[Execution] = []
        self.steps: list[int] = []
        self.loss_P: list[Sequence[float]] = []
        self.saved: list[tuple[int, int, PopulationState]] = []

    def program(self, execution: Execution) -> None:
        self.calls.append("program")
        self.executions.append(execution)

    def start(self) -> None:
        self.calls.append("start")

    def progress(self, steps: int, loss_P: Sequence[float]) -> None:
        self.steps.append(steps)

    def epoch(self, epoch: int, population: Population, loss_P: Sequence[float]) -> None:
        self.calls.append(f"epoch {epoch}")
        self.loss_P.append(loss_P)

    def checkpoint(self, population: Population) -> None:
        self.calls.append(f"checkpoint {population.epoch}/{population.step}")
        copy = PopulationState(*(value.clone() for value in population.state))
        self.saved.append((population.epoch, population.step, copy))


@cache
def data_of(padded: bool) -> Data:
    """Of a number, or of sequences whose lengths differ."""
    operands = Operands(POSITIONS, BASE, (0,), (2,))
    number = AbsDifference(operands, lambda: draw_splits(operands, SIZES, "random", seed=5))
    task = Reverse(POSITIONS, BASE, SIZES, seed=5) if padded else number
    return Data(task, task.splits())


def population(seeds: Sequence[int], kind: str = "noisy") -> Population:
    """Replicas of these seeds; the seed decides weights, order, learning rate, and the noise, which 0 has none of."""
    its = recipe(kind if any(seeds) else QUIET.get(kind, kind))
    settings = [(LEARNING_RATES[seed], 0.9, 0.999, 1e-7, 0.0, 0.01 * seed, seed) for seed in seeds]
    orders = [random_order(seed, SAMPLES) for seed in seeds]
    return Population(its, initial_state(fresh(its, 3)[list(seeds)]), stack_settings(settings, CPU), orders)


def train(
    trained: Population, schedule: Schedule = SCHEDULE, cores: int | None = None, began_as: Execution | None = None
) -> Recorder:
    recorder, data = Recorder(), data_of(trained.recipe.spec.inputs.padded)
    with StopSignals() as stop:
        Trainer(DataPool([data] * len(trained.orders)), schedule, recorder, cores).fit(trained, stop, began_as)
    return recorder


@pytest.mark.parametrize("kind", KINDS)
def test_three_replicas_train_as_each_would_alone(kind: str) -> None:
    together = population([0, 1, 2], kind)
    losses = train(together).loss_P
    for seed in range(3):
        alone = population([seed], kind)
        loss = train(alone).loss_P
        torch.testing.assert_close(together.state.parameters[seed], alone.state.parameters[0], rtol=1e-4, atol=1e-6)
        assert [row[seed] for row in losses] == pytest.approx([row[0] for row in loss], rel=1e-5)


def test_the_observer_is_told_in_order() -> None:
    recorder = train(population([0]))
    epoch = [f"checkpoint {{}}/{BLOCK}", "epoch {}", "checkpoint {}/0"]
    first, second = (
        [text.format(number) for text, number in zip(epoch, (n, n + 1, n + 1), strict=True)] for n in (0, 1)
    )
    assert recorder.calls == ["program", "start", *first, *second]
    assert recorder.steps == [BLOCK, 82, 82 + BLOCK, 164]


@pytest.mark.parametrize("kind", KINDS)
def test_the_replicas_that_are_left_go_on_from_the_middle_of_an_epoch(kind: str) -> None:
    whole = population([0, 1, 2], kind)
    recorder = train(whole)
    epoch, step, state = recorder.saved[2]
    assert (epoch, step) == (1, BLOCK)

    rest = population([0, 2], kind)  # replica 1 has been removed
    for value, saved in zip(rest.state, state, strict=True):
        value.copy_(saved[[0, 2]])
    rest.epoch, rest.step = epoch, step
    losses = train(rest).loss_P

    torch.testing.assert_close(rest.state.parameters, whole.state.parameters[[0, 2]], rtol=1e-4, atol=1e-6)
    assert losses[0] == pytest.approx([recorder.loss_P[1][0], recorder.loss_P[1][2]], rel=1e-5)


@pytest.mark.parametrize(
    ("kind", "way"), [("query", WRITTEN), ("noisy drawn", TRACED), ("reinforce", TRACED), ("gumbel", WRITTEN)]
)
def test_a_whole_population_goes_on_bit_for_bit(kind: str, way: str) -> None:
    whole, rest = population([0, 1, 2], kind), population([0, 1, 2], kind)
    epoch, step, state = train(whole, began_as=Execution(way)).saved[2]
    for value, saved in zip(rest.state, state, strict=True):
        value.copy_(saved)
    rest.epoch, rest.step = epoch, step
    assert train(rest, began_as=Execution(way)).executions == [Execution(way)]
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(rest.state, whole.state, strict=True))


def test_nothing_is_done_for_a_population_that_is_done() -> None:
    done = population([0])
    done.epoch = SCHEDULE.epochs
    assert train(done).calls == []


@pytest.mark.parametrize(("kind", "steps_per_call"), [("noisy drawn", 1), ("noisy drawn", 2), ("query", 2)])
def test_traced_is_as_written(kind: str, steps_per_call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    written, traced = population([0, 1, 2], kind), population([0, 1, 2], kind)
    assert train(written, began_as=Execution(WRITTEN)).executions == [Execution(WRITTEN)]
    monkeypatch.setattr(trainer, "steps_per_call", lambda *_: steps_per_call)
    assert train(traced, began_as=Execution(TRACED)).executions == [Execution(TRACED)]
    torch.testing.assert_close(traced.state.parameters, written.state.parameters, rtol=1e-5, atol=1e-7)
    assert traced.state.updates.tolist() == [164] * 3


@pytest.mark.skipif(bool(missing_compiler(CPU)), reason=missing_compiler(CPU))
@pytest.mark.parametrize(("kind", "cores"), [("noisy drawn", 2), ("noisy drawn", 3), ("query", 2)])
def test_compiled_shards_are_as_the_whole_uncompiled(kind: str, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three replicas, two of them with noise: a shard each, and two shards with an idle replica."""
    monkeypatch.setattr(trainer, "usable_cores", lambda: 64)
    whole, in_shards = population([0, 1, 2], kind), population([0, 1, 2], kind)
    theirs = train(whole)
    mine = train(in_shards, replace(SCHEDULE, compile="true"), cores)
    assert mine.executions == [Execution(COMPILED, "trainer.compile=true", cores)]
    assert mine.steps == theirs.steps
    torch.testing.assert_close(in_shards.state.parameters, whole.state.parameters, rtol=1e-4, atol=1e-6)
    assert in_shards.state.updates.tolist() == [164] * 3
    assert mine.loss_P[1] == pytest.approx(theirs.loss_P[1], rel=1e-4)
    assert len(mine.saved[-1][2].parameters) == 3


@pytest.mark.skipif(bool(missing_compiler(CPU)), reason=missing_compiler(CPU))
def test_a_compiled_population_goes_on_bit_for_bit_in_the_shards_that_it_began_in() -> None:
    began_as = Execution(COMPILED, "as it began", 2)
    whole = population([0, 1, 2], "noisy drawn")
    recorder = train(whole, began_as=began_as, schedule=replace(SCHEDULE, compile="auto"))
    epoch, step, state = recorder.saved[2]
    rest = population([0, 1, 2], "noisy drawn")
    for value, saved in zip(rest.state, state, strict=True):
        value.copy_(saved)
    rest.epoch, rest.step = epoch, step
    again = train(rest, began_as=began_as, schedule=replace(SCHEDULE, compile="auto"), cores=1)
    assert again.executions == [began_as]
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(rest.state, whole.state, strict=True))


@pytest.mark.parametrize("cores", [1, 3])
def test_where_compilation_fails_the_whole_trains_uncompiled(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no registers left")

    monkeypatch.setattr(trainer, "usable_cores", lambda: 64)
    monkeypatch.setattr(building, "compile_library", fail)
    whole, fallen = population([0, 1, 2]), population([0, 1, 2])
    train(whole)
    with pytest.raises(ConfigError, match=r"^trainer\.compile=true: compilation failed \(no registers left\); auto"):
        train(fallen, replace(SCHEDULE, compile="true"), cores)
    compiled, auto = Execution(COMPILED, "it pays", cores), replace(SCHEDULE, compile="auto")
    monkeypatch.setattr(building.Builder, "choose", lambda *_: compiled)
    recorder = train(fallen, auto, cores)
    assert recorder.executions == [compiled, Execution(TRACED, "compilation failed (no registers left)")]
    torch.testing.assert_close(fallen.state.parameters, whole.state.parameters, rtol=1e-5, atol=1e-7)


def test_a_model_that_cannot_be_traced_is_not_taken_for_a_compiler_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = population([0])
    monkeypatch.setattr(broken.recipe.flat.model, "forward", lambda *_: None)
    with pytest.raises(AttributeError, match="prediction"):
        train(broken, replace(SCHEDULE, compile="true"))
