"""What every choice of `model=` has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnseq.contracts.spec import Spec
from attnseq.core.keys import MISSING, check_values, key
from attnseq.core.registry import Registry

if TYPE_CHECKING:
    from attnseq.contracts.model import Model


@dataclass
class ModelConfig:
    """The keys of a model; a choice of its own has more of them."""

    name: str = MISSING
    init: str = key(
        "initial weights: keras (Keras' distributions, from the run's seed), tutorial (TensorFlow's own draws of them,"
        " replayed from the notebook's stream; with another seed, dataset or train_size as it would have drawn them) or"
        " auto (tutorial with dataset=tutorial where the notebook has the model, else keras)"
    )

    def __post_init__(self) -> None:
        check_values(self, "model.")

    @classmethod
    def takes(cls, spec: Spec) -> bool:
        """Tell whether the model can learn a task."""
        return True

    @property
    def words(self) -> str:
        """The model in words, for headings of pictures: what kind it is, and what it attends to."""
        return self.name.replace("_", " ")

    @property
    def needs_truth(self) -> str:
        """The key whose value asks for the task's relevance, which the model finds in `Model.truth`; "": none does."""
        return ""

    def build(self, spec: Spec) -> Model:
        """Build the model for a task that it takes; its parameters are not yet initialised, nor is its `truth` set."""
        raise NotImplementedError


MODELS: Registry[type[ModelConfig]] = Registry("model", "attnseq.models", ending="_config")
"""Schemas of the choices of `model=`, by name; each is beside its model, or in a file of its own, without PyTorch."""
