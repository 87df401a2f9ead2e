"""What every choice of `model=` has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omegaconf import MISSING

from attnseq.contracts.spec import Spec
from attnseq.core.registry import Registry

if TYPE_CHECKING:
    from attnseq.contracts.model import Model


@dataclass
class ModelConfig:
    """The keys of a model; a choice of its own has more of them."""

    name: str = MISSING
    init: str = MISSING

    def __post_init__(self) -> None:
        """Check what is checked of the values; ConfigError names the key."""

    @classmethod
    def takes(cls, spec: Spec) -> bool:
        """Whether it can learn a task."""
        return True

    def build(self, spec: Spec) -> Model:
        """The model for a task that it takes, its parameters not yet initialised."""
        raise NotImplementedError


MODELS: Registry[type[ModelConfig]] = Registry("model", "attnseq.models", ending="_config")
"""The schemas of the choices of `model=`, by name, each in a file of its own, so that they are read without PyTorch."""
