"""Folders of runs that nobody trained, for tests of what reads them."""

from __future__ import annotations

import copy
import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import yaml

CONFIG: dict[str, Any] = {
    "dataset": {"name": "tutorial", "train_size": 300000, "validation_size": 10000, "test_size": 10000, "seed": 1337},
    "trainer": {
        "name": "tutorial",
        "epochs": 3,
        "batch_size": 32,
        "learning_rate": 0.001,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-7,
        "adam": "keras",
        "order": "tutorial",
    },
}
MODELS: dict[str, dict[str, Any]] = {
    "mlp_attention": {"name": "mlp_attention", "hidden_size": 10, "init": "keras"},
    "lstm_attention": {"name": "lstm_attention", "hidden_size": 64, "attention": "time", "init": "keras"},
}
RELEVANCE_T = [0, 100, 10, 1, 0, 100, 10, 1, 0, 0]


def run_config(model: str = "mlp_attention", seed: int = 1, **changes: Any) -> dict[str, Any]:
    """What decides a run's result; `changes` by dotted key with `__` for the dot, such as trainer__learning_rate."""
    config = copy.deepcopy(CONFIG | {"model": MODELS[model], "seed": seed})
    for key, value in changes.items():
        group, _, name = key.partition("__")
        config[group][name] = value
    return config


def write_run(
    folder: Path,
    config: dict[str, Any] | None = None,
    *,
    loss: float | None = None,
    relevance_T: list[float] | None = None,
    result: dict[str, Any] | None = None,
) -> Path:
    """A finished run; numbers follow from the config unless given.

    Args:
        folder: of the run; made.
        config: of `run_config`.
        loss: on the validation samples; that on the test samples is a tenth larger.
        relevance_T: exact relevance of each position.
        result: entries that replace others, or None to leave one out.

    Returns:
        The folder.
    """
    config = config or run_config()
    relevance = RELEVANCE_T if relevance_T is None else relevance_T
    random = np.random.default_rng(zlib.crc32(json.dumps(config).encode()))
    loss = float(0.01 * random.lognormal(0.0, 0.1)) if loss is None else loss
    attention_T = random.dirichlet(np.array(relevance, dtype=float) + 20.0)
    epochs = config["trainer"]["epochs"]
    content = {
        "status": "finished",
        "variant": config["model"]["name"],
        "seed": config["seed"],
        "epochs": epochs,
        "diverged": None,
        "loss/train": loss * 0.9,
        "loss/validation": loss,
        "loss/test": loss * 1.1,
        "mae/test": 1e3 * loss**0.5,
        "exact/test": 0.01,
        "attention/mean": attention_T.tolist(),
        "attention/entropy": float(-(attention_T * np.log(attention_T)).sum()),
        "attention/relevance": relevance,
        "parameters": 231,
        "device": "cpu",
        "microseconds_per_sample": 4.0,
        "versions": {"python": "3.11.9", "torch": "2.13.0", "attnseq": "0.1.0"},
        "seconds": 10.0,
        "config": config,
    } | (result or {})
    write_unfinished(folder, config, epochs, last_loss=loss)
    (folder / "result.json").write_text(json.dumps({key: value for key, value in content.items() if value is not ...}))
    return folder


def written_at(folder: Path, time: float) -> None:
    """Say that all files of a run were written at that time, in seconds since 1970."""
    for file in filter(Path.is_file, folder.iterdir()):
        os.utime(file, (time, time))


def write_diverged(folder: Path, config: dict[str, Any]) -> Path:
    """A run whose loss was not finite from its second epoch on."""
    lost = dict.fromkeys(("loss/train", "loss/validation", "loss/test", "mae/test"))
    where = {"epoch": 2, "step": 7}
    return write_run(folder, config, result={"status": "diverged", "diverged": where, "epochs": 1, **lost})


def write_unfinished(folder: Path, config: dict[str, Any], epochs: int, last_loss: float = 0.01) -> Path:
    """A run that was stopped after some epochs; its config has keys that decide no result, as Hydra writes them."""
    (folder / ".hydra").mkdir(parents=True)
    trainer = config["trainer"] | {"compile": "auto", "checkpoint_minutes": 5.0}
    hydra = config | {"trainer": trainer, "name": "experiment", "device": "auto", "overwrite": False}
    (folder / ".hydra" / "config.yaml").write_text(yaml.safe_dump(hydra))
    rows = [
        f"{epoch},{last_loss * epochs / epoch!r},{last_loss * epochs / epoch!r},1.5" for epoch in range(1, epochs + 1)
    ]
    (folder / "history.csv").write_text("\n".join(["epoch,loss/train,loss/validation,seconds", *rows, ""]))
    return folder
