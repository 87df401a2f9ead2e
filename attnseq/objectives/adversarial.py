"""The change of an answer against a base run's: what an adversarial model keeps small while it attends elsewhere.

Shapes: B batch, K answer positions, C classes or vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.contracts.measures import Objective
from attnseq.contracts.spec import Classes, Scalar, Tokens
from attnseq.objectives import OBJECTIVES

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output


@OBJECTIVES.register("adversarial")
class Adversarial(Objective):
    """How far an answer is from the base run's. The truth does not count.

    Of a number it is |difference|, in units that the model is trained on; of a class, the total variation distance
    between the two distributions over classes, 0 to 1; of a sequence, the mean of that over its tokens.

    Training minimises it less `trainer.divergence_weight` times the divergence of the attention from the base's, see
    `training.adversary`.

    Source: Wiegreffe & Pinter 2019, "Attention is not not Explanation" (arXiv:1908.04626, section 5).
    """

    targets = (Scalar, Classes, Tokens)
    label = "change of the base run's answer"
    needs_base = True

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        if batch.base is None:
            raise ValueError("trainer.objective=adversarial: these samples come without the base run's answers")
        mine, theirs = output.prediction, batch.base.prediction
        if isinstance(self.target, Scalar):
            return (mine - theirs).abs()
        distances = (mine.softmax(dim=-1) - theirs.softmax(dim=-1)).abs().sum(dim=-1) / 2
        if distances.dim() == 1:
            return distances
        answered_BxK = (batch.answers >= 0).to(distances.dtype)
        return (distances * answered_BxK).sum(dim=-1) / answered_BxK.sum(dim=-1).clamp(min=1)
