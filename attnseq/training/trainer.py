"""The training loop: a population of one or more runs that share a program, epoch by epoch.

Shapes: P replicas, S steps a call, B batch.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from attnseq.core.keys import ConfigError
from attnseq.training.batches import BatchPlan, Epoch
from attnseq.training.building import Builder, CompilationError
from attnseq.training.compiling import at_most_threads, steps_per_call
from attnseq.training.cores import usable_cores
from attnseq.training.execution import COMPILED, TRACED, Execution, again, shards_for
from attnseq.training.memory import keep_freed_memory
from attnseq.training.pace import Pace
from attnseq.training.pool import DataPool
from attnseq.training.replicas import Population
from attnseq.training.runners import Block, Runner
from attnseq.training.stopping import StopSignals


@dataclass(frozen=True)
class Schedule:
    """How long a population trains, and on what.

    Args:
        epochs: passes over the training samples.
        batch_size: samples a step.
        compile: "auto", "true" or "false".
        checkpoint_minutes: between checkpoints within an epoch.
    """

    epochs: int
    batch_size: int
    compile: str
    checkpoint_minutes: float


class Observer(Protocol):
    """Is told what happens. All reporting, and the writing of all files, is the observer's."""

    def program(self, execution: Execution) -> None:
        """Take note of how the steps will be run, before the first one."""

    def start(self) -> None:
        """Take note that the program is ready, and that the first step comes now."""

    def progress(self, steps: int, loss_P: Sequence[float]) -> None:
        """Take note that the whole run is `steps` steps on, with this mean loss of the epoch, nan where it diverged."""

    def epoch(self, epoch: int, population: Population, loss_P: Sequence[float]) -> None:
        """Take note that epoch number `epoch` (from 1) ended with these mean training losses."""

    def checkpoint(self, population: Population) -> None:
        """Write a checkpoint of the population."""


class Trainer:
    """Trains a population.

    Args:
        data: of the replicas, on the population's device.
        schedule: how long and how.
        observer: is told what happens.
        cores: most cores that a compiled population takes; None: all that this process may use.
    """

    def __init__(self, data: DataPool, schedule: Schedule, observer: Observer, cores: int | None = None):
        self._data, self._schedule, self._observer = data, schedule, observer
        self._cores = min(usable_cores(), cores or sys.maxsize)
        self._pace = Pace()

    def fit(self, population: Population, stop: StopSignals, began_as: Execution | None = None) -> None:
        """Train until the last epoch is done, or every replica has diverged.

        Args:
            population: goes on from where it stands; changed in place.
            stop: checked between blocks of steps.
            began_as: how earlier steps were run, so that the run goes on in this way; None: this is decided anew.

        Raises:
            ConfigError: the schedule insists on compilation, and it failed.
            Interrupted: a signal came; the observer has been asked for a checkpoint.
        """
        if population.epoch >= self._schedule.epochs or all(population.diverged()):
            return
        keep_freed_memory()
        with at_most_threads(len(population.orders), population.device):  # for all that is done between blocks of steps
            stop.immediate(True)  # compilation can take a minute, and changes no state
            with at_most_threads(1, population.device):
                wide, run = self._build(population, began_as)
            stop.immediate(False)
            self._observer.start()
            while population.epoch < self._schedule.epochs and not all(population.diverged()):
                self._train_epoch(population, wide, run, stop)
                self._observer.checkpoint(population)
                stop.check()

    def _build(self, population: Population, began_as: Execution | None) -> tuple[Population, Runner]:
        """Return the population, with idle replicas where its shards need them, and what runs its steps."""
        execution = again(began_as, self._schedule.compile) if began_as else None
        if execution is None or execution.way == COMPILED:
            shards = (execution and execution.shards) or self._shards(population)
            wide = population.widened(-(-len(population.orders) // shards) * shards)
            builder = self._builder(wide, shards)
            if execution is None:
                execution = builder.choose(self._schedule.compile, self._steps)
            if execution.way == COMPILED:
                try:
                    return wide, self._built(builder, replace(execution, shards=shards))
                except CompilationError as error:
                    execution = self._uncompiled(error)
        return population, self._built(self._builder(population, 1), replace(execution, shards=1))

    def _builder(self, population: Population, shards: int) -> Builder:
        return Builder(population, self._padding(population), shards)

    def _built(self, builder: Builder, execution: Execution) -> Runner:
        """Tell the observer how the steps will be run, then build what runs them."""
        self._observer.program(execution)
        return builder.build(execution)

    def _uncompiled(self, error: CompilationError) -> Execution:
        """Decide how steps run after compilation has failed; raise ConfigError where the schedule insists on it."""
        reason = f"compilation failed ({error})"
        if self._schedule.compile == "true":
            raise ConfigError(f"trainer.compile=true: {reason}; auto and false train without it") from error
        return Execution(TRACED, reason)

    def _shards(self, population: Population) -> int:
        return shards_for(len(population.orders), self._cores) if population.device.type == "cpu" else 1

    @property
    def _steps(self) -> int:
        """Steps of the whole run, so that a resumed run is treated like an uninterrupted one."""
        return self._schedule.epochs * -(-self._data.train_size // self._schedule.batch_size)

    def _batches(self, population: Population) -> BatchPlan:
        together = steps_per_call(self._steps, population.state.parameters.numel(), population.device)
        return BatchPlan(self._data.train_size, self._schedule.batch_size, together)

    def _padding(self, population: Population) -> list[Tensor]:
        """Make a call whose samples are all padding, so that it changes nothing."""
        batches = self._batches(population)
        shape = (len(population.orders), batches.steps_per_call, batches.batch_size)
        valid_SxB = torch.zeros(shape[1:], device=population.device)
        samples = [values.new_zeros(*shape, *values.shape[1:]) for values in self._data.train.tensors]
        place_Sx2 = torch.zeros(shape[1], 2, dtype=torch.int64, device=population.device)
        return [*samples, valid_SxB, *([place_Sx2] if population.recipe.is_drawn else [])]

    def _train_epoch(self, population: Population, wide: Population, run: Runner, stop: StopSignals) -> None:
        """Go on with the epoch under way; `wide`, of which `population` is the first part, is what runs."""
        batches = self._batches(population)
        epoch = self._epoch(population, wide, batches)
        saved = time.monotonic()
        for start, end in self._pace.blocks(batches, population.step, len(wide.orders)):
            with at_most_threads(1, population.device):
                run(wide.state, wide.settings, partial(self._gather, wide, epoch, start, end))
            if end == batches.calls:
                break  # the epoch's end is a checkpoint of its own
            population.step = end * batches.steps_per_call
            seen = population.step * batches.batch_size
            done = population.epoch * batches.steps + population.step
            self._observer.progress(done, population.mean_loss(seen))
            if all(population.diverged()):
                return
            if time.monotonic() - saved > 60 * self._schedule.checkpoint_minutes:
                self._observer.checkpoint(population)
                saved = time.monotonic()
            if stop.received:
                self._observer.checkpoint(population)
                stop.check()
        population.epoch += 1
        population.step = 0
        loss_P = population.mean_loss(self._data.train_size)
        population.state.loss_sum.zero_()
        self._observer.progress(population.epoch * batches.steps, loss_P)
        self._observer.epoch(population.epoch, population, loss_P)

    def _gather(self, wide: Population, epoch: Epoch, start: int, end: int, rows: slice) -> Block:
        """Gather calls `start` to `end` of an epoch for some of the replicas."""
        block = epoch.block(self._data.train, start, end, rows)
        return [*block, epoch.places(wide.epoch, start, end)] if wide.recipe.is_drawn else block

    def _epoch(self, population: Population, wide: Population, batches: BatchPlan) -> Epoch:
        """Prepare the epoch under way."""
        wide.epoch = population.epoch
        orders = [order(population.epoch) for order in population.orders]
        idle = len(wide.orders) - len(orders)
        first_P = [*self._data.first_P, *self._data.first_P[:1] * idle]
        return Epoch(batches, [*orders, *orders[:1] * idle], first_P, population.device)
