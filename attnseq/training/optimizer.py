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
    """Per replica (P, float32): step size, both decay rates, and the epsilon."""

    learning_rate: Tensor
    beta1: Tensor
    beta2: Tensor
    epsilon: Tensor


def adam(state: AdamState, gradient_PxN: Tensor, settings: AdamSettings, form: str) -> AdamState:
    """One update of every replica.

    Args:
        state: before the update.
        gradient_PxN: of the loss.
        settings: per replica.
        form: where epsilon stands. "keras" (Keras 2, the paper's "epsilon hat"): p -= lr_t m / (sqrt(v) + eps) with
            lr_t = lr sqrt(1 - b2^t) / (1 - b1^t), in the parameters' precision, as Keras computes it. "torch":
            p -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps), its bias corrections in float64, as
            `torch.optim.Adam` computes them.

    Returns:
        The state after the update.
    """
    dtype = state.parameters.dtype
    lr, beta1, beta2, epsilon = (value.to(dtype).unsqueeze(-1) for value in settings)
    updates = state.updates + 1
    first = beta1 * state.first_moment + (1 - beta1) * gradient_PxN
    second = beta2 * state.second_moment + (1 - beta2) * gradient_PxN * gradient_PxN
    if form == "keras":
        t = updates.to(dtype).unsqueeze(-1)
        rate = lr * torch.sqrt(1 - beta2**t) / (1 - beta1**t)
        step = rate * first / (torch.sqrt(second) + epsilon)
    else:
        t = updates.unsqueeze(-1)
        correction1 = (1 - settings.beta1.double().unsqueeze(-1) ** t).to(dtype)
        correction2 = torch.sqrt(1 - settings.beta2.double().unsqueeze(-1) ** t).to(dtype)
        step = lr / correction1 * first / (torch.sqrt(second) / correction2 + epsilon)
    return AdamState(state.parameters - step, first, second, updates)
