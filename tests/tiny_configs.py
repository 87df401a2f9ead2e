"""Configs of runs that a test trains in a moment, for every choice of dataset and model that the registries hold."""

from typing import Any

from omegaconf import OmegaConf

from attnseq.datasets.config import DATASETS
from attnseq.models.config import MODELS
from attnseq.runs.config import RunConfig, TrainerConfig
from attnseq.runs.naming import config_directory

SMALL: dict[str, dict[str, Any]] = {
    "": {"name": "tiny", "seed": 1, "device": "cpu", "overwrite": False},
    "dataset": {"train_size": 100, "validation_size": 30, "test_size": 20},
    "model": {"hidden_size": 6},
    "trainer": {"epochs": 2, "batch_size": 16, "learning_rate": 1e-2, "compile": "false"},
}
"""By group, what replaces the values of its YAML file, where the choice has such a key."""


def tiny_config(dataset: str = "abs_difference", model: str = "mlp_attention", **changes: Any) -> RunConfig:
    """The checked config of a run: 100 samples, 2 epochs of 7 steps, uncompiled, on the CPU.

    Args:
        dataset: its name in `DATASETS`.
        model: its name in `MODELS`.
        changes: by dotted key, such as `**{"trainer.epochs": 3, "seed": 2}`.
    """
    values: dict[str, dict[str, Any]] = {"": SMALL[""].copy()}
    for group, choice in (("dataset", dataset), ("model", model), ("trainer", "fast")):
        shipped: Any = OmegaConf.to_container(OmegaConf.load(config_directory() / group / f"{choice}.yaml"))
        del shipped["defaults"]
        values[group] = shipped | {key: value for key, value in SMALL[group].items() if key in shipped}
    for key, value in changes.items():
        group, _, name = key.rpartition(".")
        values[group][name] = value
    return RunConfig(
        dataset=DATASETS[dataset](**values["dataset"]),
        model=MODELS[model](**values["model"]),
        trainer=TrainerConfig(**values["trainer"]),
        **values[""],
    )
