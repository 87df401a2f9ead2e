"""Points within an epoch: what training keeps is turned into loss, gradient norm and speed since the last point."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from attnseq.report.records import StepRecord
from attnseq.runs import build
from attnseq.runs.config import RunConfig
from attnseq.runs.step_watch import WAIT_SECONDS, StepWatch
from attnseq.training.replicas import Population

SAMPLES, BATCH = 195, 10
"""20 steps an epoch, the last of five samples."""


@pytest.fixture
def population(tiny: Callable[..., RunConfig]) -> Population:
    """Two replicas at their start."""
    return build.build_population([replace(tiny(), seed=seed) for seed in (1, 2)], torch.device("cpu"))


class Training:
    """Stands for it: every gradient of replica 0 has norm 2, and of replica 1 norm 3."""

    def __init__(self, population: Population) -> None:
        self.population, self.now, self.taken = population, 0.0, 0
        self.watch = self.watched()

    def watched(self) -> StepWatch:
        return StepWatch(self.population, SAMPLES, BATCH, lambda: self.now)

    def step(self, times: int, norms_P: tuple[float, float] = (2.0, 3.0)) -> None:
        """Takes so many steps, half a second each."""
        state, beta2_P = self.population.state, self.population.settings.beta2
        width = state.second_moment.shape[1]
        for _ in range(times):
            squares_P = torch.tensor(norms_P, dtype=torch.float64) ** 2 / width
            moments_PxW = beta2_P[:, None] * state.second_moment + ((1 - beta2_P) * squares_P)[:, None]
            state.second_moment.copy_(moments_PxW)
            state.updates.add_(1)
            self.taken += 1
            self.now += 0.5

    def look(self, *loss_P: float) -> list[list[StepRecord]]:
        self.watch.look(self.taken, loss_P)
        return self.watch.take()


@pytest.fixture
def training(population: Population) -> Training:
    return Training(population)


def test_a_point_is_of_what_came_since_the_last_one(training: Training) -> None:
    training.step(4)
    ((first,), (other,)) = training.look(0.5, 1.0)
    # of 40 samples for two replicas in 2 s, each has half of the time
    assert first == StepRecord(4, 0.5, pytest.approx(2.0, rel=1e-5), 40.0)
    assert other == StepRecord(4, 1.0, pytest.approx(3.0, rel=1e-5), 40.0)
    training.step(4, (0.25, 12.0))
    ((first,), (other,)) = training.look(0.375, 0.75)
    assert first == StepRecord(8, 0.25, pytest.approx(0.25, rel=1e-4), 40.0)
    assert other == StepRecord(8, 0.5, pytest.approx(12.0, rel=1e-5), 40.0)


def test_an_epoch_has_a_point_a_tenth_and_one_at_its_end(training: Training) -> None:
    seen = []
    for _ in range(40):
        training.step(1)
        seen += training.look(0.5, 0.5)[0]
    assert [point.step for point in seen] == list(range(2, 41, 2))
    assert [point.loss for point in seen] == pytest.approx([0.5] * 20)
    assert seen[9].samples_per_second == 30.0  # 15 samples in a second: the last batch has five


def test_a_new_epoch_begins_at_nothing(training: Training) -> None:
    training.step(20)
    training.look(0.5, 0.5)
    training.step(10)
    ((point,), _) = training.look(0.25, 0.5)
    assert point.loss == 0.25


def test_a_run_that_goes_on_in_an_epoch_counts_from_there(training: Training) -> None:
    training.step(8)
    population = training.population
    population.step = 8
    population.state.loss_sum.copy_(torch.tensor([40.0, 80.0]))  # means of 0.5 and 1
    training.watch = training.watched()
    training.step(8, (1.0, 1.0))
    ((point,), _) = training.look(0.375, 1.0)
    assert point == StepRecord(16, pytest.approx(0.25), pytest.approx(1.0, rel=1e-4), 40.0)


def test_other_work_does_not_count_as_time(training: Training) -> None:
    training.now += 1000
    training.watch.restart_clock()
    training.step(2)
    training.now += 7
    training.watch.leave_out(7)
    training.step(2)
    ((point,), _) = training.look(0.5, 0.5)
    assert point.samples_per_second == 40.0


def test_a_diverged_run_has_no_point(training: Training) -> None:
    training.step(4)
    assert [len(points) for points in training.look(0.5, float("nan"))] == [1, 0]


def test_points_wait_to_be_written_together(training: Training) -> None:
    training.step(20)
    assert not training.watch.is_due  # nothing waits
    training.watch.look(20, (0.5, 0.5))
    assert not training.watch.is_due
    training.now += WAIT_SECONDS
    assert training.watch.is_due
    training.watch.take()
    assert not training.watch.is_due
