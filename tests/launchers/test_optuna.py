"""Hydra's Optuna sweeper as a command: its batches train as populations, and it is told what each run reached."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
TRIALS, BATCH = 6, 3

SWEEPER = "hydra_plugins.hydra_optuna_sweeper"
needs_optuna = pytest.mark.skipif(
    importlib.util.find_spec(SWEEPER) is None, reason="Optuna's sweeper is not installed (extra optuna)"
)


@needs_optuna
def test_trials_train_as_populations_and_the_best_one_is_found(folder: Path) -> None:
    overrides = [
        *("hydra/sweeper=optuna", f"hydra.sweeper.n_trials={TRIALS}", f"hydra.sweeper.n_jobs={BATCH}"),
        *("hydra.sweeper.sampler.seed=1", "trainer.learning_rate=tag(log, interval(1e-4, 1e-1))"),
        *("device=cpu", "dataset.train_size=500", "dataset.validation_size=64", "dataset.test_size=64"),
        *("trainer.epochs=1", "trainer.compile=false", "name=search"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "attnseq.train", "-m", *overrides],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"{BATCH} runs, one program") == TRIALS // BATCH
    results = [json.loads(path.read_text()) for path in (folder / "outputs" / "search").rglob("result.json")]
    reached = {result["config"]["trainer"]["learning_rate"]: result["loss/validation"] for result in results}
    assert len(reached) == TRIALS
    assert all(1e-4 <= rate <= 1e-1 for rate in reached)
    found = yaml.safe_load((folder / "outputs" / "search" / "optimization_results.yaml").read_text())
    assert found["best_value"] == min(reached.values())
    assert reached[found["best_params"]["trainer.learning_rate"]] == found["best_value"]
