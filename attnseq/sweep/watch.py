"""How far runs are that others train, read off their folders, and shown as the progress of one training."""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from rich.console import Console

from attnseq.report import history
from attnseq.report.terminal import Progress
from attnseq.runs.job import Job
from attnseq.runs.observer import DIVERGED
from attnseq.sweep.claim import Outcome

SECONDS = 2.0
"""Between two looks, at least."""

SHARE = 0.05
"""Of the time that looking may take, where there are many runs."""


class Watch:
    """Shows how many steps of all runs are done, epoch by epoch: `with Watch(jobs, console) as watch: watch.look()`.

    Args:
        jobs: the runs.
        console: where it is shown.
    """

    def __init__(self, jobs: Sequence[Job], console: Console):
        self._jobs = jobs
        self._told: set[Path] = set()
        self._steps = [-(-job.config.dataset.sizes.train // job.config.trainer.batch_size) for job in jobs]
        total = sum(steps * job.config.trainer.epochs for steps, job in zip(self._steps, jobs, strict=True))
        self._progress = Progress(total, self._done()[0], console, last="measuring and drawing")
        self._next = time.monotonic() + SECONDS

    def __enter__(self) -> "Watch":
        self._progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.__exit__(kind, error, trace)

    def look(self) -> None:
        """Read the folders, unless the last look was just now, and show what is done."""
        began = time.monotonic()
        if began < self._next:
            return
        self._tell_diverged()
        self._progress.update(*self._done())
        took = time.monotonic() - began
        self._next = began + max(SECONDS, took / SHARE)

    def ended(self, outcomes: Mapping[Path, Outcome]) -> None:
        """Print the runs that have diverged and ended between two looks.

        Args:
            outcomes: of a population, by folder.
        """
        for job in self._jobs:
            outcome = outcomes.get(job.path)
            if isinstance(outcome, dict) and outcome["status"] == "diverged" and job.path not in self._told:
                self._told.add(job.path)
                self._progress.note(f"{job.name} {DIVERGED}")

    def _tell_diverged(self) -> None:
        """Print the runs that have diverged since the last look, as their workers have noted in their folders."""
        for job in self._jobs:
            if job.path in self._told:
                continue
            with suppress(OSError):
                line = job.folder.error_path.read_text(errors="replace").strip()
                if line.endswith(DIVERGED):  # what failed is told with the report of its population
                    self._told.add(job.path)
                    self._progress.note(line)

    def _done(self) -> tuple[int, float]:
        """Return the steps that all runs have done, and the mean of their last training losses."""
        rows = [history.last(job.folder.history_path) for job in self._jobs]
        losses = [loss for _, loss in rows if math.isfinite(loss)]
        done = sum(steps * epoch for steps, (epoch, _) in zip(self._steps, rows, strict=True))
        return done, sum(losses) / len(losses) if losses else math.nan
