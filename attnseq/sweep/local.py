"""A sweep on this machine: in this process, or by worker processes where it has several programs and takes long."""

import os
import time
from collections.abc import Sequence
from functools import partial

from attnseq.report.terminal import put, terminal_console
from attnseq.runs import build
from attnseq.runs.job import Job
from attnseq.sweep.claim import Outcome
from attnseq.sweep.cost import Costs
from attnseq.sweep.grouping import group
from attnseq.sweep.local_workers import ORPHAN_SECONDS, local_workers
from attnseq.sweep.remote import run_remotely
from attnseq.sweep.sweep import run_sweep
from attnseq.training.cores import usable_cores

PATIENCE = 3 * ORPHAN_SECONDS
"""Seconds until the workers of a sweep whose process was killed have left the folders of its runs."""


def run_locally(
    jobs: Sequence[Job], max_population: int | None = None, cores: int | None = None, fail_fast: bool = False
) -> list[Outcome]:
    """Train every run of a sweep that is not finished.

    In this process programs are trained one after the other, the replicas of each on all cores. Where that takes longer
    than worker processes side by side, these are started, each with a part of the cores.

    Args:
        jobs: the runs, in any mixture.
        max_population: runs of a population at most; None: as many as memory holds.
        cores: of the CPU that are used at most; None: all that this process may use.
        fail_fast: as in `run_sweep`.

    Returns:
        An outcome a job, in their order.

    Raises:
        As `run_sweep`.
    """
    usable = min(cores or usable_cores(), usable_cores())
    programs = _waiting_programs(jobs)
    slots = min(usable, len(programs)) if hasattr(os, "setsid") else 1  # Windows cannot ask a process for a checkpoint
    cost = Costs()
    start = time.process_time()  # a worker loads what this process has loaded
    if slots < 2 or saved_seconds(programs, usable, cost) < start:
        return run_sweep(jobs, max_population, cores=cores, patience=PATIENCE, fail_fast=fail_fast)
    line = f"{len(programs)} programs, side by side in {slots} worker processes"
    put(terminal_console(), line)
    workers = partial(local_workers, slots, usable // slots)
    return run_remotely(jobs, workers, max_population, cost=cost, patience=PATIENCE, fail_fast=fail_fast)


def saved_seconds(programs: Sequence[Sequence[Job]], cores: int, cost: Costs) -> float:
    """Estimate what a sweep saves by workers, before they have started.

    Args:
        programs: runs of each.
        cores: that may be used.
        cost: of runs of one program.
    """
    one_by_one = sum(cost(members, cores) for members in programs)
    return one_by_one - sum(cost(members) for members in programs) / min(cores, len(programs))


def _waiting_programs(jobs: Sequence[Job]) -> list[list[Job]]:
    """Group runs that are not finished by program; none where one of them trains on a GPU."""
    waiting = [job for job in jobs if job.config.overwrite or not job.folder.result_path.exists()]
    on_cpu = all(build.build_device(job.config.device).type == "cpu" for job in waiting)
    return group(waiting) if on_cpu else []
