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

    The reward of a choice is the negative loss, and the bonuses of later choices, which may depend on it. The terms of
    a sample, summed over its choices:

        -(reward - baseline) log pi(choice)     reward and baseline without a gradient
        (baseline - reward)^2                   of the baseline alone
        -bonus

    Args:
        loss_B: of each sample, for the choices that were drawn.
        policy: of them.

    Returns:
        B; its gradient by all parameters is an unbiased estimate of that of the expected loss less the expected
        bonuses.

    Source: Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement learning";
    a learnt baseline as in Mnih et al. 2014 (arXiv:1406.6247).
    """
    later_BxG = policy.bonus.sum(dim=-1, keepdim=True) - policy.bonus.cumsum(dim=-1)
    reward_BxG = (later_BxG - loss_B.unsqueeze(-1)).detach()
    advantage_BxG = reward_BxG if policy.baseline is None else reward_BxG - policy.baseline.detach()
    terms_BxG = -advantage_BxG * policy.log_probability - policy.bonus
    if policy.baseline is not None:
        terms_BxG = terms_BxG + (policy.baseline - reward_BxG) ** 2
    terms_B = terms_BxG.sum(dim=-1)
    return loss_B + (terms_B - terms_B.detach())
