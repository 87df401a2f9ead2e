"""Which runs of a sweep there is something to do for: their folders are locked while the sweep goes on."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from attnseq.job import Job
from attnseq.results import Result
from attnseq.run_folder import RunFolderError
from attnseq.schema import ConfigError
from attnseq.training.checkpoint import CheckpointError

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]


class WorkerLostError(RuntimeError):
    """Too many workers of a cluster were lost with a run; the message is one line that says what to do."""


Failure = RunFolderError | CheckpointError | WorkerLostError
Outcome = Result | Failure
"""A run's result, or why there is none: its folder cannot be used, or its workers were lost. The other runs go on."""


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
def claim(jobs: Sequence[Job]) -> Iterator[Claimed]:
    """Within it, no other process writes to the folders of the waiting runs.

    Args:
        jobs: in any mixture; a folder that is named twice is claimed once.

    Raises:
        ConfigError: two different runs have the same folder.
    """
    _allow_open_files()
    claimed = Claimed()
    with ExitStack() as locks:
        for path, job in _by_folder(jobs).items():
            with ExitStack() as lock:
                try:
                    result = lock.enter_context(job.hold())
                except (RunFolderError, CheckpointError) as error:
                    claimed.outcomes[path] = error
                    continue
                if result is None:
                    claimed.waiting.append(job)
                    locks.push(lock.pop_all())
                else:
                    claimed.outcomes[path] = result
        yield claimed


def _by_folder(jobs: Sequence[Job]) -> dict[Path, Job]:
    folders: dict[Path, Job] = {}
    for job in jobs:
        first = folders.setdefault(job.path.absolute(), job)
        if first.folder.config != job.folder.config:
            raise ConfigError(f"hydra.sweep.subdir: {first.name} and {job.name} would share the folder {job.path}")
    return folders


def _allow_open_files() -> None:
    """Each waiting run has a lock open: more files than some systems allow a process at first."""
    if resource is not None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with suppress(ValueError, OSError):  # macOS has a limit below the one that it tells
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
