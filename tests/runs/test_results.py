"""What a population's end says of each run: figures on its own data, and divergence that no step looked at."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_configs import tiny_config

from attnseq.api.run import Run
from attnseq.datasets.config import DATASETS
from attnseq.runs import build
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.results import measure, position_relevance
from attnseq.runs.run import run

Tiny = Callable[..., RunConfig]
UNEQUAL = ("population", "seconds")


def measured(configs: list[RunConfig], folder: Path) -> list[dict[str, Any]]:
    """Results of populations at their start."""
    device = build.build_device("cpu")
    jobs = [Job(config, folder / str(number)) for number, config in enumerate(configs)]
    population = build.build_population(configs, device)
    meter = build.build_meter(configs[0], population.recipe)
    return measure(jobs, build.build_data(configs, device), population, meter)


@pytest.fixture
def configs(tiny: Tiny) -> list[RunConfig]:
    """Two runs of one program that differ in seed and data."""
    config = tiny("seed=1")
    return [config, replace(config, seed=2, dataset=replace(config.dataset, seed=4))]


def test_each_run_is_measured_on_its_own_data(configs: list[RunConfig], tmp_path: Path) -> None:
    together = measured(configs, tmp_path)
    for config, result in zip(configs, together, strict=True):
        (alone,) = measured([config], tmp_path)
        assert result["population"] == 2
        assert alone["population"] == 1
        for key, value in result.items():
            same = alone[key] if isinstance(value, str | dict | None) else pytest.approx(alone[key], rel=1e-5)
            assert key in UNEQUAL or value == same, key
    assert together[0]["loss/test"] != pytest.approx(together[1]["loss/test"], rel=1e-3)


def test_a_run_that_has_no_epoch_has_no_training_loss(configs: list[RunConfig], tmp_path: Path) -> None:
    for result in measured(configs, tmp_path):
        assert (result["status"], result["epochs"]) == ("finished", 0)
        assert result["loss/train"] is None
        assert result["microseconds_per_sample"] is None
        json.dumps(result, allow_nan=False)


def test_divergence_by_the_last_update_is_seen(configs: list[RunConfig], tmp_path: Path) -> None:
    """The loss of every step was finite; the weights that the last one left are not."""
    device = build.build_device("cpu")
    population = build.build_population(configs, device)
    population.epoch = 2
    population.state.parameters[0] = float("inf")
    jobs = [Job(config, tmp_path / str(config.seed)) for config in configs]
    meter = build.build_meter(configs[0], population.recipe)
    broken, sound = measure(jobs, build.build_data(configs, device), population, meter)
    assert (broken["status"], sound["status"]) == ("diverged", "finished")
    assert broken["diverged"] == {"epoch": 2, "step": 16}  # 500 samples in batches of 32
    assert (broken["epochs"], sound["epochs"], sound["diverged"]) == (1, 2, None)


def relevance_of(dataset: str, **changes: Any) -> list[float] | None:
    (data,) = build.build_data([tiny_config(dataset, "query_attention", **changes)], build.build_device("cpu")).each
    return position_relevance(data.task, data.splits.test)


def test_relevance_is_of_the_samples_that_have_the_position() -> None:
    positions = tiny_config("reverse", "query_attention").dataset.build().spec.inputs.length
    assert relevance_of("reverse") == [1.0] * positions  # each token that is there is repeated once
    few = relevance_of("reverse", **{"dataset.test_size": 1})
    assert few is not None
    assert set(few) <= {0.0, 1.0}  # a position that no sample has counts for nothing


def test_relevance_that_differs_from_sample_to_sample_is_of_no_position() -> None:
    assert relevance_of("find_max") is None
    assert relevance_of("abs_difference") is not None


@pytest.mark.parametrize("dataset", DATASETS.names())
def test_whatever_is_measured_is_in_the_result(dataset: str, tmp_path: Path) -> None:
    """By its name, a number; and attention, whatever its axes, as a weight a position."""
    config = tiny_config(dataset, "query_attention")
    (result,) = measured([config], tmp_path)
    metrics = build.build_metrics(config, config.dataset.build().spec.target)
    known = ["relevance/mass_accuracy", "relevance/kendall"] * (dataset != "table")  # of which a file may say nothing
    for name in ("loss/test", *(f"{metric}/test" for metric in metrics), *known):
        assert isinstance(result[name], float), name
    positions = config.dataset.build().spec.inputs.length
    assert len(result["attention/mean"]) == positions
    assert result["attention/relevance"] is None or len(result["attention/relevance"]) == positions
    assert result["attention/entropy"] > 0


LENGTHS = (4, 9, 6)


@pytest.fixture
def by_length(tmp_path: Path) -> tuple[RunConfig, Job, dict[str, Any]]:
    """A run of a model that takes any length, tested on others than its own."""
    config = tiny_config("add_two_numbers", "lstm_hidden", **{"dataset.length": 6, "dataset.test_lengths": [*LENGTHS]})
    job = Job(config, tmp_path / "run")
    return config, job, run(job)


def test_each_length_is_measured_as_if_alone(
    by_length: tuple[RunConfig, Job, dict[str, Any]], no_pictures: None
) -> None:
    config, job, result = by_length
    loaded = Run(job.path)
    measured = ["loss", *build.build_metrics(config, config.dataset.build().spec.target)]
    names = [f"{name}/test@{length}" for length in LENGTHS for name in measured]
    assert [name for name in result if "@" in name] == names
    for length, samples in loaded.task.tests():
        assert samples.targets is not None
        seen = loaded.predict(samples.inputs)
        errors_N = torch.from_numpy(seen.prediction) - samples.targets
        assert result[f"loss/test@{length}"] == pytest.approx(float(errors_N.square().mean()), rel=1e-6)
        assert result[f"mae/test@{length}"] == pytest.approx(float(errors_N.abs().mean()), rel=1e-6)
        variance = float(samples.targets.var(correction=0))
        assert result[f"r2/test@{length}"] == pytest.approx(1 - float(errors_N.square().mean()) / variance, rel=1e-6)


def test_the_lengths_of_each_run_are_its_own(tmp_path: Path) -> None:
    alike = {"dataset.length": 6, "dataset.test_size": 9}
    configs = [
        tiny_config("add_two_numbers", "lstm_hidden", **alike, **{"dataset.test_lengths": lengths, "seed": seed})
        for seed, lengths in enumerate(([4, 9], [], [9]))
    ]
    for config, result in zip(configs, measured(configs, tmp_path), strict=True):
        (alone,) = measured([config], tmp_path)
        mine, its = ({key: each[key] for key in each if "@" in key} for each in (result, alone))
        assert mine == pytest.approx(its, rel=1e-5)
        assert len(mine) == 3 * len(config.dataset.test_lengths)  # type: ignore[attr-defined]
