"""Runs of a sweep, made from one composed config: composing each would take longer than training it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attnseq.report.pictures import Pictures
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job

Vary = Callable[..., RunConfig]
Jobs = Callable[..., list[Job]]


@pytest.fixture(scope="session")
def vary() -> Vary:
    """`vary(config, seed=3, trainer__beta1=0.5)`: the config with other values."""

    def change(config: RunConfig, **values: Any) -> RunConfig:
        for key, value in values.items():
            group, _, name = key.rpartition("__")
            changed = replace(getattr(config, group), **{name: value}) if group else value
            config = replace(config, **{group or name: changed})
        return config

    return change


@pytest.fixture(scope="session")
def jobs(vary: Vary) -> Jobs:
    """`jobs(config, folder, [values, ...])`: a run for each of the values, its folder named by its number."""

    def make(config: RunConfig, folder: Path, values: Sequence[dict[str, Any]]) -> list[Job]:
        return [Job(vary(config, **each), folder / str(number)) for number, each in enumerate(values)]

    return make


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take most of a tiny run's time."""
    for name in ("attention", "loss", "heatmap"):
        monkeypatch.setattr(Pictures, name, lambda *arguments, **keywords: bytes(24))
