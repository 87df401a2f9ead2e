"""The training loop: a population of one or more runs that share a program, epoch by epoch.

Shapes: P replicas, N parameters of one replica or training samples, S steps a call, B batch, T positions.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Protocol

import torch
from torch import Tensor

from attnseq.datasets.pool import DataPool
from attnseq.schema import ConfigError
from attnseq.training.batches import BatchPlan, Epoch
from attnseq.training.compiling import CompilePlan, plan_compilation, shards_for, threads_for, why_compilation_failed
from attnseq.training.headers import precompile_headers
from attnseq.training.memory import keep_freed_memory
from attnseq.training.noise import WeightNoise
from attnseq.training.optimizer import AdamSettings
from attnseq.training.order import Order
from attnseq.training.plain_paths import plain_paths
from attnseq.training.population import FlatModel, PopulationState, Steps, build_steps
from attnseq.training.program import as_steps, compile_program, trace_steps
from attnseq.training.shards import Call, Runner, shard_of, side_by_side, whole
from attnseq.training.stopping import StopSignals

BLOCK = 64
"""Steps whose batches are gathered together; between blocks a run can be stopped, checkpointed and watched."""


@dataclass(frozen=True)
class Schedule:
    """How long a population trains, and on what.

    Args:
        epochs: passes over the training samples.
        batch_size: samples a step.
        adam: its form, see `optimizer.adam`.
        compile: "auto", "true" or "false".
        checkpoint_minutes: between checkpoints within an epoch.
    """

    epochs: int
    batch_size: int
    adam: str
    compile: str
    checkpoint_minutes: float


class Observer(Protocol):
    """Who is told what happens; all reporting and all files are the observer's."""

    def program(self, plan: CompilePlan) -> None:
        """Training is about to start: with or without compilation."""

    def start(self) -> None:
        """The program is ready; the first step comes now."""

    def progress(self, steps: int, loss_P: Sequence[float]) -> None:
        """`steps` optimizer steps of the whole run are done; mean loss of this epoch so far, nan where it diverged."""

    def epoch(self, epoch: int, population: "Population", loss_P: Sequence[float]) -> None:
        """Epoch number `epoch` (from 1) ended with these mean training losses."""

    def checkpoint(self, population: "Population") -> None:
        """Write down where the population stands."""


@dataclass
class Population:
    """Replicas in training: their state, and how far they are.

    Args:
        flat: their model.
        state: a row a replica.
        settings: Adam's, a number a replica.
        orders: each replica's order of the training samples.
        noise: on the weights; None where no replica has any.
        epoch: epochs finished.
        step: steps taken in the epoch under way, a multiple of `BLOCK`.
    """

    flat: FlatModel
    state: PopulationState
    settings: AdamSettings
    orders: Sequence[Order]
    noise: WeightNoise | None = None
    epoch: int = 0
    step: int = 0

    @property
    def device(self) -> torch.device:
        return self.state.parameters.device

    def noise_of(self, start: int, stop: int, steps_per_call: int) -> Iterator[tuple[Tensor, ...]]:
        """What calls `start` to `stop` of this epoch take besides their batch: (noise_PxSxN,), or nothing."""
        if self.noise is None:
            return repeat((), stop - start)
        return zip(self.noise.calls(self.epoch, start, stop, steps_per_call))

    def diverged(self) -> list[int]:
        """For each replica the number of the step whose loss was not finite, 0 where there is none."""
        return [int(step) for step in self.state.diverged.tolist()]

    def mean_loss(self, samples: int) -> list[float]:
        """Each replica's mean training loss over the `samples` of this epoch so far, nan where it diverged."""
        loss_P: list[float] = torch.where(self.state.diverged == 0, self.state.loss_sum / samples, torch.nan).tolist()
        return loss_P


class Trainer:
    """Trains a population.

    Args:
        data: of the replicas, on the population's device.
        schedule: how long and how.
        observer: is told what happens.
    """

    def __init__(self, data: DataPool, schedule: Schedule, observer: Observer):
        self._data = data
        self._schedule = schedule
        self._observer = observer

    def fit(self, population: Population, stop: StopSignals) -> None:
        """Train until the last epoch is done, or every replica has diverged.

        Args:
            population: where to go on from; changed in place.
            stop: asked between blocks of steps.

        Raises:
            ConfigError: the schedule insists on compilation, and it failed.
            Interrupted: a signal came; the observer has been asked for a checkpoint.
        """
        if population.epoch >= self._schedule.epochs or all(population.diverged()):
            return
        keep_freed_memory()
        with threads_for(len(population.orders), population.device):
            plan = self._compile_plan(population)
            self._observer.program(plan)
            stop.immediate(True)  # compilation can take a minute, and changes nothing
            batches = BatchPlan(self._data.train_size, self._schedule.batch_size, plan.steps_per_call)
            run = self._build(population, batches, plan)
            stop.immediate(False)
            self._observer.start()
            while population.epoch < self._schedule.epochs and not all(population.diverged()):
                self._train_epoch(population, batches, run, stop)
                self._observer.checkpoint(population)
                stop.check()

    def _compile_plan(self, population: Population) -> CompilePlan:
        steps = self._schedule.epochs * -(-self._data.train_size // self._schedule.batch_size)
        return plan_compilation(self._schedule.compile, steps, population.state.parameters.numel(), population.device)

    def _build(self, population: Population, batches: BatchPlan, plan: CompilePlan) -> Runner:
        steps = build_steps(population.flat, self._schedule.adam)
        if not plan.trace:
            return whole(steps)
        padding = self._padding(population, batches)
        compiled = self._compile(steps, population, padding, plan) if plan.compile else None
        return compiled or whole(as_steps(trace_steps(steps, (population.state, population.settings, *padding))))

    @plain_paths()
    def _compile(self, steps: Steps, population: Population, padding: Call, plan: CompilePlan) -> Runner | None:
        """The compiled program, tried with padding; None where that failed, of which the observer is told."""
        precompile_headers(plan.options)
        replicas = len(population.orders)
        shards = shards_for(replicas, population.state.parameters.numel(), population.device)
        threads = torch.get_num_threads() // shards
        state, settings, (batch,) = shard_of(population.state, population.settings, [padding], 0, shards)
        example = (state, settings, *batch)
        with threads_for(threads, population.device):
            traced = trace_steps(steps, example)
            try:
                compiled = as_steps(compile_program(traced, example, plan.options))
                compiled(state, settings, *batch)
            except Exception as error:  # whatever the compiler raises
                reason = f"compilation failed ({why_compilation_failed(error)})"
                if self._schedule.compile == "true":
                    raise ConfigError(f"trainer.compile=true: {reason}; auto and false train without it") from error
                self._observer.program(plan._replace(compile=False, reason=reason))
                return None
        return whole(compiled) if shards == 1 else side_by_side(compiled, shards, threads)

    def _padding(self, population: Population, batches: BatchPlan) -> Call:
        """A call whose samples are all padding, so that it changes nothing."""
        shape = (len(population.orders), batches.steps_per_call, batches.batch_size)
        digits_NxT, targets_N = self._data.digits_NxT, self._data.targets_N
        samples = digits_NxT.new_zeros(*shape, digits_NxT.shape[1]), targets_N.new_zeros(shape)
        noise = () if population.noise is None else (population.noise.zeros(batches.steps_per_call),)
        return *samples, targets_N.new_zeros(shape[1:]), *noise

    def _train_epoch(self, population: Population, batches: BatchPlan, run: Runner, stop: StopSignals) -> None:
        orders = [order(population.epoch) for order in population.orders]
        epoch = Epoch(batches, orders, self._data.first_P, population.device)
        state = population.state
        saved = time.monotonic()
        for first in range(population.step, batches.steps, BLOCK):
            start, end = first // batches.steps_per_call, min((first + BLOCK) // batches.steps_per_call, batches.calls)
            calls = epoch.calls(self._data.digits_NxT, self._data.targets_N, start, end)
            noise = population.noise_of(start, end, batches.steps_per_call)
            run(state, population.settings, ((*call, *its) for call, its in zip(calls, noise, strict=True)))
            if first + BLOCK >= batches.steps:
                break  # the epoch's end is a checkpoint of its own
            population.step = first + BLOCK
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
        state.loss_sum.zero_()
        self._observer.progress(population.epoch * batches.steps, loss_P)
        self._observer.epoch(population.epoch, population, loss_P)


def stack_settings(columns: Sequence[tuple[float, float, float, float]], device: torch.device) -> AdamSettings:
    """Adam's settings of a population.

    Args:
        columns: (learning rate, beta1, beta2, epsilon) of each replica.
        device: where they go.
    """
    values_4xP: Tensor = torch.tensor(columns, dtype=torch.float64, device=device).T.contiguous()
    return AdamSettings(*values_4xP)
