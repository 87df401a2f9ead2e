"""Two folders of the same run, compared: for runs whose company differed, so that they agree up to rounding."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from attnseq.report import history

UNEQUAL = ("seconds", "microseconds_per_sample", "population")
"""What a run's time and company decide."""


def comparable_result(path: Path) -> dict[str, Any]:
    """A run's result, less what differs from one time to the next."""
    result: dict[str, Any] = json.loads((path / "result.json").read_text())
    return {key: value for key, value in result.items() if key not in UNEQUAL}


def assert_same_up_to_rounding(one: Path, other: Path) -> None:
    """Checkpoint, history and result agree, numbers to 1e-4."""
    ours, theirs = (torch.load(path / "checkpoint.pt", weights_only=True) for path in (one, other))
    assert [ours[key] for key in ("config", "epoch", "step")] == [theirs[key] for key in ("config", "epoch", "step")]
    assert ours["state"].keys() == theirs["state"].keys()
    for name, value in ours["state"].items():
        torch.testing.assert_close(value, theirs["state"][name], rtol=1e-4, atol=1e-6)
    for mine, its in zip(*(history.read(path / "history.csv") for path in (one, other)), strict=True):
        assert {**mine, "seconds": 0} == pytest.approx({**its, "seconds": 0}, rel=1e-4, abs=1e-9)
    mine, its = comparable_result(one), comparable_result(other)
    assert mine.keys() == its.keys()
    for key, value in mine.items():
        assert value == (its[key] if isinstance(value, str | dict | None) else pytest.approx(its[key], rel=1e-4)), key
