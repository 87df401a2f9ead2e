"""A population goes on from its runs' checkpoints: each row where it belongs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from attnseq.runs import build
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.population_run import other_program, resume
from attnseq.training.checkpoint import Checkpoint, CheckpointError, Program
from attnseq.training.population import PopulationState
from attnseq.training.replicas import Population


def population_of(jobs: list[Job]) -> Population:
    return build.build_population([job.config for job in jobs], torch.device("cpu"))


def filled(job: Job, value: float, epoch: int, step: int) -> Checkpoint:
    """A checkpoint whose every number is `value`."""
    state = population_of([job]).state._asdict()
    rows = {name: torch.full_like(column[0], value) for name, column in state.items()}
    return Checkpoint(job.folder.config, epoch, step, rows, 1.0, 0.0)


def test_every_row_of_the_state_comes_from_its_own_checkpoint(tiny: Callable[..., RunConfig], tmp_path: Path) -> None:
    jobs = [Job(replace(tiny(), seed=seed), tmp_path / str(seed)) for seed in range(3)]
    for value, job in enumerate(jobs):
        job.resumed = filled(job, value + 1, 2, 64)
    population = population_of(jobs)
    resume(population, jobs)
    assert (population.epoch, population.step) == (2, 64)
    for name in PopulationState._fields:
        column = getattr(population.state, name)
        for replica in range(3):
            assert (column[replica] == replica + 1).all(), name


def test_runs_that_have_not_begun_stay_at_their_start(tiny: Callable[..., RunConfig], tmp_path: Path) -> None:
    jobs = [Job(replace(tiny(), seed=seed), tmp_path / str(seed)) for seed in range(2)]
    jobs[1].resumed = filled(jobs[1], 5, 0, 0)
    fresh, population = population_of(jobs), population_of(jobs)
    resume(population, jobs)
    assert (population.epoch, population.step) == (0, 0)
    assert torch.equal(population.state.parameters[0], fresh.state.parameters[0])
    assert (population.state.parameters[1] == 5).all()


def test_a_checkpoint_of_another_model_is_refused(tiny: Callable[..., RunConfig], tmp_path: Path) -> None:
    job = Job(tiny(), tmp_path)
    job.resumed = filled(job, 1, 0, 64)
    job.resumed.program = Program({"attention.weight": [1, 1]}, "", "")
    with pytest.raises(
        CheckpointError, match=r"checkpoint\.pt: of another model \(attention\.weight is 1x1 there, 10x10"
    ):
        resume(population_of([job]), [job])


def test_runs_that_other_code_trained_so_far_are_told_of(tiny: Callable[..., RunConfig], tmp_path: Path) -> None:
    jobs = [Job(replace(tiny(), seed=seed), tmp_path / str(seed)) for seed in range(3)]
    now = build.build_program(jobs[0].config)
    for job in jobs[:2]:
        job.resumed = filled(job, 1, 0, 64)
    assert other_program(jobs, now) == ""  # one that has not begun, and two that do not say
    jobs[0].resumed.program = now  # type: ignore[union-attr]
    assert other_program(jobs, now) == ""
    jobs[1].resumed.program = replace(now, digest="other")  # type: ignore[union-attr]
    assert other_program(jobs, now) == "1 of 3 runs were trained so far by other code; what comes may not fit what was"
    jobs[1].resumed.program = Program(now.shapes, "other", "2.11.0")  # type: ignore[union-attr]
    assert f"by other code, or by PyTorch 2.11.0 (now {torch.__version__});" in other_program(jobs[1:2], now)
    assert other_program(jobs[1:2], now).startswith("the run was ")
