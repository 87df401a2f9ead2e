"""Adam (Kingma & Ba 2015, arXiv:1412.6980) as a pure function of tensors, in the two forms that frameworks use.

Shapes: P replicas, N parameters of one replica.
"""

from typing import NamedTuple

import torch
from torch import Tensor

FORMS = ("keras", "torch")


class AdamState(NamedTuple):
    """parameters_PxN, both moments (PxN), and the number of updates made (P, float64)."""

    parameters: Tensor
    first_moment: Tensor
    second_moment: Tensor
    updates: Tensor


class AdamSettings(NamedTuple):
    """Per replica (P, float64): step size, both decay rates, and the epsilon."""

    learning_rate: Tensor
    beta1: Tensor
    beta2: Tensor
    epsilon: Tensor


def clip_norm(gradient_PxN: Tensor, largest_P: Tensor) -> Tensor:
    """Scale down a gradient that is too long (Pascanu, Mikolov & Bengio 2013, "On the difficulty of training RNNs").

    Args:
        gradient_PxN: of the loss.
        largest_P: Euclidean norm that a replica's gradient may have; 0: any.

    Returns:
        The gradient, PxN, each replica's times min(1, largest / norm).
    """
    norm_P = torch.linalg.vector_norm(gradient_PxN, dim=-1)
    scale_P = torch.where(largest_P > 0, largest_P / norm_P, 1).clamp(max=1)  # of a gradient of 0: inf, so 1
    return scale_P.to(gradient_PxN.dtype).unsqueeze(-1) * gradient_PxN


def adam(state: AdamState, gradient_PxN: Tensor, settings: AdamSettings, form: str) -> AdamState:
    """Update every replica once.

    Args:
        state: before the update.
        gradient_PxN: of the loss.
        settings: per replica.
        form: where epsilon stands. "keras" (Keras 2, the paper's "epsilon hat"): p -= lr_t m / (sqrt(v) + eps) with
            lr_t = lr sqrt(1 - b2^t) / (1 - b1^t). "torch": p -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps).

    Returns:
        The state after the update.
    """
    dtype = state.parameters.dtype
    updates = state.updates + 1
    # compute in float64 what depends on the replica alone: there is little of it, and float32 rounds 1 - 0.999
    correction1 = 1 - settings.beta1**updates
    correction2 = torch.sqrt(1 - settings.beta2**updates)
    if form == "keras":
        rate_P, scale_P = settings.learning_rate * correction2 / correction1, torch.ones_like(correction2)
    else:
        rate_P, scale_P = settings.learning_rate / correction1, 1 / correction2
    decays = (settings.beta1, settings.beta2, 1 - settings.beta1, 1 - settings.beta2)
    # stack them, so that the compiler computes them once: else it puts the powers into the loop over all parameters
    columns_7xPx1 = torch.stack((*decays, rate_P, scale_P, settings.epsilon)).to(dtype).unsqueeze(-1)
    beta1, beta2, rest1, rest2, rate, scale, epsilon = columns_7xPx1
    first = beta1 * state.first_moment + rest1 * gradient_PxN
    second = beta2 * state.second_moment + rest2 * gradient_PxN * gradient_PxN
    step = rate * first / (torch.sqrt(second) * scale + epsilon)
    return AdamState(state.parameters - step, first, second, updates)
