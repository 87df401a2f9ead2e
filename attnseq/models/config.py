"""What every choice of `model=` has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from attnseq.core.keys import MISSING, check_values, key
from attnseq.core.registry import Registry
from attnseq.datasets.task import AbsDifference

if TYPE_CHECKING:
    from attnseq.article.tutorial import TutorialStream
    from attnseq.layers.weights import Initializer
    from attnseq.models.model import Model


@dataclass
class ModelConfig:
    """The keys of a model; a choice of its own has more of them."""

    name: str = MISSING
    init: str = key(
        "initial weights",
        choices={
            "keras": "Glorot-uniform, from the run's seed",
            "tutorial": "TensorFlow's own draws of the same distributions, replayed from the notebook's stream",
        },
        note="tutorial with another seed, dataset or train_size: as that notebook would have drawn them",
    )

    def __post_init__(self) -> None:
        check_values(self, "model.")

    def build(self, task: AbsDifference) -> Model:
        """The model for sequences of `task`, its parameters not yet initialised."""
        raise NotImplementedError

    def tutorial_initializer(self, stream: TutorialStream) -> Initializer:
        """The notebook's own initial weights; for models that the notebook has."""
        raise NotImplementedError

    def tutorial_orders(self, stream: TutorialStream) -> Iterator[npt.NDArray[np.int32]]:
        """The notebook's own order of the samples, epoch by epoch; for models that the notebook has."""
        raise NotImplementedError

    @property
    def in_notebook(self) -> bool:
        """Whether the notebook has this model, so that its draws can be replayed."""
        return type(self).tutorial_orders is not ModelConfig.tutorial_orders


MODELS: Registry[type[ModelConfig]] = Registry("model", "attnseq.models", ending="_config")
"""The schemas of the choices of `model=`, by name, each in a file of its own, so that they are read without PyTorch."""
