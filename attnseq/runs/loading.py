"""Reading a run's folder: the config that it was started with, and the model that it trained. Nothing here writes."""

import json
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnseq.contracts.model import Model
from attnseq.contracts.task import Task
from attnseq.core.keys import ConfigError
from attnseq.core.registry import Registry
from attnseq.datasets.config import DATASETS, DatasetConfig
from attnseq.models.config import MODELS
from attnseq.runs.config import RunConfig, TrainerConfig
from attnseq.runs.folder import FACTS
from attnseq.runs.model import build_model
from attnseq.training.checkpoint import Checkpoint, check_parameters
from attnseq.training.population import FlatModel

CONFIG = ".hydra/config.yaml"
"""The path of the config in a run's folder."""

SCHEMAS: dict[str, Registry[Any]] = {"dataset": DATASETS, "model": MODELS}


def read_config(file: Path) -> RunConfig:
    """Read the typed config of a run.

    Args:
        file: `.hydra/config.yaml` in its folder.

    Raises:
        ConfigError: the file is damaged or of another version, or names what is not here, such as a plugin's model.
        OSError: the file cannot be read.
    """
    try:
        content = _content(file)
        values = {"plugins": []} | {name: value for name, value in content.items() if name not in SCHEMAS}
        values["trainer"] = _typed(TrainerConfig, content["trainer"])
        values |= {
            group: _typed(registry[content[group]["name"]], content[group]) for group, registry in SCHEMAS.items()
        }
        _recall(values["dataset"], file.parent.parent / FACTS)
        return RunConfig(**values)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ConfigError(f"damaged, or written by another version of attnseq ({problem})") from None
    except OmegaConfBaseException as error:
        line = str(error.msg).splitlines()[0] if error.msg else type(error).__name__
        raise ConfigError(f"damaged, or written by another version of attnseq ({line})") from None


def _recall(dataset: DatasetConfig, file: Path) -> None:
    """Give a dataset the task that a run kept the facts of, if it did: the files that it was read from may be gone."""
    if not file.is_file():
        return
    try:
        facts = json.loads(file.read_bytes())
    except ValueError as error:
        raise ConfigError(f"{file.name}: damaged ({type(error).__name__})") from None
    dataset.task = dataset.recall(facts)


def named_plugins(file: Path) -> list[str]:
    """List the plugins that a run was trained with, whatever the rest of its config is; [] if it cannot be read."""
    try:
        return [str(name) for name in _content(file).get("plugins") or ()]
    except (OSError, yaml.YAMLError, AttributeError, TypeError):
        return []


def _content(file: Path) -> Any:
    return yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _typed(schema: type[Any], content: Any) -> Any:
    return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(schema), content))


def trained_model(config: RunConfig, task: Task, checkpoint: Checkpoint, file: Path) -> Model:
    """Build the model of a run with the parameters of a checkpoint, on the CPU.

    Args:
        config: of the run.
        task: that it learns.
        checkpoint: of the run.
        file: of the checkpoint, for the error's message.

    Raises:
        CheckpointError: the checkpoint is of a model with other parameters.
    """
    flat = FlatModel(build_model(config.model, task))
    check_parameters(file, checkpoint, flat.shapes)
    flat.model.load_state_dict(flat.unflatten(checkpoint.state["parameters"]))
    return flat.model.eval()
