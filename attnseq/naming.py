"""A run's variant: a short, readable name that the same config always gets."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

UNNAMED = {"trainer": ("compile", "checkpoint_minutes")}
"""Keys of a group that do not decide a run's result."""

LONGEST = 120
"""Characters; a longer name is cut, and told from others by a digest."""


def config_directory() -> Path:
    """The folder of the YAML files: `conf/` beside the package in a checkout, `attnseq/conf/` where it is installed."""
    package = Path(__file__).resolve().parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


def variant_name(config: Mapping[str, Any] | DictConfig) -> str:
    """What tells this run's variant from others: its model, and every value that its group's YAML file does not have.

    Seed, device and what else does not decide the result is left out.

    Args:
        config: composed, or a `RunConfig` as a dictionary; keys dataset, model and trainer, each with the `name` of its
            YAML file.

    Returns:
        Such as "lstm_attention", "lstm_attention,attention=element" or "mlp_attention,fast,learning_rate=0.001".
    """
    parts = [str(config["model"]["name"])]
    parts += [str(config[group]["name"]) for group in ("dataset", "trainer") if config[group]["name"] != "tutorial"]
    for group in ("model", "dataset", "trainer"):
        defaults = file_values(group, config[group]["name"])
        for key, value in config[group].items():
            if key != "name" and key not in UNNAMED.get(group, ()) and not _same(value, defaults.get(key)):
                shown = key if key != "seed" else f"{group}_seed"
                parts.append(f"{shown}={_text(value)}")
    name = ",".join(parts)
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LONGEST - 9]}-{digest}"


def result_config(config: Any) -> str:
    """The part of a checked config that decides a run's result, as JSON: two runs with the same text are the same.

    Args:
        config: a `RunConfig`.
    """
    content: dict[str, Any] = asdict(config)
    for key in ("name", "device", "overwrite"):
        content.pop(key)
    for group, keys in UNNAMED.items():
        for key in keys:
            content[group].pop(key)
    return json.dumps(content, sort_keys=True)


def register() -> None:
    """Make `${attnseq.variant:}` known to OmegaConf."""
    OmegaConf.register_new_resolver("attnseq.variant", lambda *, _root_: variant_name(_root_), replace=True)


@lru_cache
def file_values(group: str, choice: str) -> Mapping[str, Any]:
    """The values of a choice's YAML file; none where it is one of --config-dir, so that it names all its values."""
    file = config_directory() / group / f"{choice}.yaml"
    content: Any = OmegaConf.load(file) if file.is_file() else {}
    return dict(content.items())


def name_of_choice(group: str, choice: str) -> str:
    """What a choice is called: as its file, and a preset such as lstm_plain as the choice that it builds on."""
    values = file_values(group, choice)
    if "name" in values or not values:
        return choice
    return name_of_choice(group, next(parent for parent in values["defaults"] if isinstance(parent, str)))


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, float) and default is not None:
        return float(default) == value  # YAML 1.1 reads 1e-3 as text
    return bool(value == default)


def _text(value: Any) -> str:
    if OmegaConf.is_list(value) or isinstance(value, list | tuple):
        return ".".join(str(item) for item in value)
    return str(value)
