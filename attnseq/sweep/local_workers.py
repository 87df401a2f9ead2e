"""This machine's workers: processes of one population each, for sweeps of several programs.

The replicas of one program fill the cores by threads of one process. Different programs do not: each has its own
Python, compiler and reports, and so a process of its own.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import connection

from attnseq.sweep.remote import Assignment, Place
from attnseq.sweep.worker import Failed, Lost, Report, Share, train_population

ORPHAN_SECONDS = 5.0
"""That a worker has for a checkpoint when the process that started it is gone."""


@contextmanager
def local_workers(slots: int, threads: int) -> Iterator["LocalWorkers"]:
    """Start worker processes when they are needed inside the block, and end them with it.

    Args:
        slots: how many.
        threads: of each.
    """
    workers = LocalWorkers(slots, threads)
    try:
        yield workers
    finally:
        workers.close()


@dataclass(eq=False)
class _Worker:
    """A process that trains one population after the other."""

    pool: ProcessPoolExecutor
    number: Future[int]  # of the process, known when it has started

    @classmethod
    def start(cls) -> "_Worker":
        context = multiprocessing.get_context("spawn")  # a copy of this process would share PyTorch's locks
        pool = ProcessPoolExecutor(1, context, initializer=_begin)
        return cls(pool, pool.submit(os.getpid))

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal, once it has started; one that is gone needs none."""
        with suppress(BrokenProcessPool, CancelledError, ProcessLookupError):
            os.kill(self.number.result(), number)


@dataclass(eq=False)
class _Task:
    """A population, waiting for a worker or in training."""

    assignment: Assignment
    worker: _Worker | None = None
    report: Future[Report] = field(default_factory=Future)


class LocalWorkers:
    """Worker processes of this machine, as `remote.Workers`.

    Args:
        slots: how many.
        threads: of each.
    """

    def __init__(self, slots: int, threads: int):
        self._slots, self._threads = slots, threads
        self._idle: list[_Worker] = []
        self._started: list[_Worker] = []
        self._waiting: list[_Task] = []

    def place(self, device: str) -> Place:
        """Give every population the same share of the cores and of the memory."""
        return Place(0.0, self._slots, Share("cpu", self._threads, self._slots))

    def submit(self, assignment: Assignment) -> _Task:
        """Hand over a population, which starts when a worker is free."""
        task = _Task(assignment)
        self._waiting.append(task)
        self._begin_waiting()
        return task

    def wait(self, handles: Sequence[_Task], seconds: float) -> list[tuple[_Task, Report]]:
        """Return what was reported within some seconds, by whichever came first."""
        wait([task.report for task in handles], seconds, FIRST_COMPLETED)
        done = [(task, self._take(task)) for task in handles if task.report.done()]
        self._begin_waiting()
        return done

    def cancel(self, handle: _Task) -> None:
        """Ask for a population to stop, with a checkpoint."""
        if handle in self._waiting:
            self._waiting.remove(handle)
            handle.report.set_result(Lost("cancelled"))
        elif handle.worker is not None and not handle.report.done():
            handle.worker.signal(signal.SIGINT)

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        for worker in self._started:
            if worker not in self._idle:
                worker.signal(signal.SIGTERM)
            worker.pool.shutdown(wait=worker in self._idle, cancel_futures=True)

    def _begin_waiting(self) -> None:
        """Give waiting populations to workers that are free, or may still be started."""
        while self._waiting and (self._idle or len(self._started) < self._slots):
            if not self._idle:
                worker = _Worker.start()
                self._started.append(worker)
                self._idle.append(worker)
            task, worker = self._waiting.pop(0), self._idle.pop()
            task.worker = worker
            jobs, place, largest = task.assignment.jobs, task.assignment.place, task.assignment.max_population
            again, fail_fast = task.assignment.lost > 0, task.assignment.fail_fast
            task.report = worker.pool.submit(train_population, list(jobs), place.share, largest, again, fail_fast)

    def _take(self, task: _Task) -> Report:
        """Return the report of a population that is done; its worker is free, or gone."""
        worker, task.worker = task.worker, None
        try:
            report = task.report.result()
        except (BrokenProcessPool, CancelledError):
            if worker is not None:
                self._started.remove(worker)
            return Lost("its process died")
        except KeyboardInterrupt:  # the signal came before the worker listened
            report = Lost("cancelled")
        except Exception as error:  # of a job that cannot be sent, say
            report = Failed(error)
        if worker is not None:
            self._idle.append(worker)
        return report


def _begin() -> None:
    """Prepare a worker: it prints nothing, hears no signal of the terminal, and ends with its parent."""
    if hasattr(os, "setsid"):
        os.setsid()  # of Ctrl-C the parent hears alone, and asks for checkpoints once
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)  # a checkpoint is written where training is under way
        time.sleep(ORPHAN_SECONDS)
        os._exit(128 + signal.SIGTERM)
