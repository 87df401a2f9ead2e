"""Runs that fail: the others are trained, and each says why in one line, and at length in its folder's error.txt."""

import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from attnseq.core.files import write_atomically
from attnseq.core.keys import ConfigError
from attnseq.report.terminal import terminal_console
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.results import Result
from attnseq.sweep.claim import Failure, Outcome, RunFailedError, is_shared
from attnseq.sweep.grouping import cut, group
from attnseq.training.checkpoint import CheckpointError
from attnseq.training.out_of_memory import asked_for, is_out_of_memory

Train = Callable[[Sequence[Job]], Sequence[Result]]
"""Trains runs together; a result each."""


def failed(job: Job, error: Exception) -> Failure:
    """Why a run has no result; the traceback is written to its error.txt, unless its folder is the trouble."""
    if isinstance(error, RunFolderError | CheckpointError):
        return error
    text = "".join(traceback.format_exception(error))
    with suppress(OSError):
        write_atomically(job.folder.error_path, text.encode(errors="replace"))
    bad_input, of_memory = isinstance(error, ConfigError), is_out_of_memory(error)
    return RunFailedError(job.name, _cause(error), str(job.folder.error_path), bad_input, of_memory)


def _cause(error: Exception) -> str:
    """An error in one line."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if isinstance(error, ConfigError):
        return line
    if is_out_of_memory(error):
        return f"out of memory ({asked_for(error)})".replace(" ()", "")
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {line}" if line else type(error).__name__


def refuse_input(outcomes: Sequence[Outcome]) -> None:
    """Raise ConfigError where all of a sweep failed because the config asks for what cannot be."""
    causes = {outcome.cause for outcome in outcomes if isinstance(outcome, RunFailedError) and outcome.bad_input}
    if len(causes) == 1 and all(isinstance(outcome, RunFailedError) for outcome in outcomes):
        raise ConfigError(causes.pop())


def train_apart(jobs: Sequence[Job], train: Train) -> dict[Path, Outcome]:
    """Train runs together; where that fails, in halves, so that a run that fails takes no other with it.

    Halves that fail for the same reason, unless it is memory, are not cut again: the reason is their program's.

    Args:
        jobs: of one program, at the same position; their folders locked.
        train: them, or some of them.

    Returns:
        An outcome for each folder.

    Raises:
        Interrupted: as `train`.
        OSError: of a disk, which the other runs of a sweep would meet, too.
    """
    return _in_halves(jobs, _attempt(jobs, train), train)


def _attempt(jobs: Sequence[Job], train: Train) -> dict[Path, Outcome]:
    """Results of all, or failures of all."""
    try:
        return {job.path.absolute(): result for job, result in zip(jobs, train(jobs), strict=True)}
    except Exception as error:
        if is_shared(error):
            raise
        return {job.path.absolute(): failed(job, error) for job in jobs}


def _in_halves(jobs: Sequence[Job], outcomes: dict[Path, Outcome], train: Train) -> dict[Path, Outcome]:
    """What becomes of an attempt: where several runs failed in it, of their halves."""
    cause = _cause_of(outcomes)
    if cause is None or len(jobs) == 1:
        return outcomes
    terminal_console().print(f"{len(jobs)} runs failed together ({cause}): trying them in halves", soft_wrap=True)
    parts: list[list[Job]] = []
    for half in cut(jobs, -(-len(jobs) // 2)):
        parts += group(_taken_up(half, outcomes))  # they may stand at different places by now
    tried = [_attempt(part, train) for part in parts]
    causes = {_cause_of(each) for each in tried}
    alike = len(tried) > 1 and len(causes) == 1 and not _is_of_memory(tried[0])
    for part, each in zip(parts, tried, strict=True):
        outcomes |= each if alike else _in_halves(part, each, train)
    return outcomes


def _taken_up(jobs: Sequence[Job], outcomes: dict[Path, Outcome]) -> list[Job]:
    """Those of some jobs that are still to be trained; outcomes of the others are put in."""
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
    """Why an attempt failed, by its first run; None where it did not."""
    first = next(iter(outcomes.values()))
    return str(getattr(first, "cause", first)) if isinstance(first, Exception) else None


def _is_of_memory(outcomes: dict[Path, Outcome]) -> bool:
    first = next(iter(outcomes.values()))
    return isinstance(first, RunFailedError) and first.of_memory


def failed_lines(outcomes: Iterable[Outcome]) -> list[str]:
    """A line for each reason why runs have no result: of the first of its runs, and how many more there are."""
    lines: dict[str, list[str]] = {}
    for outcome in outcomes:
        if isinstance(outcome, RunFailedError):
            lines.setdefault(outcome.cause, []).append(str(outcome))
        elif isinstance(outcome, Exception):
            lines.setdefault(str(outcome), []).append(str(outcome))
    return [first + f" (and {len(others)} more)" * bool(others) for first, *others in lines.values()]
