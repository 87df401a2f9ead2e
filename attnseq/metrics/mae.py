"""Mean absolute error of a number, in its own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.contracts.measures import Metric
from attnseq.contracts.spec import Scalar
from attnseq.metrics import METRICS

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output


@METRICS.register("mae")
class MeanAbsoluteError(Metric):
    """|prediction - target| times the target's scale."""

    targets = (Scalar,)

    @property
    def unit(self) -> str:
        return f"in {self.target.unit}" if isinstance(self.target, Scalar) and self.target.unit else ""

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        scale = getattr(self.target, "scale", 1.0)
        return (output.prediction * scale - batch.targets * scale).abs()
