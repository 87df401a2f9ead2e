"""Four tiny runs give what they gave before tasks, objectives and metrics were opened: `goldens/` holds their numbers.

Commit 1eaba57 trained them, uncompiled, on one thread; what a later version measures besides may stand beside them.
Numbers of events are those, too; tags, and the steps of what was measured at the end, are later ones.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attnseq.report import history
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.run import run

GOLDENS = Path(__file__).parent / "goldens"

SIZES = (
    *("device=cpu", "seed=3", "trainer.compile=false", "trainer.epochs=2"),
    *("dataset.train_size=320", "dataset.validation_size=100", "dataset.test_size=100"),
)
OWN = ("model.init=keras", "trainer.order=random")
DIGITS = ("dataset.length=7", "dataset.left=[0,1]", "dataset.right=[3,4]", "dataset.base=5", "dataset.label_noise=0.05")
RUNS = {
    "mlp_attention_tutorial": ("model=mlp_attention",),
    "lstm_attention_tutorial": ("model=lstm_attention",),
    "lstm_element_abs_difference": ("model=lstm_element", "dataset=abs_difference", *OWN, *DIGITS),
    "mlp_plain_abs_difference": ("model=mlp_plain", "dataset=abs_difference", *OWN),
}

ROUNDING = 1e-6
"""Relative; another processor adds up in another order."""


def close(value: Any) -> Any:
    """What a number, or all numbers of a list, must be close to; anything else must be equal."""
    is_list = isinstance(value, list) and all(isinstance(item, float) for item in value)
    return pytest.approx(value, rel=ROUNDING) if isinstance(value, float) or is_list else value


@pytest.fixture(scope="module", params=list(RUNS))
def trained(
    request: pytest.FixtureRequest, compose: Callable[..., RunConfig], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Path]:
    """What a run gave, and the folder of the same run now."""
    folder = tmp_path_factory.mktemp("golden") / "run"
    run(Job(compose(*RUNS[request.param], *SIZES), folder))
    return json.loads((GOLDENS / f"{request.param}.json").read_text()), folder


def test_results_are_as_they_were(trained: tuple[dict[str, Any], Path]) -> None:
    golden, folder = trained
    result = json.loads((folder / "result.json").read_text())
    for key, value in golden["result"].items():
        assert result[key] == close(value), key


def test_histories_are_as_they_were(trained: tuple[dict[str, Any], Path]) -> None:
    golden, folder = trained
    for row, expected in zip(history.read(folder / "history.csv"), golden["history"], strict=True):
        for key, value in expected.items():
            assert row[key] == close(value), key


def test_events_are_as_they_were(trained: tuple[dict[str, Any], Path]) -> None:
    golden, folder = trained
    events = EventAccumulator(str(folder), size_guidance={"histograms": 0, "images": 0})
    events.Reload()
    for tag, expected in golden["scalars"].items():
        scalars = events.Scalars(tag)
        assert [scalar.step for scalar in scalars] == [step for step, _ in expected]
        assert [scalar.value for scalar in scalars] == close([value for _, value in expected]), tag
    for tag, expected in golden["histograms"].items():
        for event, (step, fields) in zip(events.Histograms(tag), expected, strict=True):
            assert event.step == step
            for name, value in fields.items():
                assert getattr(event.histogram_value, name) == close(value), (tag, name)
    for tag, steps in golden["images"].items():  # of every epoch then, of the last one now
        assert [image.step for image in events.Images(tag)] == steps[-1:]
