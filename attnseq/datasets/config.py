"""What every choice of `dataset=` has."""

from dataclasses import dataclass
from typing import ClassVar

from omegaconf import MISSING

from attnseq.contracts.task import Task
from attnseq.core.keys import check_range
from attnseq.core.registry import Registry


@dataclass
class DatasetConfig:
    """The keys of a dataset; a choice of its own has more of them."""

    name: str = MISSING
    train_size: int = MISSING
    validation_size: int = MISSING
    test_size: int = MISSING
    seed: int = MISSING

    init: ClassVar[str] = "keras"
    """What `model.init=auto` is, for models that it knows."""
    order: ClassVar[str] = "random"
    """What `trainer.order=auto` is, for models that it knows."""

    def __post_init__(self) -> None:
        for key in ("train_size", "validation_size", "test_size"):
            check_range(f"dataset.{key}", getattr(self, key), 1, 100_000_000)
        check_range("dataset.seed", self.seed, 0, 2**32 - 1)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Samples of train, validation and test."""
        return self.train_size, self.validation_size, self.test_size

    def build(self) -> Task:
        """The task, exact: whatever noise there is on its targets is put on later, see `with_label_noise`.

        Raises:
            ConfigError: there is no such task.
        """
        raise NotImplementedError


@dataclass
class NoisyDatasetConfig(DatasetConfig):
    """The keys of a dataset whose target is a number."""

    label_noise: float = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("dataset.label_noise", self.label_noise, 0)


DATASETS: Registry[type[DatasetConfig]] = Registry("dataset", "attnseq.datasets")
"""The schemas of the choices of `dataset=`, by name."""
