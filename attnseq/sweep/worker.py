"""What a worker of a cluster does: it trains one population of a sweep, and reports how that went."""

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
from attnseq.training.stopping import Interrupted

LOCK_PATIENCE = 60.0
"""Seconds until the processes of a node that was lost are gone, and a file server has freed their locks."""


@dataclass(frozen=True)
class Finished:
    """The population is trained; an outcome a job, in their order."""

    outcomes: list[Outcome]


@dataclass(frozen=True)
class Failed:
    """What a user can mend stopped the population, and would stop the others, too."""

    error: Exception


@dataclass(frozen=True)
class Lost:
    """The worker is gone, or about to go, for a reason that is not the population's; its checkpoints are there."""

    reason: str


Report = Finished | Failed | Lost


@dataclass(frozen=True)
class Share:
    """What a worker may use of its node.

    Args:
        device: as a config names it.
        threads: of the CPU.
        sharing: populations that share the memory which this one sees.
    """

    device: str
    threads: int
    sharing: int


def train_population(jobs: Sequence[Job], share: Share, max_population: int | None, again: bool) -> Report:
    """Train jobs, or go on with them; in more than one population where memory asks for it.

    Args:
        jobs: of one program; `cleared`, so that a second attempt does not undo what the first one did.
        share: of the node.
        max_population: runs that train together at most; None: as many as memory holds.
        again: whether a worker that trained these jobs was lost.

    Returns:
        How it went. Errors are returned, not raised: a cluster would bury them in its own.
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
        return Finished(run_sweep(jobs, min(fits, max_population or fits), share.device))
    except Interrupted as interrupted:
        return Lost(f"stopped by {interrupted}")
    except Exception as error:
        if isinstance(error, ConfigError) or is_shared(error):
            return Failed(error)
        # of a model, say, which is built here for the first time
        return Finished([failed(job, error) for job in jobs])


def _hear_cancellation() -> None:
    """Hear SIGINT, by which a cluster cancels, also where the sweep is a background job, whose SIGINT is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _check_shared(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if not job.path.is_dir():  # the driver made it
            node = platform.node()
            raise ConfigError(f"{job.path}: not to be seen on {node}; all nodes must share the folder of the runs")


def _wait_for_locks(jobs: Sequence[Job]) -> None:
    """Wait until no folder is in use, or patience ends; then the sweep says which one is."""
    deadline = time.monotonic() + LOCK_PATIENCE
    for job in jobs:
        while time.monotonic() < deadline:
            try:
                with job.folder.lock():
                    break
            except RunFolderError:
                time.sleep(0.2)
