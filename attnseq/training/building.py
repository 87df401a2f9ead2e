"""Building what runs a population's steps, and the measurements that decide how they are run.

Shapes: P replicas, S steps a call, B batch.
"""

import os
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor
from torch.fx import GraphModule

from attnseq.training.cache import cache_folder
from attnseq.training.compiling import missing_compiler, options_for, why_compilation_failed
from attnseq.training.eager import for_eager
from attnseq.training.execution import (
    COMPILED,
    EVERY_PROGRAM,
    TRACED,
    WRITTEN,
    Execution,
    Learnt,
    Measured,
    choose,
    of_model,
)
from attnseq.training.fingerprint import Digest, digest
from attnseq.training.library import compile_library, library_path, load_library
from attnseq.training.plain_paths import plain_paths
from attnseq.training.population import PopulationState, Settings, build_steps
from attnseq.training.program import as_steps, compile_program, trace_steps
from attnseq.training.replicas import Population
from attnseq.training.runners import Block, Runner, in_shards, one_by_one

TIMED = 3
"""Steps that are timed. The fastest counts: whatever else the machine does can only add to a time."""

CALLS = 64
"""Calls of a compiled program that are timed together, as training makes them."""

Call = tuple[PopulationState, Settings, *tuple[Tensor, ...]]
"""What `Steps` take."""


class CompilationError(RuntimeError):
    """The compiler failed; the message is one line that says why."""


class Builder:
    """Builds what runs a population's steps.

    Args:
        population: P is a multiple of `shards`; it is not changed.
        padding: samples_PxSxB..., valid_SxB[, place_Sx2] of a call whose samples are all padding.
        shards: how many the population is cut into where its program is compiled for the CPU.
    """

    def __init__(self, population: Population, padding: Sequence[Tensor], shards: int):
        self._device, self._shards, self._padding = population.device, shards, padding
        self._native = self._device.type == "cpu" and os.name != "nt"  # `calls.cpp` is compiled for Unix only
        self._steps = build_steps(population.recipe)
        self._samples = population.recipe.sample_tensors
        self._replicas = len(population.orders)
        state = PopulationState(*(value.clone() for value in population.state))
        self._call: Call = (state, population.settings, *padding)

    def choose(self, setting: str, steps: int) -> Execution:
        """Choose the way that takes least time, by the time of some steps as written.

        Args:
            setting: `trainer.compile`. Nothing is measured for "true", nor for "auto" if the program is in the cache.
            steps: of the whole run.
        """
        if setting == "true":
            return Execution(COMPILED, "trainer.compile=true", self._shards)
        if setting == "auto" and self._is_cached():
            return Execution(COMPILED, "its program is in the cache", self._shards)
        each = _fastest(lambda: self._written(slice(0, 1)), self._device) / self._digest.written
        measured = Measured(steps, self._step_seconds, self._digest.operations, self._work, each)
        chosen = choose(setting, measured, self._learnt.read(), self._shards)
        missing = missing_compiler(self._device) if chosen.way == COMPILED else ""
        return Execution(TRACED, missing) if missing else chosen

    def build(self, execution: Execution) -> Runner:
        """Build what runs the steps.

        Raises:
            CompilationError: the program could not be compiled.
        """
        if execution.way == WRITTEN:
            return one_by_one(self._steps)
        if execution.way == TRACED:
            return self._traced()
        _ = self._digest  # run the model first: if it fails, the compiler is not to blame
        try:
            with plain_paths():
                return self._library() if self._native else self._compiled()
        except Exception as error:  # the compiler may raise anything
            raise CompilationError(why_compilation_failed(error)) from error

    def _traced(self) -> Runner:
        """Build a runner that Python calls operation by operation, and learn what tracing and a step take."""
        began = time.perf_counter()
        traced = trace_steps(self._steps, self._call)
        tracing = time.perf_counter() - began
        steps = as_steps(for_eager(traced))
        share = _fastest(lambda: steps(*self._call), self._device) / self._step_seconds
        self._learn(tracing=tracing / self._digest.operations, traced=share)
        return one_by_one(steps)

    def _compiled(self) -> Runner:
        """Build a compiled runner that Python calls, for CUDA, whose kernels run beside Python."""
        steps = as_steps(compile_program(trace_steps(self._steps, self._call), self._call, self._options))
        state, settings, *batch = self._call
        steps(state, settings, *batch)
        return one_by_one(steps)

    def _library(self) -> Runner:
        """Build a compiled runner that does without Python; try it with padding, so that a failure shows now."""
        took = {}

        def trace() -> GraphModule:
            began = time.perf_counter()
            traced = trace_steps(self._steps, self._shard)
            took["tracing"] = time.perf_counter() - began
            return traced

        state, settings, *batch = self._shard
        arguments = [*state, *settings, *batch]
        seconds = compile_library(self._path, trace, arguments, self._options)
        try:
            library = load_library(self._path)
        except (OSError, AttributeError):  # the file was damaged, and has been removed
            compile_library(self._path, trace, arguments, self._options)
            library = load_library(self._path)
        run = in_shards(library, self._shards)

        def calls(number: int) -> None:
            def gather(rows: slice) -> Block:
                return [value.expand(number, *value.shape) for value in self._batch(rows)]

            run(self._call[0], self._call[1], gather)

        calls(1)
        if seconds:
            operations, compiling = self._digest.operations, seconds - took["tracing"]
            seconds_a_call = _fastest(lambda: calls(CALLS), self._device) / CALLS
            self._learn(
                tracing=took["tracing"] / operations,
                compiling=compiling / (EVERY_PROGRAM + operations),
                compiled=seconds_a_call * self._shards / self._work,
            )
        return run

    @property
    def _shard(self) -> Call:
        """The call of one shard."""
        return self._part(slice(0, self._replicas // self._shards))

    def _part(self, rows: slice) -> Call:
        """Cut the call of some replicas out of the whole call."""
        state, settings, *_ = self._call
        its_state = PopulationState(*(value[rows] for value in state))
        return its_state, Settings(*(value[rows] for value in settings)), *self._batch(rows)

    def _written(self, rows: slice) -> None:
        """Take a step of some replicas as written."""
        state, settings, *batch = self._part(rows)
        self._steps(state, settings, *batch)

    def _is_cached(self) -> bool:
        try:
            return self._native and self._path.exists()
        except OSError:  # the cache cannot be made; the compiler will say so
            return False

    def _batch(self, rows: slice) -> list[Tensor]:
        samples, shared = self._padding[: self._samples], self._padding[self._samples :]
        return [*(values[rows] for values in samples), *shared]

    @cached_property
    def _digest(self) -> Digest:
        return digest(self._steps, self._shard)

    @property
    def _work(self) -> float:
        """The work of a step of all replicas, see `Digest.work`."""
        return self._digest.work * self._shards

    @cached_property
    def _step_seconds(self) -> float:
        """Seconds of a step of all replicas as written."""
        return _fastest(lambda: self._written(slice(None)), self._device)

    @cached_property
    def _options(self) -> dict[str, bool | int]:
        return options_for(self._device)

    @cached_property
    def _path(self) -> Path:
        state, settings, *batch = self._shard
        with plain_paths():  # the compiler writes beside the library
            return library_path(self._digest.text, [*state, *settings, *batch], self._options)

    def _learn(self, **rates: float) -> None:
        """Take in what this program took, named by the fields of `Rates`."""
        self._learnt.add({of_model(name, self._digest.operations): value for name, value in rates.items()})

    @property
    def _learnt(self) -> Learnt:
        return Learnt(cache_folder() / f"rates_{self._device.type}.json")


def _fastest(call: Callable[[], None], device: torch.device) -> float:
    """Measure the seconds of the fastest of some calls."""

    def seconds() -> float:
        began = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - began

    call()  # not timed: the first call does more than the others
    return min(seconds() for _ in range(TIMED))
