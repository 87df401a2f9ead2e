"""Runs are grouped by what their program is made of, and by where they stand; nothing is lost when a group is cut."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.sweep.grouping import PER_REPLICA, cut, describe, group, program_of
from attnseq.training.checkpoint import Checkpoint
from attnseq.training.execution import TRACED, Execution
from attnseq.training.plan import Plan

# another value for each key; whether a run that has it can train with one that has not
KEYS: dict[str, tuple[Any, bool]] = {
    "name": ("other", True),
    "seed": (2, True),
    "overwrite": (True, True),
    "device": ("auto", False),
    "metrics": (["mae"], False),
    "plugins": (["my_package"], True),
    "dataset__seed": (2, True),
    "dataset__label_noise": (0.5, True),
    "dataset__train_size": (501, False),
    "dataset__validation_size": (65, False),
    "dataset__test_size": (65, False),
    "model__init": ("keras", True),
    "model__hidden_size": (11, False),
    "trainer__name": ("other", True),
    "trainer__learning_rate": (0.5, True),
    "trainer__beta1": (0.5, True),
    "trainer__beta2": (0.5, True),
    "trainer__epsilon": (0.5, True),
    "trainer__clip_norm": (0.5, True),
    "trainer__weight_noise": (0.5, True),
    "trainer__divergence_weight": (0.5, True),
    "trainer__order": ("random", True),
    "trainer__adam": ("torch", False),
    "trainer__objective": ("mse", False),
    "trainer__epochs": (3, False),
    "trainer__batch_size": (33, False),
    "trainer__compile": ("auto", False),
    "trainer__checkpoint_minutes": (1, False),
}


@pytest.mark.parametrize("key", KEYS)
def test_what_is_of_a_replica_does_not_part_runs_and_all_else_does(
    key: str, tiny: Callable[..., RunConfig], vary: Callable[..., RunConfig], finished: Path
) -> None:
    value, together = KEYS[key]
    with_base = ("trainer.objective=adversarial", f"trainer.base_run={finished}")
    config = tiny(*(with_base if key == "trainer__divergence_weight" else ()))
    other = vary(config, **{key: value})
    assert other != config
    assert (program_of(other) == program_of(config)) == together


def test_every_key_of_a_replica_is_looked_at_above() -> None:
    assert {f"{group}__{key}" for group, keys in PER_REPLICA.items() for key in keys} <= KEYS.keys()
    assert {field.name for field in fields(RunConfig)} - PER_REPLICA.keys() <= KEYS.keys()


def test_models_and_datasets_are_parted(tiny: Callable[..., RunConfig]) -> None:
    overrides = (
        [],
        ["model=lstm_attention"],
        ["model=lstm_attention", "model.attention=element"],
        [],
        ["dataset=abs_difference"],
        ["dataset=find_max"],
        ["dataset=reverse"],
        ["dataset=reverse", "dataset.length=11"],
        ["dataset=reverse", "model=query_attention"],
    )
    assert len({program_of(tiny(*each)) for each in overrides}) == len(overrides) - 1


@pytest.fixture
def runs(tiny: Callable[..., RunConfig], jobs: Callable[..., list[Job]], tmp_path: Path) -> Callable[..., list[Job]]:
    """`runs(*positions, **values)`: runs with seeds 0, 1, ... that stand there, None for one that has not begun."""

    def make(*positions: tuple[int, int] | None, **values: Any) -> list[Job]:
        made = jobs(tiny(), tmp_path, [{"seed": number} | values for number in range(len(positions))])
        for job, position in zip(made, positions, strict=True):
            if position is not None:
                job.resumed = Checkpoint(job.folder.config, *position, {}, 0.0, 0.0)
        return made

    return make


def test_runs_at_different_positions_are_parted(runs: Callable[..., list[Job]]) -> None:
    a, b, c, d, e, f = runs(None, (1, 0), (0, 64), (1, 0), (0, 0), (1, 64))
    assert group([a, b, c, d, e, f]) == [[a, e], [b, d], [c], [f]]


def planned(jobs: list[Job], order: str) -> list[Job]:
    """Jobs that were trained as one population, in this order of their numbers."""
    for row, number in enumerate(order):
        jobs[int(number)].plan = Plan(Execution(TRACED), order, len(order), row)
    return jobs


def test_a_population_that_is_whole_goes_on_as_it_was(runs: Callable[..., list[Job]]) -> None:
    a, b, c, d, e = planned(planned(runs(*[(1, 0)] * 5), "20"), "431")
    assert group([a, b, c, d, e]) == [[c, a], [e, d, b]]


def test_of_a_population_that_is_not_whole_any_more_the_rest_is_mixed(runs: Callable[..., list[Job]]) -> None:
    a, b, _, d, e = planned(planned(runs((1, 0), (1, 0), (1, 0), (1, 64), (1, 0)), "20"), "431")
    assert group([a, b, d, e]) == [[a, b, e], [d]]  # one is finished, one stands elsewhere
    fresh = runs(None)
    assert group([*fresh, a]) == [fresh, [a]]


def test_groups_and_their_runs_keep_the_order_of_the_sweep(runs: Callable[..., list[Job]]) -> None:
    small, large = runs(None, None, None), runs(None, None, None, model__hidden_size=11)
    mixed = [large[1], small[2], small[0], large[0], small[1], large[2]]
    assert group(mixed) == [[large[1], large[0], large[2]], [small[2], small[0], small[1]]]
    assert group([]) == []


@pytest.mark.parametrize("largest", [1, 2, 3, 4, 6, 7, 8])
@pytest.mark.parametrize("number", [1, 2, 5, 7])
def test_a_group_is_cut_into_the_fewest_parts_of_nearly_one_size(
    number: int, largest: int, runs: Callable[..., list[Job]]
) -> None:
    jobs = runs(*[None] * number)
    parts = cut(jobs, largest)
    assert [job for part in parts for job in part] == jobs
    sizes = [len(part) for part in parts]
    assert max(sizes) <= largest
    assert len(parts) == -(-number // largest)
    assert max(sizes) - min(sizes) <= 1


def test_a_group_is_described_in_a_line(runs: Callable[..., list[Job]]) -> None:
    sizes = {"dataset__train_size": 300_000, "dataset__validation_size": 10_000, "dataset__test_size": 10_000}
    published = sizes | {"trainer__epochs": 10}
    many = runs(*[None] * 64, **published)
    assert describe(many, 1) == "mlp_attention, 64 runs, one program"
    assert describe(many, 3) == "mlp_attention, 64 runs, one program, 3 populations of up to 22"
    assert describe(many[:1], 1) == "mlp_attention, 1 run, one program"
    begun = runs((2, 128), (2, 128), **published)
    assert describe(begun, 1) == "mlp_attention, 2 runs, one program, going on from epoch 2, step 128"
    wide = runs((2, 0), model__hidden_size=11, **published)
    assert describe(wide, 1) == "mlp_attention,hidden_size=11, 1 run, one program, going on from epoch 2"


def test_what_differs_within_a_group_is_not_its_name(runs: Callable[..., list[Job]]) -> None:
    slow, fast = runs(None, trainer__learning_rate=0.5), runs(None, trainer__learning_rate=0.25)
    line = describe(slow + fast, 1)
    assert "learning_rate" not in line
    assert line.startswith("mlp_attention,train_size=500,")
