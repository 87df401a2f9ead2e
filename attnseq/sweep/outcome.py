"""What a sweep reports of its runs to Hydra's sweepers and to the shell."""

import math
import os
import shlex
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from attnseq.runs.job import Job
from attnseq.runs.seen import as_seen
from attnseq.sweep.claim import Outcome, RunFailedError, WorkerLostError

NAMED = 10
"""At most so many runs are named in one line; the rest are counted."""


def objective(outcome: Outcome) -> float:
    """Return what a sweeper such as Optuna minimises: the validation loss, infinite where there is none."""
    if isinstance(outcome, Exception) or outcome["status"] != "finished":
        return math.inf
    return float(outcome["loss/validation"])


def failure(job: Job, outcome: Outcome) -> str | None:
    """Name a run that is not finished, and say why; None for one that is."""
    if isinstance(outcome, WorkerLostError):
        return f"{job.name} (its workers were lost)"
    if isinstance(outcome, RunFailedError):
        return f"{job.name} ({outcome.cause})"
    if isinstance(outcome, Exception):
        return f"{job.name} (its folder cannot be used)"
    return f"{job.name} (diverged)" if outcome["status"] == "diverged" else None


def summary(outcomes: Mapping[Path, Outcome], folders: Collection[Path]) -> str:
    """Summarise what became of a sweep's runs, with the commands that show more.

    Args:
        outcomes: of the runs, by folder.
        folders: of the sweep; several where a swept key is part of the folder's name.
    """
    counts = Counter("failed" if isinstance(outcome, Exception) else outcome["status"] for outcome in outcomes.values())
    states = ", ".join(f"{count} {status}" for status, count in counts.items())
    runs = f"{len(outcomes)} run{'s' * (len(outcomes) > 1)}: {states}"
    absolute = sorted({str(folder.absolute()) for folder in folders})
    above = Path(os.path.commonpath(absolute))
    compared = [Path(folder) for folder in absolute] if len(absolute) <= NAMED else [above]
    shown = " ".join(shlex.quote(str(as_seen(folder))) for folder in compared)
    return f"{runs}\npython -m attnseq.compare {shown}\npython -m attnseq.board {shlex.quote(str(as_seen(above)))}"


def failures_line(failures: list[str]) -> str:
    """Write all failures in one line."""
    more = f"; and {len(failures) - NAMED} more" if len(failures) > NAMED else ""
    return f"{len(failures)} not finished: {'; '.join(failures[:NAMED])}{more}"
