"""Finding the runs of a sweep that still have to be trained, and locking their folders while the sweep goes on."""

import errno
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from attnseq.core.keys import ConfigError
from attnseq.runs.folder import FolderInUseError, RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.results import Result
from attnseq.training.checkpoint import CheckpointError

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]


class WorkerLostError(RuntimeError):
    """A run with which too many workers of a cluster were lost; the message is one line that says what to do."""


class RunFailedError(RuntimeError):
    """A run that could not be trained; the message is one line.

    Args:
        name: of the run.
        cause: in one line.
        details: the file of the traceback.
        bad_input: whether the config asks for something impossible.
        of_memory: whether memory did not suffice.
    """

    def __init__(self, name: str, cause: str, details: str, bad_input: bool = False, of_memory: bool = False):
        super().__init__(name, cause, details, bad_input, of_memory)  # all that unpickling on another machine needs
        self.cause, self.bad_input, self.of_memory = cause, bad_input, of_memory
        self._line = f"{name} failed: {cause}; its traceback is in {details}"

    def __str__(self) -> str:
        return self._line


Failure = RunFolderError | CheckpointError | WorkerLostError | RunFailedError
Outcome = Result | Failure
"""A run's result, or why there is none: its folder cannot be used, its workers were lost, or it failed."""

RETRY_SECONDS = 0.2

SHARED = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)
"""Errors of the system that would hit all runs of a sweep: a full or read-only disk, too many open files."""


def is_shared(error: Exception) -> bool:
    """Tell whether an error would hit the other runs of a sweep, too; such an error ends the sweep."""
    return isinstance(error, OSError) and error.errno in SHARED


@dataclass
class Claimed:
    """A sweep's runs by folder.

    Args:
        outcomes: of runs that are finished, or whose folder cannot be used; the sweep adds the others.
        waiting: runs to train, their folders locked, their checkpoints read.
    """

    outcomes: dict[Path, Outcome] = field(default_factory=dict)
    waiting: list[Job] = field(default_factory=list)


@contextmanager
def claim(jobs: Sequence[Job], patience: float = 0.0) -> Iterator[Claimed]:
    """Within it, no other process writes to the folders of the waiting runs.

    Args:
        jobs: in any mixture; a folder that is named twice is claimed once.
        patience: seconds to wait, in all, for folders that another process uses.

    Raises:
        ConfigError: two different runs have the same folder.
    """
    _allow_open_files()
    claimed, deadline = Claimed(), time.monotonic() + patience
    with ExitStack() as locks:
        for path, job in _by_folder(jobs).items():
            with ExitStack() as lock:
                try:
                    result = _held(lock, job, deadline)
                except (RunFolderError, CheckpointError) as error:
                    claimed.outcomes[path] = error
                    continue
                except OSError as error:
                    if is_shared(error):
                        raise
                    claimed.outcomes[path] = RunFolderError(f"{error.filename or path}: {error.strerror or error}")
                    continue
                if result is None:
                    claimed.waiting.append(job)
                    locks.push(lock.pop_all())
                else:
                    claimed.outcomes[path] = result
        yield claimed


def _held(lock: ExitStack, job: Job, deadline: float) -> Result | None:
    """Enter `Job.hold`; where another process uses the folder, again until the deadline."""
    while True:
        try:
            return lock.enter_context(job.hold())
        except FolderInUseError:
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)


def _by_folder(jobs: Sequence[Job]) -> dict[Path, Job]:
    folders: dict[Path, Job] = {}
    for job in jobs:
        first = folders.setdefault(job.path.absolute(), job)
        if first.folder.config != job.folder.config:
            raise ConfigError(f"hydra.sweep.subdir: {first.name} and {job.name} would share the folder {job.path}")
    return folders


def _allow_open_files() -> None:
    """Allow more open files: each waiting run has a lock open, more files than some systems allow at first."""
    if resource is not None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with suppress(ValueError, OSError):  # macOS has a lower limit than it tells
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
