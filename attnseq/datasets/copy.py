"""A sequence repeated, of lengths that differ.

Shapes: B batch, T positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from attnseq.datasets.config import DATASETS
from attnseq.datasets.rearranged import Rearranged, RearrangedConfig

if TYPE_CHECKING:
    from torch import Tensor


class Copy(Rearranged):
    """The tokens of a sequence in their own order."""

    name: ClassVar[str] = "copy"

    def source(self, positions_T: Tensor, lengths_Bx1: Tensor) -> Tensor:
        return positions_T.expand(len(lengths_Bx1), -1)


@DATASETS.register("copy")
@dataclass
class CopyConfig(RearrangedConfig):
    """`conf/dataset/copy.yaml`."""

    @property
    def words(self) -> str:
        return "sequences repeated"

    def build(self) -> Copy:
        return Copy(self.length, self.vocabulary, self.sizes, self.seed, tuple(self.test_lengths))
