"""A sequence turned round, of lengths that differ.

Shapes: B batch, T positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from attnseq.datasets.config import DATASETS
from attnseq.datasets.rearranged import Rearranged, RearrangedConfig

if TYPE_CHECKING:
    from torch import Tensor


class Reverse(Rearranged):
    """The tokens of a sequence in the opposite order."""

    name: ClassVar[str] = "reverse"

    def source(self, positions_T: Tensor, lengths_Bx1: Tensor) -> Tensor:
        return lengths_Bx1 - 1 - positions_T


@DATASETS.register("reverse")
@dataclass
class ReverseConfig(RearrangedConfig):
    """`conf/dataset/reverse.yaml`."""

    @property
    def words(self) -> str:
        return "sequences turned round"

    def build(self) -> Reverse:
        return Reverse(self.length, self.vocabulary, self.sizes, self.seed, tuple(self.test_lengths))
