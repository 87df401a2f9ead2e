"""The absolute difference of two numbers whose digits stand among distractors: the article's task, generalised.

Shapes: N samples, B batch, T positions, D digits that there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Scalar, Spec, Tokens
from attnseq.contracts.task import Splits, Task
from attnseq.datasets.config import DATASETS, NoisyDatasetConfig
from attnseq.datasets.digits import Digits, DigitsConfig
from attnseq.datasets.operands import Operands

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor


class AbsDifference(Task):
    """|a - b| / scale of each sequence.

    Args:
        operands: which positions form a and b.
        draw: makes the sequences of the three splits.
    """

    def __init__(self, operands: Operands, draw: Callable[[], Sequence[Digits]]):
        self.operands, self._draw = operands, draw

    @property
    def spec(self) -> Spec:
        operands = self.operands
        scalar = Scalar(operands.scale, "units of the answer", whole=True)
        return Spec(Tokens(operands.length, operands.base), scalar)

    @property
    def position_labels(self) -> tuple[str, ...]:
        return self.operands.labels

    def splits(self) -> Splits:
        return Splits(*map(self.label, self._draw()))

    def label(self, digits_NxT: Digits) -> Batch:
        """Add targets to sequences, exact in float64; the batch shares the sequences' memory."""
        import torch

        targets_N = self.operands.answers(digits_NxT) / np.float64(self.operands.scale)
        return Batch(torch.from_numpy(digits_NxT), torch.from_numpy(targets_N))

    def answers(self, batch: Batch) -> Tensor:
        targets = self.label(batch.inputs.cpu().numpy()).answers
        return targets.to(batch.inputs.device)

    def relevance(self, batch: Batch) -> Tensor:
        """Return the place values, the same for all samples, see `Operands.relevance`."""
        import torch

        relevance_T = torch.from_numpy(self.operands.relevance).to(batch.inputs.device)
        return relevance_T.expand(batch.size, -1)

    def expected_change(self, batch: Batch) -> Tensor:
        """Return how much |a - b| changes, on average over all digits that may stand at a position."""
        import torch

        differences_N = np.subtract(*self.operands.operands(batch.inputs.cpu().numpy()))
        changes_NxT = np.zeros(batch.inputs.shape)
        for position, drawn_NxD in self.operands.redrawn(batch.inputs.cpu().numpy()):
            changed_NxD = np.abs(np.abs(drawn_NxD) - np.abs(differences_N)[:, None])
            changes_NxT[:, position] = changed_NxD.mean(axis=1)
        return torch.from_numpy(changes_NxT).to(batch.inputs.device)


@DATASETS.register("abs_difference")
@dataclass
class AbsDifferenceConfig(DigitsConfig, NoisyDatasetConfig):
    """`conf/dataset/abs_difference.yaml`."""

    @property
    def words(self) -> str:
        return "the difference of two numbers"

    def build(self) -> AbsDifference:
        return AbsDifference(self.operands, self.draw)
