"""A sweep of runs, some of one program: each folder holds what its run would leave alone, whatever stops the sweep."""

import json
import signal
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import pytest
from omegaconf import OmegaConf
from same_runs import assert_same_up_to_rounding, comparable_result

from attnseq.runs.choices import INITS, Choice
from attnseq.runs.config import RunConfig
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.run import run
from attnseq.sweep import sweep
from attnseq.sweep.claim import Outcome
from attnseq.sweep.sweep import run_sweep
from attnseq.training.checkpoint import CheckpointError, Program
from attnseq.training.stopping import FailedFast, Interrupted

Tiny = Callable[..., RunConfig]
Jobs = Callable[..., list[Job]]
SameRun = Callable[[Path, Path], None]

pytestmark = pytest.mark.usefixtures("no_pictures")

# 2000 samples in batches of 10: 200 steps an epoch, 3 blocks of 64 and a short one
LONGER = ("dataset.train_size=2000", "trainer.batch_size=10")
SEEDS = [{"seed": seed} for seed in range(3)]
MIXED: list[dict[str, Any]] = [
    {"seed": 5},
    {"seed": 6, "dataset__seed": 9, "trainer__learning_rate": 3e-3, "trainer__beta1": 0.8},
    {"seed": 7, "model__init": "keras", "trainer__order": "random", "trainer__epsilon": 1e-6},
]
LARGE = 1e39
"""A learning rate after whose first step no loss is finite."""


def result_of(job: Job) -> dict[str, Any]:
    return comparable_result(job.path)


def assert_close(one: Job, other: Job) -> None:
    """Checkpoint, history and result are those of the same run, up to rounding."""
    assert_same_up_to_rounding(one.path, other.path)


def names(job: Job) -> set[str]:
    return {path.name.replace("tfevents.", "tfevents.*").split("*")[0] for path in job.path.iterdir()}


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was printed of groups and of what is finished already, progress left out."""
    return [line for line in capsys.readouterr().out.splitlines() if "program" in line or " runs are " in line]


def interrupt(jobs: Sequence[Job], arrange: Callable[[int, signal.Signals], None], at: int) -> None:
    """Ctrl-C after so many steps."""
    arrange(at, signal.SIGINT)
    with pytest.raises(Interrupted) as stopped:
        run_sweep(jobs)
    assert stopped.value.status == 130


@pytest.fixture(scope="module")
def uninterrupted(tiny: Tiny, jobs: Jobs, tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    """Three runs of two epochs of 200 steps that nothing stopped."""
    runs = jobs(tiny(*LONGER), tmp_path_factory.mktemp("uninterrupted"), SEEDS)
    run_sweep(runs)
    return runs


def test_each_folder_holds_what_its_run_would_leave_alone(tiny: Tiny, jobs: Jobs, tmp_path: Path) -> None:
    together, alone = (jobs(tiny(), tmp_path / name, MIXED) for name in ("together", "alone"))
    outcomes = run_sweep(together)
    for job in alone:
        run(job)
    for mine, its, outcome in zip(together, alone, outcomes, strict=True):
        assert_close(mine, its)
        assert names(mine) == names(its) >= {"events.out.tfevents.", "history.csv", "result.json", ".hydra"}
        assert isinstance(outcome, dict)
        assert outcome == json.loads((mine.path / "result.json").read_text())
        assert (outcome["population"], outcome["seed"]) == (3, mine.config.seed)
        config = OmegaConf.load(mine.path / ".hydra" / "config.yaml")
        assert OmegaConf.to_container(config) == asdict(mine.config)


def test_groups_are_told_of_before_they_start(
    tiny: Tiny, jobs: Jobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, wide = (jobs(tiny(f"model.hidden_size={size}"), tmp_path / str(size), SEEDS) for size in (10, 11))
    mixed = [small[0], wide[0], small[1], wide[1], small[2]]
    outcomes = run_sweep(mixed)
    assert [outcome["seed"] for outcome in outcomes if isinstance(outcome, dict)] == [0, 0, 1, 1, 2]
    first, second = lines(capsys)
    assert first == f"{small[0].variant}, 3 runs, one program"
    assert second == f"{wide[0].variant}, 2 runs, one program"


def test_a_group_is_cut_by_max_population(
    tiny: Tiny, jobs: Jobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut, whole = (jobs(tiny(), tmp_path / name, [{"seed": seed} for seed in range(5)]) for name in ("cut", "whole"))
    outcomes = run_sweep(cut, max_population=2)
    assert [outcome["population"] for outcome in outcomes if isinstance(outcome, dict)] == [1, 2, 2, 2, 2]
    assert lines(capsys) == [f"{cut[0].variant}, 5 runs, one program, 3 populations of up to 2"]
    run_sweep(whole)
    for mine, its in zip(cut, whole, strict=True):
        assert_close(mine, its)


def test_memory_decides_where_nothing_else_does(
    tiny: Tiny, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "largest_population", lambda config, device: 2)
    outcomes = run_sweep(jobs(tiny("trainer.epochs=1"), tmp_path, [*SEEDS, {"seed": 3}]))
    assert [outcome["population"] for outcome in outcomes if isinstance(outcome, dict)] == [2, 2, 2, 2]


@pytest.mark.parametrize("lost", [{"trainer__learning_rate": LARGE}, {"model__init": "fails"}])
def test_a_lost_run_stops_a_sweep_that_shall_fail_fast(
    tiny: Tiny, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: dict[str, Any]
) -> None:
    def fail(config: RunConfig) -> NoReturn:
        raise RuntimeError("no such weights")

    monkeypatch.setitem(INITS._found, "fails", Choice(fail))
    # of two programs: the first has three runs, one of which is lost
    values = [{"seed": 1}, {"seed": 2} | lost, {"seed": 3}, {"seed": 4, "trainer__batch_size": 50}]
    runs = jobs(tiny("trainer.epochs=3"), tmp_path / "runs", values)
    with pytest.raises(FailedFast, match=r"seed=2 (diverged|failed)") as stopped:
        run_sweep(runs, fail_fast=True)
    assert stopped.value.status == 1
    assert not runs[3].folder.checkpoint_path.exists()
    assert not any(job.folder.result_path.exists() for job in runs[1:2])
    outcomes = run_sweep(runs)  # the same command goes on with the others
    assert [isinstance(outcome, dict) and outcome["status"] == "finished" for outcome in outcomes] == [
        True, False, True, True,
    ]  # fmt: skip
    whole = jobs(tiny("trainer.epochs=3"), tmp_path / "whole", values)
    run_sweep(whole)
    for job, other in ((runs[0], whole[0]), (runs[3], whole[3])):
        assert_close(job, other)


def test_a_run_that_diverges_does_not_touch_its_neighbours(
    tiny: Tiny, jobs: Jobs, tmp_path: Path, same_run: SameRun, capsys: pytest.CaptureFixture[str]
) -> None:
    values = [{"seed": 1}, {"seed": 2, "trainer__learning_rate": LARGE}, {"seed": 3}]
    config = tiny()
    broken = jobs(config, tmp_path / "broken", values)
    outcomes = run_sweep(broken)
    assert [outcome["status"] for outcome in outcomes if isinstance(outcome, dict)] == [
        "finished", "diverged", "finished",
    ]  # fmt: skip
    assert result_of(broken[1])["diverged"] == {"epoch": 1, "step": 2}
    assert f"{broken[1].name} diverged: a loss was not finite\n" in capsys.readouterr().out
    # the same program, so not a bit may differ
    sound = jobs(config, tmp_path / "sound", [{"seed": 1}, {"seed": 2}, {"seed": 3}])
    run_sweep(sound)
    without = jobs(config, tmp_path / "without", [{"seed": 1}, {"seed": 3}])
    run_sweep(without)
    for n, other in ((0, 0), (2, 1)):
        same_run(broken[n].path, sound[n].path)
        assert result_of(broken[n]) == result_of(sound[n])
        assert_close(broken[n], without[other])
    # and the one that diverged says what it would say alone
    alone = Job(broken[1].config, tmp_path / "alone")
    run(alone)
    theirs = result_of(alone)
    for key in ("status", "diverged", "epochs", "loss/train", "parameters"):
        assert result_of(broken[1])[key] == theirs[key], key


def test_a_sweep_whose_runs_all_diverge_ends(tiny: Tiny, jobs: Jobs, tmp_path: Path) -> None:
    values = [{"seed": seed, "trainer__learning_rate": LARGE} for seed in (1, 2)]
    outcomes = run_sweep(jobs(tiny(*LONGER), tmp_path, values))
    assert [outcome["status"] for outcome in outcomes if isinstance(outcome, dict)] == ["diverged", "diverged"]


@pytest.mark.parametrize("at", [64, 200, 400], ids=["first epoch", "its end", "the last step"])
def test_interrupted_and_given_again_it_ends_as_the_uninterrupted_one(
    at: int,
    tiny: Tiny,
    jobs: Jobs,
    tmp_path: Path,
    uninterrupted: list[Job],
    same_run: SameRun,
    stop_at: Callable[[int, signal.Signals], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    interrupt(jobs(tiny(*LONGER), tmp_path, SEEDS), stop_at, at)
    capsys.readouterr()
    again = jobs(tiny(*LONGER), tmp_path, SEEDS)
    done = [json.loads((job.path / "result.json").read_text()) for job in again if (job.path / "result.json").exists()]
    outcomes = run_sweep(again)
    epoch, step = divmod(at, 200)
    if not done:
        (line,) = lines(capsys)
        assert line.endswith(f"3 runs, one program, going on from epoch {epoch}" + (f", step {step}" if step else ""))
    for mine, its, outcome in zip(again, uninterrupted, outcomes, strict=True):
        same_run(mine.path, its.path)
        assert result_of(mine) == result_of(its)
        assert isinstance(outcome, dict)
        assert outcome["status"] == "finished"


def test_finished_runs_are_skipped_and_the_rest_of_a_population_goes_on(
    tiny: Tiny,
    jobs: Jobs,
    tmp_path: Path,
    stop_at: Callable[[int, signal.Signals], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    values = [{"seed": seed} for seed in range(8)]
    whole = jobs(tiny(*LONGER), tmp_path / "whole", values)
    run_sweep(whole)
    interrupt(jobs(tiny(*LONGER), tmp_path / "cut", values), stop_at, 328)
    # three are finished by another sweep; of two the folders are gone, and nobody asks for them any more
    cut = jobs(tiny(*LONGER), tmp_path / "cut", values)
    run_sweep(cut[:3])
    before = {job.path: (job.path / "result.json").stat().st_mtime_ns for job in cut[:3]}
    for job in cut[3:5]:
        for path in sorted(job.path.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        job.path.rmdir()
    capsys.readouterr()
    rest = jobs(tiny(*LONGER), tmp_path / "cut", values)
    asked = rest[:3] + rest[5:]
    outcomes = run_sweep(asked)
    said = lines(capsys)
    assert said[0] == "3 of 6 runs are finished; overwrite=true trains them anew"
    assert said[1].endswith(", 3 runs, one program, going on from epoch 1, step 128")
    assert {path: (path / "result.json").stat().st_mtime_ns for path in before} == before
    assert [outcome["population"] for outcome in outcomes if isinstance(outcome, dict)] == [3] * 6
    for job in asked:
        assert_close(job, whole[int(job.path.name)])


def test_runs_that_stand_at_different_places_are_trained_apart(
    tiny: Tiny,
    jobs: Jobs,
    tmp_path: Path,
    uninterrupted: list[Job],
    stop_at: Callable[[int, signal.Signals], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = jobs(tiny(*LONGER), tmp_path, SEEDS)
    interrupt(runs[:1], stop_at, 64)
    interrupt(runs[1:2], stop_at, 200)
    capsys.readouterr()
    again = jobs(tiny(*LONGER), tmp_path, SEEDS)
    run_sweep(again)
    said = lines(capsys)
    assert [line.partition("one program")[2] for line in said] == [
        ", going on from epoch 0, step 64", ", going on from epoch 1", "",
    ]  # fmt: skip
    for mine, its in zip(again, uninterrupted, strict=True):
        assert_close(mine, its)


def test_a_run_that_has_diverged_stays_so_when_its_sweep_goes_on(
    tiny: Tiny, jobs: Jobs, tmp_path: Path, uninterrupted: list[Job], stop_at: Callable[[int, signal.Signals], None]
) -> None:
    values = [{"seed": 0}, {"seed": 1, "trainer__learning_rate": LARGE}]
    interrupt(jobs(tiny(*LONGER), tmp_path, values), stop_at, 264)
    again = jobs(tiny(*LONGER), tmp_path, values)
    broken = run_sweep(again)[1]
    assert isinstance(broken, dict)
    assert (broken["status"], broken["diverged"]) == ("diverged", {"epoch": 1, "step": 2})
    assert_close(again[0], uninterrupted[0])


def test_a_folder_that_cannot_be_used_does_not_end_the_sweep(
    tiny: Tiny, jobs: Jobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = jobs(tiny("trainer.epochs=1"), tmp_path, SEEDS)
    with Job(runs[1].config, runs[1].path).folder.lock():
        outcomes: list[Outcome] = run_sweep(runs)
    assert isinstance(outcomes[1], RunFolderError)
    assert [outcome["seed"] for outcome in outcomes if isinstance(outcome, dict)] == [0, 2]
    assert f"{runs[1].path}: another process is training this run" in capsys.readouterr().out
    assert {path.name for path in runs[1].path.iterdir()} == {".lock"}


def test_a_run_that_is_asked_for_twice_is_trained_once(tiny: Tiny, jobs: Jobs, tmp_path: Path) -> None:
    one, other = (jobs(tiny("trainer.epochs=1"), tmp_path, SEEDS[:1])[0] for _ in range(2))
    first, second = run_sweep([one, other])
    assert first == second
    assert len(list(one.path.glob("events.out.tfevents.*"))) == 1


def test_a_sweep_that_is_finished_trains_nothing(
    tiny: Tiny, jobs: Jobs, uninterrupted: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "train_jobs", lambda *arguments: pytest.fail("it trains"))
    again = jobs(tiny(*LONGER), uninterrupted[0].path.parent, SEEDS)
    assert [outcome["seed"] for outcome in run_sweep(again) if isinstance(outcome, dict)] == [0, 1, 2]


def test_a_checkpoint_of_another_model_is_its_own_run_s_trouble(
    tiny: Tiny, jobs: Jobs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = jobs(tiny("trainer.epochs=1"), tmp_path, SEEDS)
    with runs[1].folder.lock():
        runs[1].folder.save_checkpoint(0, 0, {}, 1.0, 0.0, Program({"weight": [1]}, "", ""))
    outcomes = run_sweep(runs)
    assert isinstance(outcomes[1], CheckpointError)
    assert [outcome["population"] for outcome in outcomes if isinstance(outcome, dict)] == [2, 2]
    out = capsys.readouterr().out
    assert out.count(f"{runs[1].folder.checkpoint_path}: of another model (") == 1
    assert not runs[1].folder.error_path.exists()
