"""The mean of two marked numbers among distractors. Which positions count differs from sample to sample.

Shapes: N samples, B batch, T positions, F = 1 feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Reals, Scalar, Spec
from attnseq.core.keys import key
from attnseq.core.randomness import generator
from attnseq.datasets.config import DATASETS, LengthsConfig, NoisyDatasetConfig
from attnseq.datasets.drawn import DrawnTask

if TYPE_CHECKING:
    from torch import Tensor

MARK = 0.0
"""What stands before a number that counts. No number is as small: they are uniform in (0, 1]."""


@dataclass
class AddTwoNumbers(DrawnTask):
    """Half the sum of the two numbers that stand behind a mark, so that it lies in [0, 1] as they do.

    Source: `add_two_numbers_after_delimiter` of the package keras-attention. There a mark may overwrite the other
    number (with probability 2/19 where T = 20); here the numbers lie at least two positions apart.

    Args:
        length: T, 4 or more.
        sizes: samples of train, validation and test, each from a stream of its own.
        seed: 0 or more.
        test_lengths: of further test samples, which have other numbers of distractors.
    """

    any_length: ClassVar[bool] = True

    length: int
    sizes: tuple[int, int, int]
    seed: int
    test_lengths: tuple[int, ...] = ()

    @property
    def spec(self) -> Spec:
        return Spec(Reals(self.length), Scalar())

    def relevance(self, batch: Batch) -> Tensor:
        """Return the answer's derivative in the numbers: 1/2 behind a mark, 0 elsewhere."""
        import torch

        marks_BxT = batch.inputs.squeeze(-1) == MARK
        marked_BxT = torch.cat((torch.zeros_like(marks_BxT[:, :1]), marks_BxT[:, :-1]), dim=1)
        return marked_BxT.double() / 2

    def answers(self, batch: Batch) -> Tensor:
        return (batch.inputs.squeeze(-1).double() * self.relevance(batch)).sum(dim=1)

    def draw(self, name: str, size: int) -> Batch:
        return self._samples(name, size, self.length)

    def draw_length(self, length: int, size: int) -> Batch:
        return self._samples(f"test@{length}", size, length)

    def _samples(self, name: str, size: int, length: int) -> Batch:
        import torch

        # from streams of their own, so that the first rows do not depend on how many there are
        values = generator(self.seed, f"data/add_two_numbers/{name}/values")
        values_NxT = 1 - values.random((size, length), dtype=np.float32)
        places_Nx2 = _places(generator(self.seed, f"data/add_two_numbers/{name}/places"), size, length)
        np.put_along_axis(values_NxT, places_Nx2 - 1, MARK, axis=1)
        batch = Batch(torch.from_numpy(values_NxT).unsqueeze(-1))
        return batch._replace(targets=self.answers(batch))


def _places(stream: np.random.Generator, size: int, length: int) -> np.ndarray:
    """Draw two positions from 1 to length - 1, uniform over all pairs that are two or more apart."""
    pairs = np.stack(np.triu_indices(length - 2, k=1), axis=1)  # i < j; i + 1 and j + 2 are apart
    places_Nx2: np.ndarray = pairs[stream.integers(0, len(pairs), size)] + [1, 2]
    return places_Nx2


@DATASETS.register("add_two_numbers")
@dataclass
class AddTwoNumbersConfig(LengthsConfig, NoisyDatasetConfig):
    """`conf/dataset/add_two_numbers.yaml`."""

    length: int = key("T, numbers of a sequence, uniform in (0, 1], and the two marks among them", low=4, high=4_000)

    @property
    def words(self) -> str:
        return "the mean of two marked numbers"

    def build(self) -> AddTwoNumbers:
        return AddTwoNumbers(self.length, self.sizes, self.seed, tuple(self.test_lengths))
