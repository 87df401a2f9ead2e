"""Absolute error of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.contracts.measures import Objective
from attnseq.contracts.spec import Scalar
from attnseq.objectives import OBJECTIVES

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output


@OBJECTIVES.register("mae")
class MeanAbsoluteError(Objective):
    """|prediction - target|, as Keras' `mae`, in units of the target that the model is trained on."""

    targets = (Scalar,)
    label = "mean absolute error"

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        return (output.prediction - batch.answers).abs()
