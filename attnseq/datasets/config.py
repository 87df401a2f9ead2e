"""What every choice of `dataset=` has."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from attnseq.contracts.task import Task
from attnseq.core.keys import MISSING, ConfigError, Key, check_range, check_values, key
from attnseq.core.registry import Registry


class Sizes(NamedTuple):
    """Samples of each split."""

    train: int
    validation: int
    test: int


@dataclass
class DatasetConfig:
    """The keys of a dataset; a choice of its own has more of them."""

    name: str = MISSING

    init: ClassVar[str] = "keras"
    """What `model.init=auto` means for this dataset, for models that it knows."""
    order: ClassVar[str] = "random"
    """What `trainer.order=auto` means for this dataset, for models that it knows."""
    places: ClassVar[tuple[str, ...]] = ()
    """Keys that say where files are; what is in these decides a run, wherever they are."""
    form: ClassVar[tuple[str, ...]] = ()
    """Keys that say how a file is read; a run's name has a digest of them, and not their values."""

    def __post_init__(self) -> None:
        check_values(self, "dataset.")

    def __getstate__(self) -> dict[str, Any]:
        """Leave the task out of copies for other processes, which may be large: they build it again."""
        return {name: value for name, value in self.__dict__.items() if name != "task"}

    @property
    def sizes(self) -> Sizes:
        """Samples of train, validation and test."""
        raise NotImplementedError

    @cached_property
    def task(self) -> Task:
        """The task, built when it is first asked for, and then the same: its samples may be read from a file.

        Raises:
            ConfigError: there is no such task.
        """
        return self.build()

    @property
    def words(self) -> str:
        """The task in words, for headings of pictures, such as "sequences turned round"."""
        return self.name.replace("_", " ")

    def build(self) -> Task:
        """Build the task with exact targets; `with_label_noise` adds noise later.

        Raises:
            ConfigError: there is no such task.
        """
        raise NotImplementedError

    def recall(self, facts: Any) -> Task:
        """Make the task of a run that kept these facts of it, whether or not its files are still there.

        Args:
            facts: what `Task.facts` returned.

        Raises:
            ConfigError: they are not of this dataset.
        """
        raise ConfigError(f"dataset={self.name}: keeps no facts of files")


@dataclass
class DrawnDatasetConfig(DatasetConfig):
    """The keys of a dataset whose samples are drawn, as many as one likes."""

    train_size: int = key("training samples", low=1, high=100_000_000)
    validation_size: int = key("held-out samples, from a stream of their own", low=1, high=100_000_000)
    test_size: int = key("held-out samples, from a third stream", low=1, high=100_000_000)
    seed: int = key("of the samples", low=0, high=2**32 - 1)

    @property
    def sizes(self) -> Sizes:
        return Sizes(self.train_size, self.validation_size, self.test_size)


@dataclass
class NoisyDatasetConfig(DrawnDatasetConfig):
    """The keys of a dataset whose target is a number."""

    label_noise: float = key(
        "standard deviation of normal noise on the training targets, which lie in [0, 1]",
        low=0,
        note="drawn once, from this seed, so that runs of other seeds share it; held-out targets stay exact",
    )


@dataclass
class LengthsConfig(DrawnDatasetConfig):
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
