"""Share of samples whose class is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.contracts.measures import Metric
from attnseq.contracts.spec import Classes
from attnseq.metrics import METRICS

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output


@METRICS.register("accuracy")
class Accuracy(Metric):
    """1 where the class with the largest logit is the right one, else 0."""

    targets = (Classes,)
    direction = "higher"
    limits = (0.0, 1.0)

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        return (output.prediction.argmax(dim=-1) == batch.targets).double()
