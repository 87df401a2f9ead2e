"""The digits of |a - b|, padded with zeros, for the sequences of `abs_difference`: a sequence in, a sequence out.

Shapes: N samples, B batch, T positions, K answer positions, D digits that there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Spec, Tokens
from attnseq.datasets.abs_difference import AbsDifference
from attnseq.datasets.config import DATASETS
from attnseq.datasets.digits import Digits, DigitsConfig

if TYPE_CHECKING:
    from torch import Tensor


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

    def expected_change(self, batch: Batch) -> Tensor:
        """Return how likely each digit of the answer becomes another one: changes_BxKxT."""
        import torch

        digits_NxT = batch.inputs.cpu().numpy()
        answers_NxK = self.operands.answer_digits_NxK(digits_NxT)
        changes_NxKxT = np.zeros((*answers_NxK.shape, digits_NxT.shape[1]))
        for position, drawn_NxD in self.operands.redrawn(digits_NxT):
            for drawn_N in drawn_NxD.T:
                changes_NxKxT[..., position] += self.operands.padded(np.abs(drawn_N)) != answers_NxK
        return torch.from_numpy(changes_NxKxT / self.operands.base).to(batch.inputs.device)


@DATASETS.register("answer_digits")
@dataclass
class AnswerDigitsConfig(DigitsConfig):
    """`conf/dataset/answer_digits.yaml`."""

    @property
    def words(self) -> str:
        return "the digits of a difference"

    def build(self) -> AnswerDigits:
        return AnswerDigits(self.operands, self.draw)
