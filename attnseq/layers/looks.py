"""Looks at one position each, drawn by the Gumbel-max trick.

Shapes: T positions; any axes before them.
"""

import torch
from torch import Tensor


def most_likely(logits: Tensor) -> Tensor:
    """Look where the logit is largest: one-hot over the last axis, without a gradient."""
    positions_T = torch.arange(logits.shape[-1], device=logits.device)
    return (positions_T == logits.argmax(dim=-1, keepdim=True)).to(logits.dtype)


def drawn(logits: Tensor, uniform: Tensor) -> Tensor:
    """Draw a look from the softmax of logits: one-hot over the last axis, without a gradient.

    Args:
        logits: ...xT.
        uniform: likewise, random numbers in (0, 1).

    Source: the Gumbel-max trick, Gumbel 1954; Maddison, Tarlow & Minka 2014, "A* Sampling".
    """
    return most_likely(logits + gumbel(uniform)).detach()


def straight_through(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """Draw a look whose gradient is that of a softmax at the same noise.

    Args:
        logits, uniform: as for `drawn`.
        temperature: of that softmax.

    Returns:
        One-hot over the last axis, exactly.

    Source: Jang, Gu & Poole 2017, "Categorical Reparameterization with Gumbel-Softmax" (arXiv:1611.01144).
    """
    noisy = logits + gumbel(uniform)
    soft = torch.softmax(noisy / temperature, dim=-1)
    return most_likely(noisy).detach() + (soft - soft.detach())  # in this order, so that what is added is exactly 0


def log_probability(logits: Tensor, look: Tensor) -> Tensor:
    """Compute the log-probability of one-hot looks under the softmax of logits, in nats; without the last axis."""
    # a position that a sample does not have has logit -inf, and 0 times that is no number
    return torch.where(look > 0, logits.log_softmax(dim=-1), 0.0).sum(dim=-1)


def entropy(logits: Tensor) -> Tensor:
    """Compute the entropy of the softmax of logits, in nats; without the last axis."""
    log_weights = logits.log_softmax(dim=-1)
    return -(log_weights.exp() * log_weights.clamp(min=torch.finfo(logits.dtype).min)).sum(dim=-1)


def gumbel(uniform: Tensor) -> Tensor:
    """Make numbers of the standard Gumbel distribution of uniform ones in (0, 1)."""
    return -torch.log(-torch.log(uniform))
