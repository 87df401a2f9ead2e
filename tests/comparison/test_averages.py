"""What is missing from the average of a seed, and what is not missing."""

from dataclasses import replace
from itertools import product
from pathlib import Path

from attnseq.comparison.averages import Incomplete, incomplete_averages
from attnseq.comparison.variants import fold
from attnseq.runs.reading import DIVERGED, FINISHED, RunRecord


def run(model: str, seed: int, state: str = FINISHED, **trainer: float) -> RunRecord:
    config = {"model.name": model, "model.size": 10 if model == "mlp" else 64, "dataset.seed": 0, "seed": seed}
    settings = {f"trainer.{key}": value for key, value in ({"name": "fast"} | trainer).items()}
    return RunRecord(Path("run"), state, config | settings)


def found(runs: list[RunRecord], keys: list[str]) -> list[Incomplete]:
    return incomplete_averages(fold(runs, keys), keys)


def test_a_whole_grid_lacks_nothing() -> None:
    runs = [run(model, seed, rate=rate) for model, seed, rate in product(("mlp", "lstm"), (1, 2), (0.1, 0.2))]
    assert found(runs, ["model.name"]) == []
    assert found(runs, ["trainer.rate"]) == []
    assert found(runs, ["model.name", "trainer.rate"]) == []


def test_seeds_that_lack_the_same_are_named_together() -> None:
    runs = [run("mlp", seed, rate=rate) for seed in (1, 2, 3) for rate in (0.1, 0.2) if seed == 1 or rate == 0.1]
    assert found(runs, ["model.name"]) == [Incomplete("mlp", [(2, 0), (3, 0)], ("rate=0.2",))]


def test_a_combination_counts_not_each_value() -> None:
    cells = [(rate, beta) for rate in (0.1, 0.2) for beta in (0.8, 0.9)]
    runs = [run("mlp", seed, rate=rate, beta=beta) for seed in (1, 2) for rate, beta in cells[: 5 - seed]]
    assert found(runs, ["model.name"]) == [Incomplete("mlp", [(2, 0)], ("beta=0.9 rate=0.2",))]


def test_a_value_that_another_variant_alone_has_is_lacking() -> None:
    runs = [run("mlp", seed, rate=rate) for seed in (1, 2) for rate in (0.1, 0.2)]
    assert found([*runs, run("lstm", 1, rate=0.1)], ["model.name"]) == [Incomplete("lstm", [(1, 0)], ("rate=0.2",))]


def test_what_diverged_for_every_seed_is_lacking() -> None:
    runs = [
        run("mlp", seed, DIVERGED if rate == 0.2 else FINISHED, rate=rate) for seed in (1, 2) for rate in (0.1, 0.2)
    ]
    assert found(runs, ["model.name"]) == [Incomplete("mlp", [(1, 0), (2, 0)], ("rate=0.2",))]


def test_a_value_of_its_own_for_each_variant_is_no_grid() -> None:
    """A learning rate tuned for each model, and units that come with the model, are averaged over by nobody."""
    runs = [run(model, seed, rate=0.1 if model == "mlp" else 0.2) for model in ("mlp", "lstm") for seed in (1, 2)]
    assert found(runs, ["model.name"]) == []


def test_units_of_one_model_are_not_asked_of_another() -> None:
    small, large = run("lstm", 1), run("lstm", 1)
    large = replace(large, config={**large.config, "model.size": 128})
    assert found([run("mlp", 1), small, large], ["model.name"]) == []
