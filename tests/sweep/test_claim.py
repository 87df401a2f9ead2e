"""Folders of a sweep: locked while it goes on, finished ones taken as they are, others' troubles their own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from attnseq.core.keys import ConfigError
from attnseq.runs.config import RunConfig
from attnseq.runs.folder import FolderInUseError, RunFolderError
from attnseq.runs.job import Job
from attnseq.sweep.claim import claim
from attnseq.training.checkpoint import CheckpointError

Tiny = Callable[..., RunConfig]
Jobs = Callable[..., list[Job]]


@pytest.fixture
def three(tiny: Tiny, jobs: Jobs, tmp_path: Path) -> list[Job]:
    return jobs(tiny(), tmp_path, [{"seed": 1}, {"seed": 2}, {"seed": 3}])


def test_folders_are_locked_within_and_free_afterwards(three: list[Job]) -> None:
    with claim(three) as claimed:
        assert claimed.waiting == three
        assert claimed.outcomes == {}
        for job in three:
            with pytest.raises(RunFolderError, match="another process"), Job(job.config, job.path).folder.lock():
                pass
    for job in three:
        with Job(job.config, job.path).folder.lock():
            pass


def test_locks_are_given_back_when_the_sweep_fails(three: list[Job]) -> None:
    with pytest.raises(ZeroDivisionError), claim(three):
        raise ZeroDivisionError
    with claim(three) as claimed:
        assert claimed.waiting == three


def test_a_finished_run_is_an_outcome_and_its_folder_is_free(three: list[Job], tiny: Tiny, finished: Path) -> None:
    shutil.copytree(finished, three[1].path)
    done = Job(tiny(), three[1].path)
    with claim([three[0], done, three[2]]) as claimed:
        assert claimed.waiting == [three[0], three[2]]
        assert claimed.outcomes[done.path]["status"] == "finished"  # type: ignore[index]
        with done.folder.lock():
            pass


def test_a_folder_that_cannot_be_written_is_that_runs_outcome_unless_the_run_is_finished(
    three: list[Job], tiny: Tiny, finished: Path, read_only: Callable[[Path], None]
) -> None:
    shutil.copytree(finished, three[1].path)
    done = Job(tiny(), three[1].path)
    for path in (three[0].path, done.path):
        read_only(path)
    with claim([three[0], done, three[2]]) as claimed:
        assert claimed.waiting == [three[2]]
        assert str(claimed.outcomes[three[0].path]).startswith(f"{three[0].path}: the run cannot be trained")
        assert claimed.outcomes[done.path]["status"] == "finished"  # type: ignore[index]


def test_a_run_goes_on_from_its_checkpoint(three: list[Job], tiny: Tiny, finished: Path) -> None:
    three[1].path.mkdir()
    shutil.copy(finished / "checkpoint.pt", three[1].path)
    begun = Job(tiny(), three[1].path)
    with claim([three[0], begun]) as claimed:
        assert [job.position for job in claimed.waiting] == [(0, 0), (2, 0)]


def test_trouble_with_a_folder_is_that_runs_outcome(three: list[Job], tiny: Tiny, finished: Path) -> None:
    in_use, damaged, other = three
    damaged.path.mkdir()
    (damaged.path / "checkpoint.pt").write_bytes(b"not a checkpoint")
    shutil.copytree(finished, other.path)  # of another seed
    fine = Job(tiny(), damaged.path.parent / "fine")
    with Job(in_use.config, in_use.path).folder.lock(), claim([*three, fine]) as claimed:
        assert claimed.waiting == [fine]
        kinds = [type(claimed.outcomes[job.path]) for job in three]
        assert kinds == [FolderInUseError, CheckpointError, RunFolderError]
        with damaged.folder.lock():  # nothing is held for a run that is not trained
            pass
    assert (damaged.path / "checkpoint.pt").read_bytes() == b"not a checkpoint"


def test_overwrite_clears_the_folder_once_it_is_locked(three: list[Job], tiny: Tiny, finished: Path) -> None:
    shutil.copytree(finished, three[0].path)
    again = Job(tiny("overwrite=true"), three[0].path)
    with Job(tiny(), three[0].path).folder.lock(), claim([again]) as claimed:
        assert claimed.waiting == []
    assert (again.path / "result.json").exists()
    with claim([again]) as claimed:
        assert claimed.waiting == [again]
        assert not (again.path / "result.json").exists()


def test_a_run_named_twice_is_claimed_once(three: list[Job]) -> None:
    twice = Job(three[0].config, three[0].path)
    with claim([three[0], twice, three[1]]) as claimed:
        assert claimed.waiting == [three[0], three[1]]


def test_two_runs_cannot_share_a_folder(three: list[Job]) -> None:
    thief = Job(three[1].config, three[0].path)
    line = r"^hydra\.sweep\.subdir: .* seed=1 and .* seed=2 would share"
    with pytest.raises(ConfigError, match=line) as error, claim([three[0], thief]):
        pytest.fail("they were claimed")
    assert "\n" not in str(error.value)
    assert not three[0].path.exists()
