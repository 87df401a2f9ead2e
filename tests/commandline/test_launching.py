"""What Hydra's jobs come to: a value for the sweeper, a failure that is told of, one line for what a user can mend."""

import errno
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from attnseq.commandline import launching
from attnseq.commandline.launching import train_alone, train_together
from attnseq.core.keys import ConfigError
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.sweep.claim import Outcome, WorkerLostError
from attnseq.sweep.failing import failed
from attnseq.training.checkpoint import CheckpointError
from attnseq.training.stopping import Interrupted

JobConfig = Callable[..., DictConfig]
FINISHED = {"status": "finished", "loss/validation": 0.25}
DIVERGED = {"status": "diverged", "loss/validation": None}


@pytest.fixture
def job_config(composed: Callable[..., DictConfig], tmp_path: Path) -> JobConfig:
    """`job_config(*overrides, number=0)`: a job's config as Hydra hands it over, its folder below `tmp_path`."""

    def make(*overrides: str, number: int = 0) -> DictConfig:
        config = composed("device=cpu", f"seed={number}", f"hydra.sweep.dir={tmp_path}", *overrides)
        with open_dict(config.hydra):
            config.hydra.runtime.output_dir = str(tmp_path / str(number))
        return config

    return make


@pytest.fixture
def alone(job_config: JobConfig, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[float, dict[Path, str]]]:
    """`alone(mode, run, *overrides)`: what comes of one job that is trained by `run`, and the failures."""

    def train(mode: RunMode, run: Callable[[Job], Any], *overrides: str) -> tuple[float, dict[Path, str]]:
        config, failures = job_config(*overrides), dict[Path, str]()
        with open_dict(config.hydra):
            config.hydra.mode = mode
        monkeypatch.setattr(HydraConfig.instance(), "cfg", None)
        HydraConfig.instance().set_config(config)
        monkeypatch.setattr(launching, "run", run)
        without: Any = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
        return train_alone(without, failures), failures

    return train


def says(result: object) -> Callable[..., Any]:
    """What returns this, or raises it."""

    def run(*_: object) -> Any:
        if isinstance(result, BaseException):
            raise result
        return result

    return run


def ended(capsys: pytest.CaptureFixture[str], call: Callable[[], object]) -> tuple[int, str]:
    """The exit status with which a call ends the program, and the one line that it says why."""
    with pytest.raises(SystemExit) as end:
        call()
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert isinstance(end.value.code, int)
    return end.value.code, error.strip()


# -- one job --


@pytest.mark.parametrize("mode", [RunMode.RUN, RunMode.MULTIRUN])
def test_a_run_s_value_is_its_validation_loss(mode: RunMode, alone: Callable[..., Any], tmp_path: Path) -> None:
    seen: list[Job] = []

    def run(job: Job) -> dict[str, Any]:
        seen.append(job)
        return FINISHED

    assert alone(mode, run, "trainer.epochs=3") == (0.25, {})
    (job,) = seen
    assert (job.path, job.config.trainer.epochs, job.config.seed) == (tmp_path / "0", 3, 0)
    assert job.hydra is not None
    assert job.hydra.hydra.runtime.output_dir == str(tmp_path / "0")
    assert "trainer.epochs=3" in job.hydra.hydra.overrides.task


@pytest.mark.parametrize("mode", [RunMode.RUN, RunMode.MULTIRUN])
def test_a_run_that_diverges_is_a_failure_and_worth_nothing(
    mode: RunMode, alone: Callable[..., Any], tmp_path: Path
) -> None:
    value, failures = alone(mode, says(DIVERGED))
    assert value == math.inf
    assert list(failures) == [tmp_path / "0"]
    assert failures[tmp_path / "0"].endswith(" seed=0 (diverged)")


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (ConfigError("device=cuda: none here"), 2, "device=cuda: none here"),
        (RunFolderError("run: in use"), 1, "run: in use"),
        (CheckpointError("checkpoint.pt: damaged"), 1, "checkpoint.pt: damaged"),
        (OSError(errno.EACCES, "Permission denied", "f"), 1, "f: Permission denied; what was written before is kept"),
        (MemoryError("64 GiB asked for"), 1, "out of memory: lower dataset.train_size, "),
        (Interrupted(15), 143, "stopped by SIGTERM; started again "),
    ],
)
def test_what_a_user_can_mend_ends_a_single_run_in_one_line(
    error: BaseException, status: int, line: str, alone: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = ended(capsys, lambda: alone(RunMode.RUN, says(error)))
    assert code == status
    assert said.startswith(line)


def test_an_error_without_a_file_is_of_the_run_s_folder(
    alone: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = ended(capsys, lambda: alone(RunMode.RUN, says(OSError(errno.EIO, "Input/output error"))))
    assert code == 1
    assert said.startswith(f"{tmp_path / '0'}: Input/output error; ")


def test_a_fault_of_the_program_is_shown_in_full(alone: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="a bug"):
        alone(RunMode.RUN, says(ValueError("a bug")))


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ValueError("a bug"), "ValueError: a bug"),
        (MemoryError("64 GiB asked for"), "out of memory (64 GiB asked for)"),
        (ConfigError("device=cuda: none here"), "device=cuda: none here"),
        (RunFolderError("run: in use"), "its folder cannot be used"),
    ],
)
def test_the_sweep_goes_on_after_a_run_that_fails(
    error: Exception, why: str, alone: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "0").mkdir()
    value, failures = alone(RunMode.MULTIRUN, says(error))
    assert value == math.inf
    assert failures[tmp_path / "0"].endswith(f" seed=0 ({why})")
    said = capsys.readouterr()
    assert str(error).partition("\n")[0] in said.out
    assert said.err == ""
    assert (tmp_path / "0" / "error.txt").exists() == (not isinstance(error, RunFolderError))


@pytest.mark.parametrize(
    ("error", "status"), [(OSError(errno.ENOSPC, "No space left on device", "f"), 1), (Interrupted(2), 130)]
)
def test_what_would_meet_the_other_runs_ends_the_sweep(
    error: BaseException, status: int, alone: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(capsys, lambda: alone(RunMode.MULTIRUN, says(error)))[0] == status


@pytest.mark.parametrize("mode", [RunMode.RUN, RunMode.MULTIRUN])
def test_bad_input_is_refused_before_anything_is_made(
    mode: RunMode, alone: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = ended(capsys, lambda: alone(mode, says(AssertionError("it trains")), "trainer.epochs=0"))
    assert code == 2
    assert said.startswith("trainer.epochs=0: must be >= 1")
    assert list(tmp_path.iterdir()) == []


# -- the jobs of a sweep together --


def together(
    configs: Sequence[DictConfig], outcomes: Sequence[object] | BaseException
) -> tuple[list[float], dict[Path, str]]:
    """What comes of jobs with these outcomes, and the failures; an exception is raised by what trains them."""

    def train(jobs: Sequence[Job]) -> list[Outcome]:
        if isinstance(outcomes, BaseException):
            raise outcomes
        made: list[Any] = [
            outcome(job) if callable(outcome) else outcome for job, outcome in zip(jobs, outcomes, strict=True)
        ]
        return made

    failures: dict[Path, str] = {}
    return train_together(configs, train, failures), failures


def test_each_job_has_its_value_and_the_sweep_its_summary(
    job_config: JobConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = [job_config(number=number) for number in range(3)]
    results = [{"status": "finished", "loss/validation": number / 4} for number in (3, 1, 2)]
    assert together(configs, results) == ([0.75, 0.25, 0.5], {})
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "3 runs: 3 finished"
    assert said[1].startswith("python -m attnseq.compare ")
    assert said[1].endswith(tmp_path.name)
    assert said[2].startswith("python -m attnseq.board ")


def test_jobs_are_handed_over_with_their_folders_and_hydra_s_own_part(job_config: JobConfig, tmp_path: Path) -> None:
    configs, seen = [job_config(number=number) for number in range(2)], list[Job]()

    def train(jobs: Sequence[Job]) -> list[Outcome]:
        seen.extend(jobs)
        return [FINISHED, FINISHED]

    train_together(configs, train, {})
    assert [(job.path, job.config.seed) for job in seen] == [(tmp_path / "0", 0), (tmp_path / "1", 1)]
    assert [job.hydra is config for job, config in zip(seen, configs, strict=True)] == [True, True]


def test_runs_that_fail_are_told_of_and_the_others_count(
    job_config: JobConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = [job_config(number=number) for number in range(5)]
    outcomes = [
        FINISHED,
        lambda job: failed(job, ValueError("a bug")),
        DIVERGED,
        RunFolderError("run: in use"),
        WorkerLostError("lost"),
    ]
    values, failures = together(configs, outcomes)
    assert values == [0.25, *[math.inf] * 4]
    words = ("ValueError: a bug", "diverged", "its folder cannot be used", "its workers were lost")
    for number, word in enumerate(words, start=1):
        assert failures[tmp_path / str(number)].endswith(f" seed={number} ({word})")
    assert len(failures) == 4
    assert "5 runs: 1 finished, 3 failed, 1 diverged" in capsys.readouterr().out


def test_a_folder_that_is_named_twice_is_one_run(
    job_config: JobConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values, failures = together([job_config(), job_config()], [DIVERGED, DIVERGED])
    assert values == [math.inf, math.inf]
    assert list(failures) == [tmp_path / "0"]
    assert capsys.readouterr().out.startswith("1 run: 1 diverged\n")


def test_a_sweep_that_asks_for_what_cannot_be_is_refused_in_one_line(
    job_config: JobConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = [job_config(number=number) for number in range(2)]
    refuse = [lambda job: failed(job, ConfigError("device=cuda: none here"))] * 2
    assert ended(capsys, lambda: together(configs, refuse)) == (2, "device=cuda: none here")
    # of one that asks for more than that the rest is trained
    values, _ = together(configs, [FINISHED, refuse[0]])
    assert values == [0.25, math.inf]


def test_bad_input_of_any_job_is_refused_before_one_is_trained(
    job_config: JobConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = [job_config(), job_config("model.hidden_size=0", number=1)]
    code, said = ended(capsys, lambda: together(configs, AssertionError("it trains")))
    assert code == 2
    assert said.startswith("model.hidden_size=0: must be >= 1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (Interrupted(2), 130, "stopped by SIGINT; "),
        (OSError(errno.EROFS, "Read-only file system"), 1, "{folder}: Read-only file system; "),
        (ConfigError("hydra.sweep.subdir: shared"), 2, "hydra.sweep.subdir: shared"),
    ],
)
def test_what_ends_the_sweep_is_one_line(
    error: BaseException,
    status: int,
    line: str,
    job_config: JobConfig,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, said = ended(capsys, lambda: together([job_config()], error))
    assert code == status
    assert said.startswith(line.format(folder=tmp_path))
