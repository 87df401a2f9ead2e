"""The largest of some real numbers. Which position counts differs from sample to sample.

Shapes: N samples, B batch, T positions, F features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Reals, Scalar, Spec
from attnseq.core.keys import key
from attnseq.core.randomness import generator
from attnseq.datasets.config import DATASETS, NoisyDatasetConfig
from attnseq.datasets.drawn import DrawnTask

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class FindMax(DrawnTask):
    """The largest of T independent numbers in [0, 1].

    Args:
        length: T.
        alpha: of their distribution, Beta(alpha, 1); greater than 0. 1: uniform.
        sizes: samples of train, validation and test, each from a stream of its own.
        seed: 0 or more.
    """

    any_length: ClassVar[bool] = True

    length: int
    alpha: float
    sizes: tuple[int, int, int]
    seed: int

    @property
    def spec(self) -> Spec:
        return Spec(Reals(self.length), Scalar())

    def relevance(self, batch: Batch) -> Tensor:
        """Return 1 for the position of the largest number, which is all that the answer depends on; 0 elsewhere."""
        values_BxT = batch.inputs.squeeze(-1)
        return (values_BxT == values_BxT.amax(dim=-1, keepdim=True)).double()

    def expected_change(self, batch: Batch) -> Tensor:
        """Return how much the largest number changes, on average, when another is drawn at a position, in closed form.

        With m the largest number elsewhere, x the largest of all, and F(y) = y^alpha the distribution function, it is
        the integral of F from m to x, where the number that is drawn is smaller, and of 1 - F from x to 1.
        """
        import torch

        values_BxT, power = batch.inputs.squeeze(-1).double(), self.alpha + 1
        largest_Bx1 = values_BxT.amax(dim=-1, keepdim=True)
        second_Bx1 = values_BxT.sort(dim=-1, descending=True).values[:, 1:2] if values_BxT.shape[1] > 1 else 0.0
        # a second position of the largest number has the same second: either may be drawn anew
        elsewhere_BxT = torch.where(values_BxT == largest_Bx1, second_Bx1, largest_Bx1)
        lower_BxT = (largest_Bx1**power - elsewhere_BxT**power) / power
        return lower_BxT + (1 - largest_Bx1) - (1 - largest_Bx1**power) / power

    def answers(self, batch: Batch) -> Tensor:
        return batch.inputs.amax(dim=(1, 2)).double()

    def draw(self, name: str, size: int) -> Batch:
        import torch

        rng = generator(self.seed, f"data/find_max/{name}")
        # the distribution function of Beta(alpha, 1) is x^alpha, which has an inverse: uniform numbers stay as they are
        values_NxTx1 = rng.random((size, self.length, 1), dtype=np.float32) ** np.float32(1 / self.alpha)
        batch = Batch(torch.from_numpy(values_NxTx1))
        return batch._replace(targets=self.answers(batch))


@DATASETS.register("find_max")
@dataclass
class FindMaxConfig(NoisyDatasetConfig):
    """`conf/dataset/find_max.yaml`."""

    length: int = key("T, numbers of a sequence, in [0, 1]", low=1, high=10_000)
    alpha: float = key("of the numbers' distribution, Beta(alpha, 1)", low=0.01, high=100, note="1: uniform")

    @property
    def words(self) -> str:
        return "the largest number"

    def build(self) -> FindMax:
        return FindMax(self.length, self.alpha, self.sizes, self.seed)
