"""Squared error of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.contracts.measures import Objective
from attnseq.contracts.spec import Scalar
from attnseq.objectives import OBJECTIVES

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output


@OBJECTIVES.register("mse")
class MeanSquaredError(Objective):
    """(prediction - target)^2, as Keras' `mse`."""

    targets = usual_for = (Scalar,)
    label = "mean squared error"

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        errors_B = output.prediction - batch.targets
        return errors_B * errors_B
