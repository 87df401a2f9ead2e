"""A run's folder read back as what it was started with, and the model that it trained; nothing here writes."""

from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnseq.contracts.model import Model
from attnseq.contracts.spec import Spec
from attnseq.core.keys import ConfigError
from attnseq.core.registry import Registry
from attnseq.datasets.config import DATASETS
from attnseq.models.config import MODELS
from attnseq.runs.config import RunConfig, TrainerConfig
from attnseq.training.checkpoint import Checkpoint, check_parameters
from attnseq.training.population import FlatModel

CONFIG = ".hydra/config.yaml"
"""In a run's folder."""

SCHEMAS: dict[str, Registry[Any]] = {"dataset": DATASETS, "model": MODELS}


def read_config(file: Path) -> RunConfig:
    """The typed config that a run wrote down.

    Args:
        file: `.hydra/config.yaml` in its folder.

    Raises:
        ConfigError: it is damaged, of another version, or asks for what is not here, such as a plugin's model.
        OSError: it cannot be read.
    """
    try:
        content = _content(file)
        values = {"plugins": []} | {name: value for name, value in content.items() if name not in SCHEMAS}
        values["trainer"] = _typed(TrainerConfig, content["trainer"])
        values |= {
            group: _typed(registry[content[group]["name"]], content[group]) for group, registry in SCHEMAS.items()
        }
        return RunConfig(**values)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ConfigError(f"damaged, or written by another version of attnseq ({problem})") from None
    except OmegaConfBaseException as error:
        line = str(error.msg).splitlines()[0] if error.msg else type(error).__name__
        raise ConfigError(f"damaged, or written by another version of attnseq ({line})") from None


def named_plugins(file: Path) -> list[str]:
    """The plugins that a run was trained with, whatever else its config says; none where it cannot be read."""
    try:
        return [str(name) for name in _content(file).get("plugins") or ()]
    except (OSError, yaml.YAMLError, AttributeError, TypeError):
        return []


def _content(file: Path) -> Any:
    return yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _typed(schema: type[Any], content: Any) -> Any:
    return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(schema), content))


def trained_model(config: RunConfig, spec: Spec, checkpoint: Checkpoint, file: Path) -> Model:
    """The model of a run as a checkpoint has it, on the CPU, its parameters under their names.

    Args:
        config: of the run.
        spec: of its task.
        checkpoint: of the run.
        file: the checkpoint's, for the error.

    Raises:
        CheckpointError: it is of a model with other parameters.
    """
    flat = FlatModel(config.model.build(spec))
    check_parameters(file, checkpoint, flat.shapes)
    flat.model.load_state_dict(flat.unflatten(checkpoint.state["parameters"]))
    return flat.model.eval()
