"""Hydra's Optuna sweeper as a command: its batches train as populations, and it is told what each run reached."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
TRIALS, BATCH = 6, 3

SWEEPER = "hydra_plugins.hydra_optuna_sweeper"
needs_optuna = pytest.mark.skipif(
    importlib.util.find_spec(SWEEPER) is None, reason="Optuna's sweeper is not installed (extra optuna)"
)


def search(folder: Path, *more: str, killed_after: int | None = None) -> str:
    """A study over learning rates; what it printed. `killed_after`: results, after which the process dies."""
    overrides = [
        *("hydra/sweeper=optuna", f"hydra.sweeper.n_trials={TRIALS}", f"hydra.sweeper.n_jobs={BATCH}"),
        *("trainer.learning_rate=tag(log, interval(1e-4, 1e-1))", "name=search"),
        *("device=cpu", "dataset.train_size=500", "dataset.validation_size=64", "dataset.test_size=64"),
        *("trainer.epochs=1", "trainer.compile=false"),
    ]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "-m", *overrides, *more],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KILLED_AFTER": str(killed_after or 0)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (9 if killed_after else 0), done.stderr
    return done.stdout


COMMAND = """
import os
from attnseq import train
from attnseq.runs.folder import RunFolder

write, results, last = RunFolder.write_result, [], int(os.environ["KILLED_AFTER"])

def write_result(self, result):
    results.append(result)
    if last and len(results) > last:
        os._exit(9)
    return write(self, result)

RunFolder.write_result = write_result
train.main()
"""


def results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((folder / "outputs/search").rglob("result.json"))]


def found(folder: Path) -> Any:
    return yaml.safe_load((folder / "outputs/search/optimization_results.yaml").read_text())


def reached(folder: Path) -> dict[float, list[float]]:
    """Validation losses by learning rate."""
    losses: dict[float, list[float]] = {}
    for result in results(folder):
        losses.setdefault(result["config"]["trainer"]["learning_rate"], []).append(result["loss/validation"])
    return losses


@needs_optuna
def test_trials_train_as_populations_and_the_best_one_is_found(folder: Path) -> None:
    out = search(folder, "hydra.sweeper.sampler.seed=1")
    assert out.count(f"{BATCH} runs, one program") == TRIALS // BATCH
    losses = reached(folder)
    assert len(losses) == TRIALS
    assert all(1e-4 <= rate <= 1e-1 for rate in losses)
    assert found(folder)["best_value"] == min(loss for (loss,) in losses.values())
    assert losses[found(folder)["best_params"]["trainer.learning_rate"]] == [found(folder)["best_value"]]


@needs_optuna
def test_a_trial_may_be_the_mean_over_seeds_of_one_population(folder: Path) -> None:
    out = search(folder, "hydra.launcher.seeds=4", "seed=7")
    assert out.count(f"{4 * BATCH} runs, one program") == TRIALS // BATCH
    losses = reached(folder)
    assert len(losses) == TRIALS
    assert {result["seed"] for result in results(folder)} == {7, 8, 9, 10}
    assert all(len(of_rate) == 4 for of_rate in losses.values())
    best = min(losses, key=lambda rate: fmean(losses[rate]))
    assert found(folder)["best_params"]["trainer.learning_rate"] == best
    assert found(folder)["best_value"] == pytest.approx(fmean(losses[best]), rel=1e-12)


@needs_optuna
def test_the_same_command_goes_on_with_an_interrupted_study(folder: Path, tmp_path: Path) -> None:
    search(folder, killed_after=BATCH)  # at the end of its second batch, before anything of it is written
    assert len(results(folder)) == BATCH
    out = search(folder)
    assert len(reached(folder)) == TRIALS
    assert f"{BATCH} of {BATCH} runs are finished" in out
    (tmp_path / "whole").mkdir()
    search(tmp_path / "whole")
    assert found(folder) == found(tmp_path / "whole")
    assert reached(folder) == reached(tmp_path / "whole")
