"""A population goes on from its runs' checkpoints: each row where it belongs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from attnseq import build
from attnseq.config import RunConfig
from attnseq.job import Job
from attnseq.population_run import resume
from attnseq.training.checkpoint import Checkpoint
from attnseq.training.population import PopulationState
from attnseq.training.trainer import Population


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
