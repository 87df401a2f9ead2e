"""Configs of runs that a test trains in a moment, for every choice of dataset and model that the registries hold."""

from functools import cache
from itertools import product
from typing import Any

from omegaconf import OmegaConf

from attnseq.datasets.config import DATASETS, DatasetConfig
from attnseq.models.config import MODELS, ModelConfig
from attnseq.runs.config import RunConfig, TrainerConfig
from attnseq.runs.config_files import config_directory

SMALL: dict[str, dict[str, Any]] = {
    "": {"name": "tiny", "seed": 1, "device": "cpu", "overwrite": False, "metrics": []},
    "dataset": {"train_size": 100, "validation_size": 30, "test_size": 20},
    "model": {"hidden_size": 6, "heads": 2, "feed_forward_size": 5},
    "trainer": {"epochs": 2, "batch_size": 16, "learning_rate": 1e-2, "compile": "false"},
}
"""By group, what replaces the values of its YAML file, where the choice has such a key."""

TABLE = {"path": "example:sunspots", "target": "SUNACTIVITY", "time": "YEAR", "window": 10}
"""What replaces those of the dataset that is read from a file."""


def tiny_config(dataset: str = "abs_difference", model: str = "mlp_attention", **changes: Any) -> RunConfig:
    """The checked config of a run: 100 samples, 2 epochs of 7 steps, uncompiled, on the CPU.

    Args:
        dataset: a choice of `dataset=`.
        model: a choice of `model=`, such as lstm_element.
        changes: by dotted key, such as `**{"trainer.epochs": 3, "seed": 2}`.
    """
    groups: dict[str, dict[str, Any]] = {"": {}, "dataset": {}, "model": {}, "trainer": {}}
    for key, value in changes.items():
        group, _, name = key.rpartition(".")
        groups[group][name] = value
    return RunConfig(
        dataset=tiny_dataset(dataset, **groups["dataset"]),
        model=tiny_model(model, **groups["model"]),
        trainer=TrainerConfig(**_values("trainer", "fast") | groups["trainer"]),
        **SMALL[""] | groups[""],
    )


def tiny_dataset(choice: str, **changes: Any) -> DatasetConfig:
    """The config of a dataset; changes by key."""
    values = _values("dataset", choice)
    return DATASETS[values["name"]](**values | changes)


def tiny_model(choice: str, **changes: Any) -> ModelConfig:
    """The config of a model; changes by key."""
    values = _values("model", choice)
    return MODELS[values["name"]](**values | changes)


@cache
def pairs() -> list[tuple[str, str]]:
    """Every dataset with every model that takes it, by their registered names."""
    specs = {dataset: tiny_dataset(dataset).task.spec for dataset in DATASETS.names()}
    return [
        (dataset, model) for dataset, model in product(specs, MODELS.names()) if MODELS[model].takes(specs[dataset])
    ]


def choices(group: str) -> list[str]:
    """The names of a group's YAML files."""
    return sorted(path.stem for path in (config_directory() / group).glob("*.yaml"))


def _values(group: str, choice: str) -> dict[str, Any]:
    """Of a YAML file and of those that it builds on, made small."""
    shipped: Any = OmegaConf.to_container(OmegaConf.load(config_directory() / group / f"{choice}.yaml"))
    values: dict[str, Any] = {}
    for base in shipped.pop("defaults"):
        if isinstance(base, str) and base != "_self_" and not base.startswith("/"):
            values |= _values(group, base)
    values |= shipped
    small = TABLE if (group, choice) == ("dataset", "table") else SMALL[group]
    return values | {key: value for key, value in small.items() if key in values}
