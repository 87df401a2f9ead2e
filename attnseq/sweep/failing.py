"""Failing runs: the others are trained, and each failure is told in one line, and in full in the run's error.txt."""

import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from attnseq.core.files import write_atomically
from attnseq.core.keys import ConfigError
from attnseq.report.terminal import put, terminal_console
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.results import Result
from attnseq.sweep.claim import Failure, Outcome, RunFailedError, is_shared
from attnseq.sweep.grouping import cut, group
from attnseq.training.checkpoint import CheckpointError
from attnseq.training.out_of_memory import asked_for, is_out_of_memory
from attnseq.training.stopping import StopSignals

Train = Callable[[Sequence[Job]], Sequence[Result]]
"""Trains runs together; returns a result for each."""


def failed(job: Job, error: Exception) -> Failure:
    """Say why a run has no result; write the traceback to its error.txt, unless its folder is the trouble."""
    if isinstance(error, RunFolderError | CheckpointError):
        return error
    text = "".join(traceback.format_exception(error))
    with suppress(OSError):
        write_atomically(job.folder.error_path, text.encode(errors="replace"))
    bad_input, of_memory = isinstance(error, ConfigError), is_out_of_memory(error)
    return RunFailedError(job.name, _cause(error), str(job.folder.error_path), bad_input, of_memory)


def _cause(error: Exception) -> str:
    """Describe an error in one line."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if isinstance(error, ConfigError):
        return line
    if is_out_of_memory(error):
        return f"out of memory ({asked_for(error)})".replace(" ()", "")
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {line}" if line else type(error).__name__


def refuse_input(outcomes: Sequence[Outcome]) -> None:
    """Raise ConfigError where all runs of a sweep failed because the config asks for something impossible."""
    causes = {outcome.cause for outcome in outcomes if isinstance(outcome, RunFailedError) and outcome.bad_input}
    if len(causes) == 1 and all(isinstance(outcome, RunFailedError) for outcome in outcomes):
        raise ConfigError(causes.pop())


def train_apart(jobs: Sequence[Job], train: Train) -> dict[Path, Outcome]:
    """Train runs together; where that fails, train halves of them, so that a failing run takes no other with it.

    If halves fail for the same reason, other than memory, they are not cut again: their program is the reason.

    Args:
        jobs: of one program, at the same position; their folders locked.
        train: trains all or some of them.

    Returns:
        An outcome for each folder.

    Raises:
        Interrupted: as `train`.
        OSError: of a disk, which would hit the other runs of a sweep, too.
    """
    return _in_halves(jobs, _attempt(jobs, train), train)


def _attempt(jobs: Sequence[Job], train: Train) -> dict[Path, Outcome]:
    """Try to train jobs together; return results of all, or failures of all."""
    try:
        return {job.path.absolute(): result for job, result in zip(jobs, train(jobs), strict=True)}
    except Exception as error:
        if is_shared(error):
            raise
        return {job.path.absolute(): failed(job, error) for job in jobs}


def _in_halves(jobs: Sequence[Job], outcomes: dict[Path, Outcome], train: Train) -> dict[Path, Outcome]:
    """Return the outcomes of an attempt; where several runs failed, try halves of them, and return their outcomes."""
    cause = _cause_of(outcomes)
    if cause is None or len(jobs) == 1:
        return outcomes
    put(terminal_console(), f"{len(jobs)} runs failed together ({cause}): trying them in halves")
    parts: list[list[Job]] = []
    for half in cut(jobs, -(-len(jobs) // 2)):
        parts += group(_taken_up(half, outcomes))  # by now they may stand at different positions
    tried = [_attempt(part, train) for part in parts]
    causes = {_cause_of(each) for each in tried}
    alike = len(tried) > 1 and len(causes) == 1 and not _is_of_memory(tried[0])
    for part, each in zip(parts, tried, strict=True):
        outcomes |= each if alike else _in_halves(part, each, train)
    return outcomes


def _taken_up(jobs: Sequence[Job], outcomes: dict[Path, Outcome]) -> list[Job]:
    """Return the jobs that are still to be trained; add the outcomes of the others to `outcomes`."""
    waiting = []
    for job in jobs:
        try:
            result = job.take_up()
        except (RunFolderError, CheckpointError) as error:
            outcomes[job.path.absolute()] = error
            continue
        if result is None:
            waiting.append(job)
        else:
            outcomes[job.path.absolute()] = result
    return waiting


def _cause_of(outcomes: dict[Path, Outcome]) -> str | None:
    """Return why an attempt failed, by its first run; None where it did not fail."""
    first = next(iter(outcomes.values()))
    return str(getattr(first, "cause", first)) if isinstance(first, Exception) else None


def _is_of_memory(outcomes: dict[Path, Outcome]) -> bool:
    first = next(iter(outcomes.values()))
    return isinstance(first, RunFailedError) and first.of_memory


def tell(jobs: Sequence[Job], outcomes: Sequence[Outcome], console: Console, stop: StopSignals) -> None:
    """Print why runs have no result as soon as it is known, and let that be a reason to stop.

    Args:
        jobs: that were trained.
        outcomes: one a job.
        console: gets a line for each reason.
        stop: is told of each run that failed or diverged.
    """
    for line in failed_lines(outcomes):
        put(console, line)
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, Exception):
            stop.lost(str(outcome))
        elif outcome["status"] == "diverged":
            stop.lost(f"{job.name} diverged")


def failed_lines(outcomes: Iterable[Outcome]) -> list[str]:
    """Write a line for each reason why runs have no result, with its first run and the number of others."""
    lines: dict[str, list[str]] = {}
    for outcome in outcomes:
        if isinstance(outcome, RunFailedError):
            lines.setdefault(outcome.cause, []).append(str(outcome))
        elif isinstance(outcome, Exception):
            lines.setdefault(str(outcome), []).append(str(outcome))
    return [first + f" (and {len(others)} more)" * bool(others) for first, *others in lines.values()]
