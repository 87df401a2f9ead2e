"""What every choice of `dataset=` has."""

from dataclasses import dataclass, fields
from typing import ClassVar

from attnseq.contracts.task import Task
from attnseq.core.keys import MISSING, ConfigError, Key, check_range, check_values, key
from attnseq.core.registry import Registry


@dataclass
class DatasetConfig:
    """The keys of a dataset; a choice of its own has more of them."""

    name: str = MISSING
    train_size: int = key("training samples", low=1, high=100_000_000)
    validation_size: int = key("held-out samples, from a stream of their own", low=1, high=100_000_000)
    test_size: int = key("held-out samples, from a third stream", low=1, high=100_000_000)
    seed: int = key("of the samples", low=0, high=2**32 - 1)

    init: ClassVar[str] = "keras"
    """What `model.init=auto` means for this dataset, for models that it knows."""
    order: ClassVar[str] = "random"
    """What `trainer.order=auto` means for this dataset, for models that it knows."""

    def __post_init__(self) -> None:
        check_values(self, "dataset.")

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Samples of train, validation and test."""
        return self.train_size, self.validation_size, self.test_size

    def build(self) -> Task:
        """Build the task with exact targets; `with_label_noise` adds noise later.

        Raises:
            ConfigError: there is no such task.
        """
        raise NotImplementedError


@dataclass
class NoisyDatasetConfig(DatasetConfig):
    """The keys of a dataset whose target is a number."""

    label_noise: float = key(
        "standard deviation of normal noise on the training targets, which lie in [0, 1]",
        low=0,
        note="drawn once, from this seed, so that runs of other seeds share it; held-out targets stay exact",
    )


@dataclass
class LengthsConfig(DatasetConfig):
    """The keys of a dataset whose samples can be of any length."""

    length: int = MISSING
    test_lengths: list[int] = key(
        "lengths of further test samples, test_size of each, such as [20,40]: measured once, at the end, as"
        " exact/test@20; lengths that training does not have need a model that takes them"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        (limits,) = (field.metadata[Key] for field in fields(self) if field.name == "length")
        for length in self.test_lengths:
            check_range("dataset.test_lengths", length, limits.low, limits.high)
        if len(set(self.test_lengths)) < len(self.test_lengths):
            raise ConfigError(f"dataset.test_lengths={','.join(map(str, self.test_lengths))}: names one twice")


DATASETS: Registry[type[DatasetConfig]] = Registry("dataset", "attnseq.datasets")
"""Schemas of the choices of `dataset=`, by name."""
