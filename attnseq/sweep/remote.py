"""A sweep on workers: finished runs are taken as they are, the others are dealt out as populations.

Workers are those of a cluster, or processes of this machine. The folders of the runs are on a file system that all
of them share: there a worker locks them, and there its checkpoints are when it is lost.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from attnseq.report.terminal import put, terminal_console
from attnseq.runs.job import Job, is_whole
from attnseq.sweep.claim import Claimed, Outcome, WorkerLostError, claim
from attnseq.sweep.failing import tell
from attnseq.sweep.grouping import cut, describe, group
from attnseq.sweep.sweep import before
from attnseq.sweep.watch import Watch
from attnseq.sweep.worker import Failed, Finished, Report, Share
from attnseq.training.stopping import StopSignals

POLL_SECONDS = 0.5
"""Time between looks at whether the sweep was stopped."""

HALT_SECONDS = 60.0
"""Time that stopped workers get to write their checkpoints."""


@dataclass(frozen=True)
class Place:
    """What the populations of a device get.

    Args:
        gpus: for each population.
        slots: populations that fit on the cluster at once; 1 or more.
        share: what each population may use of its node.
    """

    gpus: float
    slots: int
    share: Share


@dataclass(frozen=True)
class Assignment:
    """A population on its way to a worker.

    Args:
        jobs: of one program.
        place: what it gets.
        max_population, fail_fast: as in `run_remotely`.
        lost: how many workers were lost with it.
    """

    jobs: Sequence[Job]
    place: Place
    max_population: int | None
    lost: int = 0
    fail_fast: bool = False


class Workers(Protocol):
    """A cluster."""

    def place(self, device: str) -> Place:
        """Decide what each population with this `device` in its config gets.

        Raises:
            ConfigError: the cluster has no room for even one, or the device makes no sense there.
        """

    def submit(self, assignment: Assignment) -> Any:
        """Hand over a population, which starts when there is room; return a handle for it."""

    def wait(self, handles: Sequence[Any], seconds: float) -> list[tuple[Any, Report]]:
        """Return the reports of populations that end within some seconds; wait for the first one only."""

    def cancel(self, handle: Any) -> None:
        """Ask a population to stop with a checkpoint; it still reports."""


def run_remotely(
    jobs: Sequence[Job],
    connect: Callable[[], AbstractContextManager[Workers]],
    max_population: int | None = None,
    max_retries: int = 3,
    cost: Callable[[Sequence[Job]], float] = len,
    patience: float = 0.0,
    fail_fast: bool = False,
) -> list[Outcome]:
    """Train every run of a sweep that is not finished; if there is none, no cluster is used.

    Args:
        jobs: the runs, in any mixture. A folder that occurs twice is trained once.
        connect: connects to the cluster.
        max_population: most runs of a population; None: as many as a worker's memory holds.
        max_retries: how often a population whose worker was lost goes on with another one.
        cost: of training jobs of one program, in any unit.
        patience: as in `claim`.
        fail_fast: whether a run that fails or diverges stops the others.

    Returns:
        An outcome a job, in their order.

    Raises:
        ConfigError: there is no cluster, or it has no room, or a worker raised it.
        Interrupted: a signal came, or `FailedFast`; workers have written checkpoints.
        OSError: a worker raised it; the others have written checkpoints.
    """
    console = terminal_console()  # made before `connect` hides standard output
    with StopSignals(fail_fast) as stop:
        with claim(jobs, patience) as claimed:  # and leave the folders to the workers
            pass
        if said := before(claimed):
            put(console, said)
        stop.check()
        if claimed.waiting:
            with connect() as workers:
                dealt = deal(claimed.waiting, workers, max_population, console, cost)
                assignments = [replace(each, fail_fast=fail_fast) for each in dealt]
                Dispatcher(workers, stop, console, max_retries).run(assignments, claimed)
    return [claimed.outcomes[job.path.absolute()] for job in jobs]


def deal(
    jobs: Sequence[Job],
    workers: Workers,
    max_population: int | None,
    console: Console,
    cost: Callable[[Sequence[Job]], float] = len,
) -> list[Assignment]:
    """Cut a sweep into populations, so that all of the cluster has work and no program is cut without need.

    Args:
        jobs: to train.
        workers: of the cluster.
        max_population: as in `run_remotely`.
        console: is told what is dealt.
        cost: as in `run_remotely`.

    Returns:
        The populations, those first that take longest.

    Raises:
        ConfigError: as `Workers.place`.
    """
    groups = group(jobs)
    costs = [cost(members) for members in groups]
    total = sum(costs) or 1.0  # of programs that fail nothing is known
    assignments: list[tuple[float, Assignment]] = []
    for members, its_cost in zip(groups, costs, strict=True):
        place = workers.place(members[0].config.device)
        parts = min(len(members), max(1, round(place.slots * its_cost / total)))
        even = -(-len(members) // parts)
        populations = [members] if is_whole(members) else cut(members, min(even, max_population or even))
        put(console, describe(members, len(populations)))
        cost_of_each = its_cost / len(populations)
        assignments += [(cost_of_each, Assignment(_to_send(each), place, max_population)) for each in populations]
    return [assignment for _, assignment in sorted(assignments, key=lambda pair: -pair[0])]


def _to_send(jobs: Sequence[Job]) -> list[Job]:
    """Prepare jobs for sending: without checkpoints, which workers read."""
    return [replace(job, path=job.path.absolute(), resumed=None) for job in jobs]


class Dispatcher:
    """Hands populations to workers, collects their reports, and goes on with populations whose worker was lost.

    Args:
        workers: the cluster.
        stop: checked twice a second.
        console: gets a line for each report.
        max_retries: as in `run_remotely`.
    """

    def __init__(self, workers: Workers, stop: StopSignals, console: Console, max_retries: int):
        self._workers, self._stop, self._console, self._max_retries = workers, stop, console, max_retries
        self._running: dict[Any, Assignment] = {}

    def run(self, assignments: Sequence[Assignment], claimed: Claimed) -> None:
        """Train populations.

        Args:
            assignments: the populations.
            claimed: gets the outcomes.

        Raises:
            As `run_remotely`.
        """
        jobs = [job for each in assignments for job in each.jobs]
        done = 0
        try:
            for assignment in assignments:
                self._submit(assignment)
            with Watch(jobs, self._console) as watch:
                while self._running:
                    self._stop.check()
                    watch.look()
                    for handle, report in self._workers.wait(list(self._running), POLL_SECONDS):
                        outcomes = self._take(self._running.pop(handle), report)
                        if outcomes:
                            claimed.outcomes.update(outcomes)
                            watch.ended(outcomes)
                            done += len(outcomes)
                            put(self._console, self._standing(done, len(jobs)))
        except BaseException:
            self._halt()
            raise

    def _standing(self, done: int, runs: int) -> str:
        under_way = f", {left} population{'s' * (left > 1)} left" if (left := len(self._running)) else ""
        return f"{done} of {runs} runs{under_way}"

    def _submit(self, assignment: Assignment) -> None:
        self._running[self._workers.submit(assignment)] = assignment

    def _take(self, assignment: Assignment, report: Report) -> dict[Path, Outcome]:
        """Return the outcomes of a population by folder; none where another worker goes on with it."""
        if isinstance(report, Failed):
            raise report.error
        outcomes = report.outcomes if isinstance(report, Finished) else self._go_on(assignment, report.reason)
        tell(assignment.jobs[: len(outcomes)], outcomes, self._console, self._stop)
        return {job.path: outcome for job, outcome in zip(assignment.jobs, outcomes, strict=bool(outcomes))}

    def _go_on(self, assignment: Assignment, reason: str) -> list[Outcome]:
        """Hand a population whose worker was lost to another one; return its outcomes where that happened too often."""
        lost = assignment.lost + 1
        runs = f"{len(assignment.jobs)} run{'s' * (len(assignment.jobs) > 1)}"
        if lost <= self._max_retries:
            put(self._console, f"a worker was lost ({reason}): its {runs} go on from their checkpoints")
            self._submit(replace(assignment, lost=lost))
            return []
        advice = "the same command goes on from the checkpoints"
        error = WorkerLostError(f"{lost} workers were lost with the same {runs} ({reason}); {advice}")
        return [error] * len(assignment.jobs)

    def _halt(self) -> None:
        """Make workers write checkpoints, and wait for them."""
        if self._running:
            put(self._console, "stopping: workers write their checkpoints")
        for handle in self._running:
            self._workers.cancel(handle)
        deadline = time.monotonic() + HALT_SECONDS
        while self._running and time.monotonic() < deadline:
            for handle, _ in self._workers.wait(list(self._running), POLL_SECONDS):
                del self._running[handle]
