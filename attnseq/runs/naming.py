"""A run's variant: a short, readable name that the same config always gets."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnseq.datasets.config import DATASETS
from attnseq.runs.base_run import base_digest
from attnseq.runs.config import RunConfig
from attnseq.runs.config_files import Folders, own_folders, shipped_values

UNNAMED = {"trainer": ("compile", "checkpoint_minutes")}
"""Keys of a group that do not decide a run's result."""

PATHS = ("path", "base_run")
"""Keys whose values are paths, of which a name has the last part."""

AUTO = "auto"
"""A value that chooses nothing, and so stands in no name."""

USUAL = {"dataset": "abs_difference", "trainer": "tutorial"}
"""Shipped choices whose values are usual, for files that build on none."""

OUTPUTS, EARLIER = "outputs", "tutorial"
"""The folder of all runs, as conf/config.yaml has it, and the one in it that runs of every dataset had by default."""

LONGEST = 120
"""Characters of a name; a longer one is cut, and ends with a digest."""


def variant_name(config: Mapping[str, Any] | DictConfig, own: Folders = ()) -> str:
    """Name a run's variant by its model, and by every value that differs from its group's YAML file.

    Values of a user's own file are compared with the shipped file that it builds on. Where there is none, they are
    compared with those of `USUAL`; keys that it does not have are named unless their value is "auto". Seed, device and
    whatever else does not decide the result are left out. Keys that say how a file is read are in it as a digest.

    Args:
        config: composed, or a `RunConfig` as a dictionary; keys dataset, model and trainer, each with the `name` of its
            YAML file.
        own: folders of the user's own configs.

    Returns:
        Such as "lstm_attention", "lstm_attention,attention=element" or "mlp_attention,fast,learning_rate=0.001".
    """
    parts = [str(config["model"]["name"])]
    parts += [str(config[group]["name"]) for group in ("dataset", "trainer") if config[group]["name"] != "tutorial"]
    for group in ("model", "dataset", "trainer"):
        defaults = shipped_values(group, config[group]["name"], own)
        if not defaults and group in USUAL:
            defaults = shipped_values(group, USUAL[group])
        differing = {key: value for key, value in config[group].items() if not _same(value, defaults.get(key, AUTO))}
        of_file = {key: differing.pop(key) for key in _form_keys(config) if group == "dataset" and key in differing}
        for key, value in differing.items():
            if key != "name" and key not in UNNAMED.get(group, ()):
                shown = key if key != "seed" else f"{group}_seed"
                parts.append(f"{shown}={_text(value, is_path=key in PATHS)}")
        if of_file:
            parts.append(f"form={_digest(str(sorted((key, str(value)) for key, value in of_file.items())))[:4]}")
    if measured := config.get("metrics"):
        parts.append(f"metrics={_text(measured)}")
    name = ",".join(parts)
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9]}-{_digest(name)}"


def result_config(config: Any) -> str:
    """Write the part of a checked config that decides a run's result as JSON: equal texts mean the same run.

    Args:
        config: a `RunConfig`.

    Raises:
        ConfigError: its base run cannot be read.
    """
    content: dict[str, Any] = asdict(config)
    if fingerprint := config.dataset.task.fingerprint():  # since an edited file makes another run
        content["dataset"]["fingerprint"] = fingerprint
    for key in config.dataset.places:
        content["dataset"].pop(key)
    content["trainer"].pop("base_run")
    if base := base_digest(config):  # wherever it lies; trained otherwise it makes another run
        content["trainer"]["base_fingerprint"] = base
    for key in ("name", "device", "overwrite", "plugins"):
        content.pop(key)
    for group, keys in UNNAMED.items():
        for key in keys:
            content[group].pop(key)
    return json.dumps(content, sort_keys=True)


def usual_name(config: DictConfig) -> str:
    """Name the folder of related runs where the user does not: by the dataset.

    Runs of every dataset were in the folder `EARLIER` once. One that is there, begun or finished, and has this
    config, stays there.

    Args:
        config: composed.
    """
    name, run = (
        str(config["dataset"]["name"]),
        f"{variant_name(config, own_folders(config))}/seed={OmegaConf.select(config, 'seed')}",
    )
    earlier = Path(OUTPUTS, EARLIER, run)
    begun = any((earlier / file).exists() for file in ("result.json", "checkpoint.pt"))
    if name == EARLIER or not begun or Path(OUTPUTS, name, run).exists():
        return name
    return EARLIER if _goes_on(earlier, config) else name


def register() -> None:
    """Register `${attnseq.variant:}` and `${attnseq.usual_name:}` with OmegaConf."""
    OmegaConf.register_new_resolver("attnseq.usual_name", lambda *, _root_: usual_name(_root_), replace=True)
    OmegaConf.register_new_resolver(
        "attnseq.variant", lambda *, _root_: variant_name(_root_, own_folders(_root_)), replace=True
    )


def _goes_on(folder: Path, config: DictConfig) -> bool:
    """Tell whether a run with this config would skip, or go on from, what is in a folder, and not refuse it."""
    from attnseq.runs.folder import RunFolder, RunFolderError  # with PyTorch, which is not needed where nothing is
    from attnseq.training.checkpoint import CheckpointError

    values: dict[str, Any] = {str(key): config[key] for key in config if key not in ("hydra", "name")}
    try:
        values |= {key: OmegaConf.to_object(value) for key, value in values.items() if OmegaConf.is_config(value)}
        its = RunFolder(folder, result_config(RunConfig(**values, name=EARLIER)))
        return its.result() is not None or its.load_checkpoint() is not None
    except (RunFolderError, CheckpointError):
        return False
    except (ValueError, TypeError, OSError, OmegaConfBaseException):  # a bad value is told where the config is checked
        return False


def _form_keys(config: Mapping[str, Any] | DictConfig) -> tuple[str, ...]:
    """Return the keys of a dataset that a name has a digest of, see `DatasetConfig.form`."""
    name = str(config["dataset"]["name"])
    return DATASETS[name].form if name in DATASETS.names() else ()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, float) and default not in (None, AUTO):
        return float(default) == value  # convert, since YAML 1.1 reads 1e-3 as text
    return bool(value == default)


def _text(value: Any, is_path: bool = False) -> str:
    """Write a value so that it can be part of a folder's name; of a path its last part."""
    if OmegaConf.is_list(value) or isinstance(value, list | tuple):
        return ".".join(_text(item) for item in value)
    text = re.split(r"[/\\:]", str(value).rstrip("/\\"))[-1] if is_path else str(value)
    return re.sub(r'[/\\:*?"<>|]', "_", text)
