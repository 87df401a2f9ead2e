"""How a population's steps are run, decided by what it costs on the machine at hand.

Three ways: as written (by vmap and autograd, nothing to build), traced (plain operations, called by Python), compiled.
Building takes seconds now, and saves some time in each step that is ahead; it pays where it saves more than it takes.

Shapes: P replicas.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import NamedTuple

from attnseq.core.files import write_atomically

WRITTEN, TRACED, COMPILED = WAYS = ("written", "traced", "compiled")


@dataclass(frozen=True)
class Execution:
    """How the steps of a population are run. It decides how numbers are rounded, and nothing else about them.

    Args:
        way: one of `WAYS`.
        reason: why it is compiled or not, in one line.
        shards: how many the population is cut into, see `training.runners`; 1 unless it is compiled for the CPU, None
            where that is to be decided.
    """

    way: str
    reason: str = ""
    shards: int | None = 1


def shards_for(replicas: int, cores: int) -> int:
    """Decide how many shards to cut a population into: one a core, of equal size, the last perhaps with idle replicas.

    Args:
        replicas: P.
        cores: that may be used.
    """
    size = -(-replicas // min(replicas, cores))
    return -(-replicas // size)


EVERY_PROGRAM = 1_500
"""Cost of what all programs share (headers, a wrapper, the linker): compiling so many operations takes as long."""


FUSED = 0.7
"""A compiled step's share of a traced one where kernels are so large that calling them takes no time. What is left to
save are the passes over memory between them: 0.67 of a transformer, less of all smaller models that were measured."""


class Rates(NamedTuple):
    """What it takes to build a program, and to run it.

    Args:
        tracing: seconds an operation.
        compiling: seconds an operation, with `EVERY_PROGRAM` added to the program's own operations.
        traced: the time of a traced step, as a share of that of a step as written.
        compiled: seconds on one core for each number that a step computes, see `Digest.work`.
    """

    tracing: float
    compiling: float
    traced: float
    compiled: float


OF_MODEL = ("traced", "compiled")
"""Rates that differ among models, whose kernels are small or large; populations of one model have the same."""


def of_model(name: str, operations: int) -> str:
    """Return the name by which a rate is learnt; the number of a step's operations tells models apart."""
    return f"{name}/{operations}" if name in OF_MODEL else name


def rates(operation_seconds: float, operations: int, learnt: Mapping[str, float]) -> Rates:
    """Estimate the rates of this machine: as learnt, else in proportion to the time of an operation as written.

    All are times of one core, mostly in Python, so that their ratio depends little on the machine.

    Args:
        operation_seconds: time of one replica's step as written, divided by `Digest.written`.
        operations: of a step.
        learnt: of earlier programs, see `Learnt`.
    """
    guessed = Rates(80 * operation_seconds, 700 * operation_seconds, 0.4, 2.5e-5 * operation_seconds)
    known = {name: learnt.get(of_model(name, operations)) for name in Rates._fields}
    return guessed._replace(**{name: value for name, value in known.items() if value is not None})


class Measured(NamedTuple):
    """What was measured of a population on this machine.

    Args:
        steps: how many are ahead.
        step_seconds: time of a step of all replicas as written.
        operations: of a step.
        work: of a step of all replicas, see `Digest.work`.
        operation_seconds: see `rates`.
    """

    steps: int
    step_seconds: float
    operations: int
    work: float
    operation_seconds: float


def building_seconds(measured: Measured, learnt: Mapping[str, float]) -> float:
    """Estimate what it takes to trace a program and to compile it."""
    each = rates(measured.operation_seconds, measured.operations, learnt)
    return each.tracing * measured.operations + each.compiling * (EVERY_PROGRAM + measured.operations)


def ways(measured: Measured, learnt: Mapping[str, float], shards: int) -> dict[str, float]:
    """Estimate the seconds of each way: to build what it needs, and the steps ahead.

    Args:
        measured: of the population.
        learnt: rates, see `Learnt`.
        shards: in which a compiled program would run side by side.
    """
    each = rates(measured.operation_seconds, measured.operations, learnt)
    ahead = measured.steps * measured.step_seconds
    compiled = each.compiled * measured.work * measured.steps / shards
    return {
        WRITTEN: ahead,
        TRACED: each.tracing * measured.operations + each.traced * ahead,
        COMPILED: building_seconds(measured, learnt) + compiled,
    }


def choose(setting: str, measured: Measured, learnt: Mapping[str, float], shards: int) -> Execution:
    """Choose the way that takes least time.

    Args:
        setting: `trainer.compile`; "false" rules compiling out.
        measured: of the population.
        learnt: rates, see `Learnt`.
        shards: that a compiled program would run side by side.
    """
    seconds, building = ways(measured, learnt, shards), building_seconds(measured, learnt)
    if of_model("compiled", measured.operations) not in learnt:
        # guessed by what the step computes, which is too slow for large products: they run as fast as in PyTorch
        seconds[COMPILED] = min(seconds[COMPILED], building + FUSED * seconds[TRACED])
    way = min(seconds, key=lambda name: seconds[name])
    without = min((WRITTEN, TRACED), key=lambda name: seconds[name])
    if setting == "false":
        return Execution(without, "trainer.compile=false")
    if way == COMPILED:
        reason = f"that takes {_about(building)}, the training without it {_about(seconds[without])}"
        return Execution(COMPILED, reason, shards)
    takes = f"the training takes {_about(seconds[without])}, compiling alone {_about(building)}"
    return Execution(way, f"{takes} (trainer.compile=true compiles all the same)")


class Learnt:
    """What compiling took on this machine, in a file that later runs read.

    Args:
        path: of the file; one that is damaged or cannot be written counts as missing.
    """

    def __init__(self, path: Path):
        self._path = path

    def read(self) -> dict[str, float]:
        """Read the rates that are known, by name, see `of_model`."""
        try:
            content = {name: float(value) for name, value in json.loads(self._path.read_text()).items()}
            names = {name: name.partition("/")[0] for name in content}
            return {name: content[name] for name in names if names[name] in Rates._fields and 0 < content[name] < inf}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def add(self, seen: Mapping[str, float]) -> None:
        """Take in rates of a program, by name: each new value is the mean of this one and the known one."""
        before = self.read()
        mixed = {name: (value + before.get(name, value)) / 2 for name, value in seen.items()}
        with suppress(OSError):  # if the cache cannot be written, nothing is learnt
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps(before | mixed).encode(), durable=False)


def again(before: Execution, setting: str) -> Execution:
    """Decide how a run goes on that was run as `before`, now that `trainer.compile` is `setting`."""
    if setting == "auto" or (setting == "true") == (before.way == COMPILED):
        return before
    return Execution(COMPILED if setting == "true" else TRACED, f"trainer.compile={setting}", shards=None)


def _about(seconds: float) -> str:
    return f"about {seconds:.0f} s" if seconds >= 9.5 else f"about {seconds:.1f} s"
