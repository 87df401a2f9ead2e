"""Share of a sequence's tokens that are right.

Shapes: B batch, K answer positions, D vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.contracts.measures import Metric
from attnseq.contracts.spec import Tokens
from attnseq.metrics import METRICS

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output


@METRICS.register("token_accuracy")
class TokenAccuracy(Metric):
    """The share within each sample, then the mean over samples: short sequences count as much as long ones."""

    targets = (Tokens,)
    direction = "higher"
    limits = (0.0, 1.0)

    @property
    def unit(self) -> str:
        return "of the tokens are right"

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        answered_BxK = batch.answers >= 0
        right_BxK = (output.prediction.argmax(dim=-1) == batch.answers) & answered_BxK
        return right_BxK.sum(dim=-1).double() / answered_BxK.sum(dim=-1).clamp(min=1)
