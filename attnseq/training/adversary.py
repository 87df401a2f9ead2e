"""Training a model to answer as a base does, and to attend elsewhere.

Shapes: B batch.

Source: Wiegreffe & Pinter 2019, "Attention is not not Explanation" (arXiv:1908.04626, section 5): the loss of a sample
is TVD(answer, base's answer) - lambda KL(attention || base's attention).
"""

import torch
from torch import Tensor

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.model import Model
from attnseq.scores.base_run import kl_divergence


def with_base(batch: Batch, base: Model | None) -> Batch:
    """Add to samples what a base makes of them, which is a constant of whatever is computed of it.

    Args:
        batch: of one replica, or of all alike.
        base: a trained model; None: the samples stay as they are.
    """
    if base is None:
        return batch
    with torch.no_grad():
        output: Output = base(batch._replace(targets=None, draws=None))
    return batch._replace(base=output.map(torch.Tensor.detach))


def with_divergence(loss_B: Tensor, output: Output, batch: Batch, weight: Tensor) -> Tensor:
    """Reward a model for attending elsewhere than its base.

    Args:
        loss_B: how far the answers are from the base's.
        output: of the model.
        batch: with the base's output.
        weight: lambda, a number: what a nat of divergence is worth, in units of the loss.
    """
    assert batch.base is not None
    divergence_B = kl_divergence(output, batch.base, batch)
    return loss_B if divergence_B is None else loss_B - weight.to(loss_B.dtype) * divergence_B


def valued(minimised_B: Tensor, loss_B: Tensor) -> Tensor:
    """Return the loss with the gradient of what is minimised.

    So a loss is the change of the answers in training, too, as in validation: it is comparable between lambdas, and not
    negative. The divergence is a score of its own.

    Args:
        minimised_B: less what divergence is worth.
        loss_B: how far the answers are from the base's.
    """
    return minimised_B - minimised_B.detach() + loss_B.detach()
