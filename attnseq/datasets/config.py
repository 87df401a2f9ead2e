"""What every choice of `dataset=` has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnseq.core.keys import MISSING, check_values, key
from attnseq.core.registry import Registry
from attnseq.datasets.task import AbsDifference

if TYPE_CHECKING:
    from attnseq.datasets.dataset import Dataset


@dataclass
class DatasetConfig:
    """The keys of a dataset; a choice of its own has more of them."""

    name: str = MISSING
    train_size: int = key("training samples", low=1, high=100_000_000)
    validation_size: int = key("held-out samples, from a stream of their own", low=1, high=100_000_000)
    test_size: int = key("held-out samples, from a third stream", low=1, high=100_000_000)
    seed: int = key("of the samples", low=0, high=2**32 - 1)
    label_noise: float = key(
        "standard deviation of normal noise on the training targets, which lie in [0, 1)",
        low=0,
        note="drawn once, from this seed, so that runs of other seeds share it; held-out targets stay exact",
    )

    def __post_init__(self) -> None:
        check_values(self, "dataset.")

    @property
    def task(self) -> AbsDifference:
        """What the samples are about. Raises ConfigError where there is no such task."""
        return AbsDifference()

    def build(self) -> Dataset:
        """The dataset, on the CPU, without label noise. Raises ConfigError where it cannot be made."""
        raise NotImplementedError


DATASETS: Registry[type[DatasetConfig]] = Registry("dataset", "attnseq.datasets")
"""The schemas of the choices of `dataset=`, by name."""
