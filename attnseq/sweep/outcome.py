"""What a sweep tells Hydra's sweepers and the shell of each run."""

import math

from attnseq.job import Job
from attnseq.sweep.claim import Outcome, WorkerLostError

NAMED = 10
"""Runs that are named in one line; of more, the number is given."""


def objective(outcome: Outcome) -> float:
    """What a sweeper such as Optuna minimises: the validation loss, infinite where there is none."""
    if isinstance(outcome, Exception) or outcome["status"] != "finished":
        return math.inf
    return float(outcome["loss/validation"])


def failure(job: Job, outcome: Outcome) -> str | None:
    """The name of a run that has no result, and why; None for one that is finished."""
    if isinstance(outcome, WorkerLostError):
        return f"{job.name} (its workers were lost)"
    if isinstance(outcome, Exception):
        return f"{job.name} (its folder cannot be used)"
    return f"{job.name} (diverged)" if outcome["status"] == "diverged" else None


def failures_line(failures: list[str]) -> str:
    """All failures in one line."""
    more = f"; and {len(failures) - NAMED} more" if len(failures) > NAMED else ""
    return f"{len(failures)} not finished: {'; '.join(failures[:NAMED])}{more}"
