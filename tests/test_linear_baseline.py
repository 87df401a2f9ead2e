"""The linear baseline finds what is linear, exactly, and says in one line what it cannot take."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tiny_configs import tiny_dataset

from attnseq.core.keys import ConfigError

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


@pytest.fixture(scope="module")
def baseline() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPTS)
        return importlib.import_module("linear_baseline")


def test_a_sum_is_learnt_and_a_class_that_a_sum_decides(baseline: ModuleType, tmp_path: Path) -> None:
    values_NxT = np.random.default_rng(0).normal(3, 2, (80, 3))
    sums_N = values_NxT @ [1, -2, 4] + 7
    rows = [
        f"{a!r},{b!r},{c!r},{total!r},{'more' if total > 16 else 'less'}"
        for (a, b, c), total in zip(values_NxT.tolist(), sums_N.tolist(), strict=True)
    ]
    (tmp_path / "mine.csv").write_text("\n".join(["a,b,c,sum,size", *rows]) + "\n")
    keys = {"path": str(tmp_path / "mine.csv"), "features": ["a", "b", "c"], "time": "", "window": 0}
    penalty, found = baseline.measured(tiny_dataset("table", **keys, target="sum").task)
    assert penalty == baseline.PENALTIES[0]
    assert found["mae"] < 1e-4
    assert found["r2"] == pytest.approx(1)
    assert baseline.measured(tiny_dataset("table", **keys, target="size").task)[1]["accuracy"] > 0.8


def test_a_ridge_is_what_its_definition_says(baseline: ModuleType) -> None:
    numbers = np.random.default_rng(1)
    inputs_NxI, outputs_NxO = numbers.normal(size=(30, 4)), numbers.normal(size=(30, 2))

    def cost(weights_IxO: np.ndarray, biases_O: np.ndarray) -> float:
        return float(((inputs_NxI @ weights_IxO + biases_O - outputs_NxO) ** 2).sum() + 3 * (weights_IxO**2).sum())

    weights_IxO, biases_O = baseline.ridge(inputs_NxI, outputs_NxO, 3.0)
    least = cost(weights_IxO, biases_O)
    for _ in range(20):
        assert cost(weights_IxO + 1e-3 * numbers.normal(size=(4, 2)), biases_O) > least
        assert cost(weights_IxO, biases_O + 1e-3 * numbers.normal(size=2)) > least


def test_sequences_as_answers_are_refused(baseline: ModuleType) -> None:
    with pytest.raises(ConfigError, match="not of answers that are sequences"):
        baseline.measured(tiny_dataset("reverse").task)


def test_the_command_prints_a_line(baseline: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    baseline.main(["experiment=sunspots"])
    out = capsys.readouterr().out
    assert out.startswith("mae/test ")
    assert out.count("\n") == 1
