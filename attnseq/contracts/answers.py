"""Answers in tokens as people are shown them.

Shapes: B batch, K answer positions.
"""

from torch import Tensor

from attnseq.contracts.batch import NO_TOKEN
from attnseq.contracts.spec import Target, Tokens


def without_end(answers_BxK: Tensor, target: Target) -> Tensor:
    """Put `NO_TOKEN` at the first end symbol of each answer and behind it; other answers stay as they are.

    Args:
        answers_BxK: tokens, of a task or of a model, which may go on behind its end symbol; or answers that are no
            tokens, of shape B.
        target: what they are.
    """
    if not (isinstance(target, Tokens) and target.end):
        return answers_BxK
    ended_BxK = (answers_BxK == target.vocabulary - 1).cumsum(dim=-1) > 0
    return answers_BxK.masked_fill(ended_BxK, NO_TOKEN)
