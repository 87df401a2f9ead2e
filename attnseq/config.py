"""The typed schema of every config group. YAML files in `conf/` hold the values; types and legal ranges stand here.

Each dataclass checks its values when `OmegaConf.to_object` makes an instance of it, and names the key that is wrong.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from attnseq.datasets.abs_difference import SPLIT_RULES
from attnseq.datasets.task import AbsDifference
from attnseq.models.attention import ATTENTIONS
from attnseq.models.lstm import RECURRENT_ACTIVATIONS
from attnseq.models.weights import INITS
from attnseq.training.optimizer import FORMS
from attnseq.training.order import ORDERS

COMPILE = ("auto", "true", "false")


class ConfigError(ValueError):
    """A value that the config does not allow; the message is one line that names the key and what is allowed."""


def check_range(key: str, value: float, low: float, high: float = math.inf, open_low: bool = False) -> None:
    """Raise ConfigError unless low <= value <= high (low < value where `open_low`); NaN never passes."""
    if (low < value if open_low else low <= value) and value <= high:
        return
    bound = f"> {low}" if open_low else f">= {low}"
    raise ConfigError(f"{key}={value}: must be {bound}" + (f" and <= {high}" if high < math.inf else ""))


def check_choice(key: str, value: str, choices: Collection[str]) -> None:
    """Raise ConfigError unless value is one of choices."""
    if value not in choices:
        raise ConfigError(f"{key}={value}: must be one of {', '.join(choices)}")


@dataclass
class DatasetConfig:
    """What every dataset has."""

    name: str = MISSING
    train_size: int = MISSING
    validation_size: int = MISSING
    test_size: int = MISSING
    seed: int = MISSING

    def __post_init__(self) -> None:
        for key in ("train_size", "validation_size", "test_size"):
            check_range(f"dataset.{key}", getattr(self, key), 1)
        check_range("dataset.seed", self.seed, 0, 2**32 - 1)

    @property
    def task(self) -> AbsDifference:
        return AbsDifference()


@dataclass
class TutorialConfig(DatasetConfig):
    """The notebook's own samples."""


@dataclass
class AbsDifferenceConfig(DatasetConfig):
    """The general task."""

    length: int = MISSING
    base: int = MISSING
    left: list[int] = MISSING
    right: list[int] = MISSING
    split: str = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("dataset.split", self.split, SPLIT_RULES)
        try:
            _ = self.task
        except ValueError as error:
            raise ConfigError(str(error)) from None

    @property
    def task(self) -> AbsDifference:
        return AbsDifference(self.length, self.base, tuple(self.left), tuple(self.right))


@dataclass
class ModelConfig:
    """What every model has."""

    name: str = MISSING
    hidden_size: int = MISSING
    init: str = MISSING

    def __post_init__(self) -> None:
        check_range("model.hidden_size", self.hidden_size, 1, 65_536)
        check_choice("model.init", self.init, INITS)


@dataclass
class MLPAttentionConfig(ModelConfig):
    """The multilayer perceptron."""


@dataclass
class LSTMAttentionConfig(ModelConfig):
    """The LSTM."""

    attention: str = MISSING
    recurrent_activation: str = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("model.attention", self.attention, ATTENTIONS)
        check_choice("model.recurrent_activation", self.recurrent_activation, RECURRENT_ACTIVATIONS)


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
    adam: str = MISSING
    order: str = MISSING
    compile: str = MISSING
    checkpoint_minutes: float = MISSING

    def __post_init__(self) -> None:
        check_range("trainer.epochs", self.epochs, 1)
        check_range("trainer.batch_size", self.batch_size, 1)
        check_range("trainer.learning_rate", self.learning_rate, 0, open_low=True)
        check_range("trainer.beta1", self.beta1, 0, 0.999999)
        check_range("trainer.beta2", self.beta2, 0, 0.999999)
        check_range("trainer.epsilon", self.epsilon, 0, open_low=True)
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
        if not self.name or any(character in self.name for character in "/\\:"):
            raise ConfigError(f"name={self.name}: must be a folder name, not empty and without / \\ :")


def register() -> None:
    """Make the schemas known to Hydra, under `schema/` so that they are not offered as choices of a group."""
    store = ConfigStore.instance()
    store.store(group="schema", name="run", node=RunConfig)
    store.store(group="schema/dataset", name="tutorial", node=TutorialConfig)
    store.store(group="schema/dataset", name="abs_difference", node=AbsDifferenceConfig)
    store.store(group="schema/model", name="mlp_attention", node=MLPAttentionConfig)
    store.store(group="schema/model", name="lstm_attention", node=LSTMAttentionConfig)
    store.store(group="schema", name="trainer", node=TrainerConfig)
