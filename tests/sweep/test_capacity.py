"""How many runs fit: never none, never more than a process bears, and fewer the larger a run is."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_configs import pairs, tiny_config

from attnseq.contracts.examples import example
from attnseq.runs.build import build_recipe
from attnseq.runs.config import RunConfig
from attnseq.sweep import capacity
from attnseq.sweep.capacity import LARGEST, SHARE, bytes_per_replica, free_bytes, largest_population

Compose = Callable[..., RunConfig]
CPU = torch.device("cpu")
LSTM, QUERY, REVERSE = "model=lstm_attention", "model=query_attention", "dataset=reverse"


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ((), ("model.hidden_size=1000",)),
        ((), ("trainer.batch_size=3200",)),
        ((), ("dataset.train_size=3000000",)),
        ((LSTM,), (LSTM, "model.hidden_size=512")),
        ((LSTM,), (LSTM, "trainer.batch_size=512")),
        (("dataset=find_max",), ("dataset=find_max", "dataset.length=100")),
        ((QUERY, REVERSE), (QUERY, REVERSE, "dataset.length=100")),
        ((QUERY, REVERSE), (QUERY, REVERSE, "trainer.batch_size=3200")),
    ],
    ids=[
        *("hidden size", "batch size", "samples", "LSTM's hidden size", "LSTM's batch size"),
        *("length", "length of queries and answers", "batch size of sequences"),
    ],
)
def test_what_is_larger_takes_more(small: tuple[str, ...], large: tuple[str, ...], compose: Compose) -> None:
    assert bytes_per_replica(compose(*small)) < bytes_per_replica(compose(*large))


def test_it_covers_what_is_sure_to_be_held(compose: Compose) -> None:
    """Parameters, two moments and a gradient; what the backward pass keeps of an LSTM's every step."""
    config = compose(LSTM, "model.hidden_size=256", "trainer.batch_size=512")
    parameters = 4 * 256 * (256 + 10)
    gates = 512 * 10 * 4 * 256
    assert bytes_per_replica(config) > 4 * (4 * parameters + gates)


@pytest.mark.parametrize(
    ("runs", "largest"), [(-3.0, 1), (0, 1), (0.5, 1), (1.5, 1), (7.5, 7), (LARGEST + 9, LARGEST), (None, LARGEST)]
)
def test_as_many_as_half_of_the_free_memory_holds(
    runs: float | None, largest: int, compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = compose()
    free = None if runs is None else int(runs * bytes_per_replica(config) / SHARE)
    monkeypatch.setattr(capacity, "free_bytes", lambda device: free)
    assert largest_population([config], CPU) == largest


@pytest.mark.parametrize(("dataset", "model"), pairs())
def test_any_run_is_estimated_and_noise_keeps_nothing(dataset: str, model: str) -> None:
    """What a step draws is gone when it has been used: a share of what the copies of the parameters are counted for."""
    quiet = tiny_config(dataset, model)
    estimate = bytes_per_replica(quiet)
    recipe = build_recipe(quiet)
    samples = example(recipe.spec, 1)
    of_sample = sum(value.numel() * value.element_size() for value in samples if value is not None)
    assert estimate > 4 * 4 * recipe.flat.width + 100 * of_sample
    assert bytes_per_replica(tiny_config(dataset, model, **{"trainer.weight_noise": 0.1})) == estimate


def test_free_memory_is_that_of_the_tightest_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for system, groups, free in (
        (5, [3, 4], 3),
        (5, [None, 4], 4),
        (None, [3], 3),
        (2, [-1], -1),
        (None, [None], None),
    ):
        left = dict(enumerate(groups))
        monkeypatch.setattr(capacity, "_available", lambda system=system: system)
        monkeypatch.setattr(capacity, "control_groups", lambda left=left: list(left))
        monkeypatch.setattr(capacity, "_left_in", lambda group, left=left: left[group])
        assert free_bytes(CPU) == free


@pytest.mark.parametrize(
    ("limit", "used", "cache", "left"),
    [("1000", "300", "100", 800), ("1000", "1000", "900", 900), ("max", "300", "100", None), (None, "300", "0", None)],
)
def test_a_groups_limit(limit: str | None, used: str, cache: str, left: int | None, tmp_path: Path) -> None:
    """Cached files are given up when memory is asked for: they do not count as used."""
    if limit is not None:
        (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{used}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\nfile 7\ninactive_file {cache}\nactive_file 9\n")
    assert capacity._left_in(tmp_path) == left


def test_this_machine_says_what_it_has() -> None:
    free = free_bytes(CPU)
    assert free is None or free > 0
