"""Attribution by gradients: how much each position of the encoded input counts for what a model says.

Shapes: B batch, T positions, F features, K answer positions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

Says = Callable[["Tensor"], "Tensor"]
"""A number a sample, B, of encoded inputs, BxT or BxTxF; a sample's number depends on that sample alone."""

STEPS = 32
"""Points of the path of integrated gradients, unless it is found that they need more."""


def gradient_x_input(says: Says, encoded: Tensor) -> Tensor:
    """Compute gradient times input, summed over the features of a position.

    Args:
        says: what is explained.
        encoded: BxT or BxTxF.

    Returns:
        attribution_BxT, with its sign.

    Source: Shrikumar et al. 2017, "Learning Important Features Through Propagating Activation Differences"
    (arXiv:1704.02685); Jain & Wallace 2019 hold attention against it (algorithm 1), while
    the weights of attention are held fixed: that is for `says` to do.
    """
    return by_position(gradient(says, encoded) * encoded)


def integrated_gradients(says: Says, encoded: Tensor, baseline: Tensor | None = None, steps: int = STEPS) -> Tensor:
    """Integrate gradients along the straight line from a baseline to the input, times the way, over the features.

    The attributions of a sample's positions add up to what is said of the input less what is said of the baseline
    (completeness), as exactly as the integral is: by Gauss-Legendre's rule.

    Args:
        says: what is explained.
        encoded: BxT or BxTxF.
        baseline: of the same shape, or one that broadcasts to it; None: zeros.
        steps: points at which gradients are taken.

    Returns:
        attribution_BxT, with its sign; 0 where input and baseline are the same, as at padding.

    Source: Sundararajan et al. 2017, "Axiomatic Attribution for Deep Networks" (arXiv:1703.01365).
    """
    import torch

    start = torch.zeros_like(encoded) if baseline is None else baseline.expand_as(encoded)
    way, total = encoded - start, torch.zeros_like(encoded)
    for place, weight in _rule(steps):
        total = total + weight * gradient(says, start + place * way)
    return by_position(total * way)


def gradient(says: Says, encoded: Tensor) -> Tensor:
    """Differentiate by the encoded input: of its shape. It runs under `torch.vmap` and `torch.no_grad`."""
    import torch

    with torch.enable_grad():
        found: Tensor = torch.func.grad(lambda values: says(values).sum())(encoded)
    return found


def by_position(values: Tensor) -> Tensor:
    """Sum over the features of each position, if it has several: BxT."""
    return values.sum(dim=-1) if values.dim() == 3 else values


@cache
def _rule(steps: int) -> tuple[tuple[float, float], ...]:
    """Return places in (0, 1) and their weights, which sum to 1."""
    places, weights = np.polynomial.legendre.leggauss(steps)
    return tuple(zip(((places + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))
