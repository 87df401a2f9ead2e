"""Mean squared error of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.contracts.measures import Metric
from attnseq.contracts.spec import Scalar, Target
from attnseq.metrics import METRICS

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output


@METRICS.register("mse")
class MeanSquaredError(Metric):
    """(prediction - target)^2. Not measured by default, since it is the usual loss of a number already."""

    targets = (Scalar,)

    @classmethod
    def is_usual(cls, target: Target) -> bool:
        return False

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        errors_B = output.prediction - batch.answers
        return errors_B * errors_B
