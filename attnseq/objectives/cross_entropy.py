"""Cross-entropy of a class, or of the tokens of a sequence.

Shapes: B batch, K answer positions, C classes or vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.contracts.measures import Objective
from attnseq.contracts.spec import Classes, Tokens
from attnseq.objectives import OBJECTIVES

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output


@OBJECTIVES.register("cross_entropy")
class CrossEntropy(Objective):
    """-log of the softmax probability of the right class, in nats; for a sequence the mean over its tokens."""

    targets = usual_for = (Classes, Tokens)
    label = "cross-entropy"

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        targets = batch.answers.long()
        log_probabilities = output.prediction.log_softmax(dim=-1)
        losses = -log_probabilities.gather(-1, targets.clamp(min=0).unsqueeze(-1)).squeeze(-1)
        if losses.dim() == 1:
            return losses
        answered_BxK = (targets >= 0).to(losses.dtype)
        return (losses * answered_BxK).sum(dim=-1) / answered_BxK.sum(dim=-1).clamp(min=1)
