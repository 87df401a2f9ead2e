"""What every dataset, model and trainer config has, and how a value that is not allowed is refused.

The dataclasses are the types of the YAML files in `conf/`. Each checks its values when it is made, and names the key
that is wrong. A dataset's or model's own config stands in its own file, with `build`.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from omegaconf import MISSING

from attnseq.datasets.task import AbsDifference

if TYPE_CHECKING:
    from attnseq.article.tutorial import TutorialStream
    from attnseq.datasets.dataset import Dataset
    from attnseq.layers.weights import Initializer
    from attnseq.models.model import Model


class ConfigError(ValueError):
    """A value that the config does not allow; the message is one line that names the key and what is allowed."""


def check_range(key: str, value: float, low: float, high: float = math.inf, open_low: bool = False) -> None:
    """Raise ConfigError unless low <= value <= high (low < value where `open_low`); NaN and infinity never pass."""
    if math.isfinite(value) and (low < value if open_low else low <= value) and value <= high:
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
    label_noise: float = MISSING

    def __post_init__(self) -> None:
        for key in ("train_size", "validation_size", "test_size"):
            check_range(f"dataset.{key}", getattr(self, key), 1, 100_000_000)
        check_range("dataset.seed", self.seed, 0, 2**32 - 1)
        check_range("dataset.label_noise", self.label_noise, 0)

    @property
    def task(self) -> AbsDifference:
        """What the samples are about. Raises ConfigError where there is no such task."""
        return AbsDifference()

    def build(self) -> "Dataset":
        """The dataset, on the CPU, without label noise. Raises ConfigError where it cannot be made."""
        raise NotImplementedError


@dataclass
class ModelConfig:
    """What every model has."""

    name: str = MISSING
    init: str = MISSING

    def __post_init__(self) -> None:
        check_choice("model.init", self.init, ("keras", "tutorial"))

    def build(self, task: AbsDifference) -> "Model":
        """The model for sequences of `task`, its parameters not yet initialised."""
        raise NotImplementedError

    def tutorial_initializer(self, stream: "TutorialStream") -> "Initializer":
        """The notebook's own initial weights; for models that the notebook has."""
        raise NotImplementedError

    def tutorial_orders(self, stream: "TutorialStream") -> Iterator[npt.NDArray[np.int32]]:
        """The notebook's own order of the samples, epoch by epoch; for models that the notebook has."""
        raise NotImplementedError

    @property
    def in_notebook(self) -> bool:
        """Whether the notebook has this model, so that its draws can be replayed."""
        return type(self).tutorial_orders is not ModelConfig.tutorial_orders
