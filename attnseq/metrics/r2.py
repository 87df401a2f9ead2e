"""Coefficient of determination."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attnseq.contracts.measures import Metric
from attnseq.contracts.spec import Scalar, Target
from attnseq.metrics import METRICS

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output


@METRICS.register("r2")
class CoefficientOfDetermination(Metric):
    """1 - mean squared error / variance of the targets: 1 is perfect, 0 as good as always predicting their mean."""

    targets = (Scalar,)
    direction = "higher"
    limits = (-math.inf, 1.0)

    @classmethod
    def is_usual(cls, target: Target) -> bool:
        return isinstance(target, Scalar) and not target.whole

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        errors_B = output.prediction - batch.answers
        return errors_B * errors_B

    def summary(self, mean: float, split: Batch) -> float:
        variance = float(split.answers.double().var(correction=0))
        return 1 - mean / variance if variance > 0 else math.nan
