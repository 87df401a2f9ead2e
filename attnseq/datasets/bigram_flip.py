"""The tokens of each pair swapped, in sequences of lengths that differ.

Shapes: B batch, T positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from attnseq.datasets.config import DATASETS
from attnseq.datasets.rearranged import Rearranged, RearrangedConfig

if TYPE_CHECKING:
    from torch import Tensor


class BigramFlip(Rearranged):
    """Tokens 0 and 1 swapped, 2 and 3, and so on; the last one of an odd number stays.

    Source: "bigram flip" of Pruthi et al. 2020, "Learning to Deceive with Attention-Based Explanations"
    (arXiv:1909.07913).
    """

    name: ClassVar[str] = "bigram_flip"

    def source(self, positions_T: Tensor, lengths_Bx1: Tensor) -> Tensor:
        other_T = positions_T ^ 1
        return other_T.where(other_T < lengths_Bx1, positions_T)


@DATASETS.register("bigram_flip")
@dataclass
class BigramFlipConfig(RearrangedConfig):
    """`conf/dataset/bigram_flip.yaml`."""

    @property
    def words(self) -> str:
        return "sequences whose pairs are swapped"

    def build(self) -> BigramFlip:
        return BigramFlip(self.length, self.vocabulary, self.sizes, self.seed, tuple(self.test_lengths))
