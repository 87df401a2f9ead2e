"""Runs that fail: which of them, why, and that the others are trained."""

import errno
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from attnseq.core.keys import ConfigError
from attnseq.runs.config import RunConfig
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.results import Result
from attnseq.sweep.claim import Outcome, RunFailedError
from attnseq.sweep.failing import failed, failed_lines, refuse_input, train_apart
from attnseq.training.checkpoint import CheckpointError

Tiny = Callable[..., RunConfig]
Jobs = Callable[..., list[Job]]


@pytest.fixture
def eight(tiny: Tiny, jobs: Jobs, tmp_path: Path) -> list[Job]:
    made = jobs(tiny(), tmp_path, [{"seed": seed} for seed in range(8)])
    for job in made:
        job.path.mkdir()
    return made


class Trainer:
    """Trains runs, or says why not; what it was given.

    Args:
        trouble: of some runs; None where there is none.
    """

    def __init__(self, trouble: Callable[[set[int]], Exception | None]) -> None:
        self.given: list[list[int]] = []
        self._trouble = trouble

    def __call__(self, jobs: Sequence[Job]) -> list[Result]:
        seeds = [job.config.seed for job in jobs]
        self.given.append(seeds)
        error = self._trouble(set(seeds))
        if error is not None:
            raise error
        return [{"status": "finished", "seed": seed} for seed in seeds]


def failing(jobs: Sequence[Job], outcomes: dict[Path, Outcome]) -> list[int]:
    return [job.config.seed for job in jobs if isinstance(outcomes[job.path], Exception)]


def test_what_does_not_fail_is_trained_at_once(eight: list[Job]) -> None:
    trainer = Trainer(lambda seeds: None)
    assert failing(eight, train_apart(eight, trainer)) == []
    assert trainer.given == [list(range(8))]


@pytest.mark.parametrize("bad", [{3}, {0, 7}, {4, 5}])
def test_a_run_that_fails_takes_no_other_with_it(eight: list[Job], bad: set[int]) -> None:
    def trouble(seeds: set[int]) -> Exception | None:
        return ValueError(f"seed {min(seeds & bad)} is bad") if seeds & bad else None

    outcomes = train_apart(eight, Trainer(trouble))
    assert failing(eight, outcomes) == sorted(bad)
    for job in eight:
        assert ("ValueError" in job.folder.error_path.read_text()) if job.config.seed in bad else True
        if job.config.seed in bad:
            assert str(outcomes[job.path]).startswith(f"{job.name} failed: ValueError: seed {job.config.seed} is bad; ")


def test_a_fault_of_the_program_is_tried_in_halves_and_no_further(eight: list[Job]) -> None:
    trainer = Trainer(lambda seeds: RuntimeError("shape '[3]' is invalid\nand more"))
    outcomes = train_apart(eight, trainer)
    assert failing(eight, outcomes) == list(range(8))
    assert [len(seeds) for seeds in trainer.given] == [8, 4, 4]
    (line,) = failed_lines(outcomes.values())
    assert line.startswith(f"{eight[0].name} failed: RuntimeError: shape '[3]' is invalid; its traceback is in ")
    assert line.endswith("error.txt (and 7 more)")


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")]
)
@pytest.mark.parametrize(("fits", "sizes"), [(4, [8, 4, 4]), (1, [8, 4, 4, 2, 2, *[1] * 4, 2, 2, *[1] * 4])])
def test_what_does_not_fit_into_memory_is_cut_until_it_does(
    eight: list[Job], error: Exception, fits: int, sizes: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = Trainer(lambda seeds: error if len(seeds) > fits else None)
    assert failing(eight, train_apart(eight, trainer)) == []
    assert sorted(len(seeds) for seeds in trainer.given) == sorted(sizes)
    assert "8 runs failed together (out of memory" in capsys.readouterr().out


def test_one_run_that_does_not_fit_is_a_failure(eight: list[Job]) -> None:
    outcomes = train_apart(eight[:2], Trainer(lambda seeds: torch.OutOfMemoryError("Tried to allocate 3.00 GiB. GPU")))
    assert failing(eight[:2], outcomes) == [0, 1]
    assert "failed: out of memory (3.00 GiB asked for); " in str(outcomes[eight[0].path])


def test_what_was_finished_before_the_failure_is_kept(eight: list[Job], finished: Path, tiny: Tiny) -> None:
    """As runs whose results are written when a picture of another one fails."""
    done = Job(tiny(), finished)
    trainer = Trainer(lambda seeds: ValueError("bad") if 2 in seeds else None)
    outcomes = train_apart([done, *eight[2:5]], trainer)
    assert failing([done, *eight[2:5]], outcomes) == [2]
    assert trainer.given == [[1337, 2, 3, 4], [2], [3, 4]]
    (done.path / "error.txt").unlink()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_ends_the_sweep(eight: list[Job], number: int) -> None:
    trainer = Trainer(lambda seeds: OSError(number, "no", "file"))
    with pytest.raises(OSError, match="no"):
        train_apart(eight, trainer)
    assert len(trainer.given) == 1


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ConfigError("dataset.base=2: no"), "dataset.base=2: no"),
        (PermissionError(13, "Permission denied", "file"), "file: Permission denied"),
        (MemoryError(), "out of memory"),
        (
            RuntimeError(
                "[enforce] DefaultCPUAllocator: can't allocate memory: you tried to allocate 68719476736 bytes."
            ),
            "out of memory (64 GiB asked for)",
        ),
        (KeyError("lengths"), "KeyError: 'lengths'"),
        (AssertionError(), "AssertionError"),
        (ValueError("\n  two\nlines"), "ValueError: two"),
    ],
)
def test_the_cause_is_one_line(eight: list[Job], error: Exception, cause: str) -> None:
    outcome = failed(eight[0], error)
    assert isinstance(outcome, RunFailedError)
    assert outcome.cause == cause
    assert type(error).__name__ in eight[0].folder.error_path.read_text()
    again = pickle.loads(pickle.dumps(outcome))  # as it comes back from a worker
    assert (str(again), again.cause, again.bad_input) == (str(outcome), cause, isinstance(error, ConfigError))


@pytest.mark.parametrize("error", [RunFolderError("in use"), CheckpointError("damaged")])
def test_trouble_with_the_folder_has_no_traceback(eight: list[Job], error: Exception) -> None:
    assert failed(eight[0], error) is error
    assert list(eight[0].path.iterdir()) == []


def test_a_folder_that_cannot_be_written_loses_the_traceback_alone(eight: list[Job]) -> None:
    eight[0].path.rmdir()
    assert "failed: ValueError: bad" in str(failed(eight[0], ValueError("bad")))


def test_input_is_refused_where_nothing_else_was_asked_for() -> None:
    bad = RunFailedError("a", "dataset.base=2: no", "a/error.txt", bad_input=True)
    other = RunFailedError("b", "dataset.base=3: no", "b/error.txt", bad_input=True)
    with pytest.raises(ConfigError, match=r"dataset\.base=2: no"):
        refuse_input([bad, bad])
    for outcomes in ([bad, other], [bad, {"status": "finished"}], [RunFailedError("a", "bad", "a/error.txt")], []):
        refuse_input(outcomes)  # type: ignore[arg-type]
