"""REINFORCE: the gradient of an expected loss by the probabilities of what a model draws.

Shapes: B batch, G choices of a sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Policy


def with_policy(loss_B: Tensor, policy: Policy) -> Tensor:
    """Add to a loss the terms whose gradient trains a policy; the value stays what it is.

    The reward is the negative loss. The terms of a sample, summed over its choices:

        -(reward - baseline) log pi(choice)     reward and baseline without a gradient
        (baseline - reward)^2                   of the baseline alone
        -bonus

    Args:
        loss_B: of each sample, for the choices that were drawn.
        policy: of them.

    Returns:
        B; its gradient by all parameters is an unbiased estimate of that of the expected loss, less bonus.

    Source: Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement learning";
    a learnt baseline as in Mnih et al. 2014 (arXiv:1406.6247).
    """
    reward_Bx1 = -loss_B.detach().unsqueeze(-1)
    advantage_BxG = reward_Bx1 if policy.baseline is None else reward_Bx1 - policy.baseline.detach()
    terms_B = -(advantage_BxG * policy.log_probability).sum(dim=-1) - policy.bonus
    if policy.baseline is not None:
        terms_B = terms_B + ((policy.baseline - reward_Bx1) ** 2).sum(dim=-1)
    return loss_B + (terms_B - terms_B.detach())
