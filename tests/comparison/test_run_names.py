"""Names of runs: what differs is read, the seed last, and no name stands for two runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from run_folders import run_config, write_run

from attnseq.comparison.run_names import as_folder, differing_keys, run_names
from attnseq.runs.reading import RunRecord, find_runs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outputs"


def names(folder: Path, configs: Sequence[dict[str, Any]]) -> list[str]:
    """Names of runs with these configs, which lie in folders of one sweep."""
    for place, config in enumerate(configs):
        write_run(folder / "sweep" / f"variant{place:03}" / f"seed={config['seed']}", config)
    return run_names(find_runs([folder]))


def test_models_and_words_stand_by_themselves_and_the_seed_is_last(folder: Path) -> None:
    configs = [run_config(model, seed) for model in ("mlp_attention", "lstm_attention") for seed in (1, 2)]
    configs += [run_config("lstm_attention", 1, model__attention="element")]
    assert names(folder, configs) == [
        *("mlp_attention seed=1", "mlp_attention seed=2", "lstm_attention time seed=1", "lstm_attention time seed=2"),
        "lstm_attention element seed=1",
    ]


def test_what_all_runs_share_is_left_out(folder: Path) -> None:
    configs = [run_config(seed=seed, trainer__learning_rate=rate) for rate in (0.1, 0.003) for seed in (1, 2)]
    expected = [f"learning_rate={rate} seed={seed}" for rate in (0.1, 0.003) for seed in (1, 2)]
    assert names(folder, configs) == expected


def test_a_single_run_has_a_name_too(folder: Path) -> None:
    assert names(folder, [run_config(seed=7)]) == ["mlp_attention seed=7"]


def test_seeds_alone(folder: Path) -> None:
    assert names(folder, [run_config(seed=seed) for seed in (1, 2)]) == ["seed=1", "seed=2"]


def test_a_dataset_that_each_seed_has_of_its_own_is_named_with_it(folder: Path) -> None:
    configs = [run_config(seed=seed, dataset__seed=seed + 5) for seed in (1, 2)]
    assert names(folder, configs) == ["dataset.seed=6 seed=1", "dataset.seed=7 seed=2"]


def test_copies_are_told_apart_by_their_sweeps_and_else_by_number(folder: Path) -> None:
    for sweep in ("one", "two"):
        write_run(folder / sweep / "mlp" / "seed=1", run_config(seed=1))
    write_run(folder / "two" / "again" / "seed=1", run_config(seed=1))
    write_run(folder / "two" / "other" / "seed=2", run_config(seed=2))
    assert run_names(find_runs([folder])) == ["seed=1 (one)", "seed=1 (two) #1", "seed=1 (two) #2", "seed=2"]


def test_a_run_without_a_config_is_called_by_its_folder(folder: Path) -> None:
    known = RunRecord(folder / "a", "finished", {"model.name": "mlp", "seed": 1})
    damaged = RunRecord(Path("outputs/b/c"), "damaged")
    assert run_names([known, damaged]) == ["mlp seed=1", "outputs b c"]
    assert differing_keys([known, damaged]) == []


def test_a_name_is_a_folder_without_folders_in_it() -> None:
    assert as_folder("a/b\\c") == "a b c"
    assert as_folder("") == "run"
    assert len(as_folder("x" * 500)) <= 150
