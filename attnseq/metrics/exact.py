"""Share of exact answers: a number is right when it rounds to the answer, a sequence when every token is.

Shapes: B batch, K answer positions, D vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.contracts.measures import Metric
from attnseq.contracts.spec import Scalar, Target, Tokens
from attnseq.metrics import METRICS

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output


@METRICS.register("exact")
class Exact(Metric):
    """1 where all of the answer is right, else 0."""

    targets = (Scalar, Tokens)
    direction = "higher"
    limits = (0.0, 1.0)

    @property
    def unit(self) -> str:
        return f"of the {'rounded ' * isinstance(self.target, Scalar)}answers are right"

    @classmethod
    def is_usual(cls, target: Target) -> bool:
        return isinstance(target, Tokens) or (isinstance(target, Scalar) and target.whole)

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        if isinstance(self.target, Scalar):
            scale, offset = self.target.scale, self.target.offset
            right_B = (output.prediction * scale + offset).round() == (batch.answers * scale + offset).round()
            return right_B.double()
        right_BxK = (output.prediction.argmax(dim=-1) == batch.answers) | (batch.answers < 0)
        return right_BxK.all(dim=-1).double()
