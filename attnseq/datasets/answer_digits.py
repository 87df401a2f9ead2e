"""The digits of |a - b|, padded with zeros, for the sequences of `abs_difference`: a sequence in, a sequence out.

Shapes: B batch, T positions, K answer positions.
"""

from __future__ import annotations

from dataclasses import dataclass

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Spec, Tokens
from attnseq.datasets.abs_difference import AbsDifference
from attnseq.datasets.config import DATASETS
from attnseq.datasets.digits import Digits, DigitsConfig


class AnswerDigits(AbsDifference):
    """The K digits of the answer, most significant first. The article's notebook meant this by its `zfill`."""

    @property
    def spec(self) -> Spec:
        operands = self.operands
        return Spec(Tokens(operands.length, operands.base), Tokens(operands.answer_digits, operands.base))

    def label(self, digits_NxT: Digits) -> Batch:
        import torch

        answers_NxK = torch.from_numpy(self.operands.answer_digits_NxK(digits_NxT))
        return Batch(torch.from_numpy(digits_NxT), answers_NxK.to(torch.int32))


@DATASETS.register("answer_digits")
@dataclass
class AnswerDigitsConfig(DigitsConfig):
    """`conf/dataset/answer_digits.yaml`."""

    @property
    def words(self) -> str:
        return "the digits of a difference"

    def build(self) -> AnswerDigits:
        return AnswerDigits(self.operands, self.draw)
