"""A model is given the truth where it asks for it, and refused where the task does not know it; runs that share a
program share the truth.

Shapes: P replicas, B batch, T positions.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_configs import tiny_config
from torch import Tensor

from attnseq.contracts.batch import Batch
from attnseq.contracts.examples import example
from attnseq.contracts.spec import Scalar, Spec, Tokens
from attnseq.contracts.task import Splits, Task
from attnseq.core.keys import ConfigError
from attnseq.runs import build
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.model import build_model, check_truth
from attnseq.runs.population_run import train_jobs
from attnseq.sweep.grouping import group, program_of
from attnseq.training.stopping import StopSignals

ALL = "time, element, feature, position, uniform, none"
CPU = torch.device("cpu")


def with_attention(
    kind: str,
    changes: dict[str, Any] | None = None,
    *,
    seed: int = 1,
    on: str = "abs_difference",
    model: str = "mlp_attention",
) -> RunConfig:
    return tiny_config(on, model, **{"model.attention": kind, "seed": seed, **(changes or {})})


def test_only_who_asks_is_given_the_truth() -> None:
    for kind in ("time", "position", "uniform", "operands", "oracle", "none"):
        config = with_attention(kind)
        asks = kind in ("operands", "oracle")
        assert config.model.needs_truth == ("attention" if asks else "")
        model = build_model(config.model, config.dataset.task)
        assert model.truth == (config.dataset.task.relevance if asks else None)
        assert model.attends == (kind != "none")


@pytest.mark.parametrize(
    ("dataset", "model", "line"),
    [
        (
            "table",
            "lstm_attention",
            f"does not know how much each position counts from the inputs alone; allowed are {ALL}",
        ),
        (
            "reverse",
            "lstm_attention",
            f"knows how much each position counts for each token of the answer, not for the whole; allowed are {ALL}",
        ),
        (
            "copy",
            "lstm_hidden",
            "knows how much each position counts for each token of the answer, not for the whole; allowed are time,"
            " position, uniform",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["operands", "oracle"])
def test_what_the_task_does_not_know_is_refused_in_one_line(dataset: str, model: str, line: str, kind: str) -> None:
    with pytest.raises(ConfigError) as error:
        with_attention(kind, on=dataset, model=model)
    assert str(error.value) == f"model.attention={kind}: dataset={dataset} {line}"


class Odd(Task):
    """A task whose relevance is what it is made with."""

    spec = Spec(Tokens(10, 10), Scalar())

    def __init__(self, relevance: Any):
        self.given = relevance

    def splits(self) -> Splits:
        return Splits(*(example(self.spec, 1) for _ in range(3)))

    def relevance(self, batch: Batch) -> Tensor | None:
        found: Tensor | None = self.given(batch)
        return found


@pytest.mark.parametrize(
    ("relevance", "allowed"),
    [
        (lambda batch: None, False),
        (lambda batch: batch.answers.unsqueeze(-1) * batch.inputs, False),  # it needs targets
        (lambda batch: torch.from_numpy(batch.inputs.numpy()), False),  # no program can hold it
        (lambda batch: batch.inputs.double() * (2 if batch.inputs.any() else 1), False),  # it branches
        (lambda batch: batch.inputs.double(), True),
    ],
)
def test_a_users_task_is_tried_before_anything_is_written(relevance: Any, allowed: bool) -> None:
    config = with_attention("oracle").model
    if allowed:
        check_truth(config, Odd(relevance), "odd")
        return
    with pytest.raises(
        ConfigError, match=r"^model\.attention=oracle: dataset=odd does not know .* from the inputs alone"
    ):
        check_truth(config, Odd(relevance), "odd")


def test_models_of_any_length_take_those_that_the_truth_is_known_of() -> None:
    for dataset, kind, expected in (
        ("abs_difference", "time", True),
        ("abs_difference", "uniform", True),
        ("abs_difference", "position", False),
        ("abs_difference", "oracle", False),
        ("add_two_numbers", "oracle", True),
    ):
        config = with_attention(kind, on=dataset, model="lstm_hidden")
        assert build_model(config.model, config.dataset.task).any_length == expected, (dataset, kind)


MOVED: dict[str, Any] = {"dataset.left": [0, 1, 2], "dataset.right": [4, 6, 8]}


def test_runs_that_differ_in_relevance_share_no_program() -> None:
    here, there = with_attention("oracle"), with_attention("oracle", MOVED)
    assert program_of(here) != program_of(there)
    assert program_of(here) == program_of(with_attention("oracle", {"trainer.learning_rate": 0.5}, seed=7))
    # the checkpoint's digest, and with it the cache's, knows the constants that the program holds
    assert build.build_program(here).digest != build.build_program(there).digest
    uniform = with_attention("uniform"), with_attention("uniform", MOVED)
    assert len({build.build_program(config).digest for config in uniform}) == 1


def test_another_seed_of_the_samples_parts_runs_only_where_the_truth_is_in_the_program() -> None:
    for kind, parts in (("uniform", 1), ("oracle", 2)):
        assert len({program_of(with_attention(kind, {"dataset.seed": seed})) for seed in (1, 2)}) == parts


def losses(configs: list[RunConfig], folder: Path) -> list[float]:
    """Of the test samples, of runs that are grouped as a sweep groups them."""
    jobs = [Job(config, folder / str(number)) for number, config in enumerate(configs)]
    for job in jobs:
        job.path.mkdir(parents=True)
    found: dict[int, float] = {}
    with StopSignals() as stop:
        for members in group(jobs):
            results = train_jobs(members, CPU, stop)
            found |= {jobs.index(job): result["loss/test"] for job, result in zip(members, results, strict=True)}
    return [found[number] for number in range(len(jobs))]


@pytest.mark.parametrize("model", ["lstm_attention", "mlp_attention"])
def test_runs_of_one_sweep_equal_themselves_alone(tmp_path: Path, no_pictures: None, model: str) -> None:
    """Where operands stand elsewhere, and where relevance differs from sample to sample."""
    sweep = [
        *(with_attention("oracle", moved, model=model, seed=seed) for seed in (1, 2) for moved in ({}, MOVED)),
        *(with_attention("oracle", on="add_two_numbers", model=model, seed=seed) for seed in (1, 2)),
    ]
    together = losses(sweep, tmp_path / "together")
    for number, config in enumerate(sweep):
        assert losses([config], tmp_path / f"alone{number}") == pytest.approx([together[number]], rel=1e-5)
    assert len({round(loss, 9) for loss in together}) == len(sweep)


def test_what_is_frozen_is_not_learnt_and_what_is_learnt_by_position_is() -> None:
    for kind, names in (("oracle", []), ("operands", []), ("uniform", []), ("position", ["attention.logits"])):
        for model in ("mlp_attention", "lstm_attention", "lstm_hidden"):
            flat = build.build_recipe(with_attention(kind, model=model)).flat
            assert [name for name in flat.shapes if name.startswith("attention")] == names
            assert not any(name.startswith("score") for name in flat.shapes)
            for values in flat.model.initial_parameters(Zeros()).values():
                assert values.dtype == torch.float32
            assert set(flat.model.initial_parameters(Zeros())) == set(flat.shapes)


@dataclass
class Zeros:
    """Draws kernels of zeros."""

    def glorot_uniform(self, shape: tuple[int, int]) -> Any:
        return torch.zeros(shape).numpy()

    def orthogonal(self, shape: tuple[int, int]) -> Any:
        return torch.zeros(shape).numpy()
