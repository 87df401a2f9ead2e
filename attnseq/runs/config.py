"""The typed schema of a whole run, made known to Hydra. YAML files in `conf/` hold the values.

A dataset's or model's own schema stands in its own file, or beside it in one that needs no PyTorch: the file's name is
the choice's name on the command line. What says which values are allowed may need it, and is asked when values are
checked, so that `--help` does without.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

import attnseq.datasets
import attnseq.models
from attnseq.core.keys import ConfigError, DatasetConfig, ModelConfig, check_choice, check_range
from attnseq.runs.naming import config_directory
from attnseq.training.order import ORDERS

COMPILE = ("auto", "true", "false")


@dataclass
class TrainerConfig:
    """How a model is trained."""

    name: str = MISSING
    epochs: int = MISSING
    batch_size: int = MISSING
    learning_rate: float = MISSING
    beta1: float = MISSING
    beta2: float = MISSING
    epsilon: float = MISSING
    weight_noise: float = MISSING
    adam: str = MISSING
    order: str = MISSING
    compile: str = MISSING
    checkpoint_minutes: float = MISSING

    def __post_init__(self) -> None:
        from attnseq.training.optimizer import FORMS

        check_range("trainer.epochs", self.epochs, 1, 1_000_000)
        check_range("trainer.batch_size", self.batch_size, 1, 1_000_000)
        check_range("trainer.learning_rate", self.learning_rate, 0, open_low=True)
        check_range("trainer.beta1", self.beta1, 0, 0.999999)
        check_range("trainer.beta2", self.beta2, 0, 0.999999)
        check_range("trainer.epsilon", self.epsilon, 0, open_low=True)
        check_range("trainer.weight_noise", self.weight_noise, 0)
        check_choice("trainer.adam", self.adam, FORMS)
        check_choice("trainer.order", self.order, ORDERS)
        self.compile = self.compile.lower()  # YAML's true and false arrive as Python writes them
        check_choice("trainer.compile", self.compile, COMPILE)
        check_range("trainer.checkpoint_minutes", self.checkpoint_minutes, 0, open_low=True)


@dataclass
class RunConfig:
    """A whole run."""

    name: str = MISSING
    seed: int = MISSING
    device: str = MISSING
    overwrite: bool = MISSING
    dataset: DatasetConfig = MISSING
    model: ModelConfig = MISSING
    trainer: TrainerConfig = MISSING

    def __post_init__(self) -> None:
        check_range("seed", self.seed, 0, 2**32 - 1)
        odd = self.name in ("", ".", "..") or any(character in self.name for character in "/\\:")
        if odd or len(self.name) > 100 or self.name.startswith("~"):
            allowed = "a folder name of 1 to 100 characters, without / \\ :, and no ~ first"
            raise ConfigError(f"name={self.name}: must be {allowed}")
        if not self.model.in_notebook:
            for key, value, other in (
                ("model.init", self.model.init, "keras"),
                ("trainer.order", self.trainer.order, "random"),
            ):
                if value == "tutorial":
                    raise ConfigError(f"{key}=tutorial: the notebook has no {self.model.name}; must be {other}")


def register() -> None:
    """Make the schemas known to Hydra, under `schema/` so that they are not offered as choices of a group."""
    store = ConfigStore.instance()
    store.store(group="schema", name="run", node=RunConfig)
    store.store(group="schema", name="trainer", node=TrainerConfig)
    for group, package, base in (("dataset", attnseq.datasets, DatasetConfig), ("model", attnseq.models, ModelConfig)):
        for name, schema in discover(group, package, base).items():
            store.store(group=f"schema/{group}", name=name, node=schema)


def discover(group: str, package: ModuleType, base: type) -> dict[str, type]:
    """The config classes of a group's choices.

    Args:
        group: in `conf/`, whose YAML files are the choices.
        package: where that of a choice `name` stands in `name_config.py`, or else in `name.py`.
        base: of the config classes.

    Returns:
        From a choice's name to the subclass of `base` that is defined for it; none for a preset, which has no file.
    """
    files = {module_info.name for module_info in pkgutil.iter_modules(package.__path__)}
    found = {}
    for choice in sorted(path.stem for path in (config_directory() / group).glob("*.yaml")):
        file = next((file for file in (f"{choice}_config", choice) if file in files), None)
        if file is None:
            continue
        module = importlib.import_module(f"{package.__name__}.{file}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__:
                found[choice] = value
    return found
