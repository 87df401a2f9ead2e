"""The work of a cluster's worker: it trains one population of a sweep, and reports how that went."""

import platform
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from attnseq.core import plugins
from attnseq.core.keys import ConfigError
from attnseq.runs import build
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.sweep.capacity import largest_population
from attnseq.sweep.claim import Outcome, is_shared
from attnseq.sweep.failing import failed
from attnseq.sweep.sweep import run_sweep
from attnseq.training.stopping import FailedFast, Interrupted

LOCK_PATIENCE = 60.0
"""Seconds until the processes of a lost node are gone, and a file server has released their locks."""


@dataclass(frozen=True)
class Finished:
    """The population is trained, with an outcome for each job, in their order."""

    outcomes: list[Outcome]


@dataclass(frozen=True)
class Failed:
    """What stopped the population stops the others, too: an error that the user can mend, or a run that is lost."""

    error: Exception | FailedFast


@dataclass(frozen=True)
class Lost:
    """The worker is gone, or about to go, but not because of the population, whose checkpoints are there."""

    reason: str


Report = Finished | Failed | Lost


@dataclass(frozen=True)
class Share:
    """What a worker may use of its node.

    Args:
        device: as a config names it.
        threads: of the CPU.
        sharing: how many populations share the memory that this one sees.
    """

    device: str
    threads: int
    sharing: int


def train_population(
    jobs: Sequence[Job], share: Share, max_population: int | None, again: bool, fail_fast: bool = False
) -> Report:
    """Train jobs, or go on with them; in several populations where memory requires it.

    Args:
        jobs: of one program; `cleared`, so that a second attempt does not undo what the first one did.
        share: of the node.
        max_population: most runs that train together; None: as many as memory holds.
        again: whether another worker was lost with these jobs.
        fail_fast: as in `run_sweep`.

    Returns:
        How it went. Errors are returned, not raised: a cluster would bury them in its own errors.
    """
    _hear_cancellation()
    try:
        plugins.add(name for job in jobs for name in job.config.plugins)
        _check_shared(jobs)
        if again:
            _wait_for_locks(jobs)
        torch.set_num_threads(share.threads)
        device = build.build_device(share.device)
        fits = max(1, largest_population([job.config for job in jobs], device) // share.sharing)
        return Finished(run_sweep(jobs, min(fits, max_population or fits), share.device, fail_fast=fail_fast))
    except FailedFast as lost:
        return Failed(lost)
    except Interrupted as interrupted:
        return Lost(f"stopped by {interrupted}")
    except Exception as error:
        if isinstance(error, ConfigError) or is_shared(error):
            return Failed(error)
        # a model, say, is built here for the first time and may fail
        return Finished([failed(job, error) for job in jobs])


def _hear_cancellation() -> None:
    """Listen to SIGINT, by which a cluster cancels tasks, even where a background job has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _check_shared(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if not job.path.is_dir():  # the driver has made it, so this node does not share the file system
            node = platform.node()
            raise ConfigError(f"{job.path}: not to be seen on {node}; all nodes must share the folder of the runs")


def _wait_for_locks(jobs: Sequence[Job]) -> None:
    """Wait until no folder is in use, or patience ends; then the sweep reports which one is in use."""
    deadline = time.monotonic() + LOCK_PATIENCE
    for job in jobs:
        while time.monotonic() < deadline:
            try:
                with job.folder.lock():
                    break
            except RunFolderError:
                time.sleep(0.2)
