"""Vectors that say where something stands in a sequence: learnt ones, or sinusoids.

Shapes: T positions, H hidden units.
"""

import math

import torch
from torch import Tensor, nn

from attnseq.contracts.model import Initializer


class LearntPositions(nn.Module):
    """A vector of its own for each position, scaled as embeddings are, by the root of H.

    Args:
        positions: T, which no sequence exceeds.
        units: H.
    """

    def __init__(self, positions: int, units: int):
        super().__init__()
        self.vectors = nn.Parameter(torch.empty(positions, units))

    def forward(self, positions: int) -> Tensor:
        """Return vectors_TxH of the first positions."""
        return self.vectors[:positions] * math.sqrt(self.vectors.shape[-1])

    def initial(self, name: str, init: Initializer) -> dict[str, Tensor]:
        """Draw fresh parameters, by name.

        Args:
            name: of these positions in their model.
            init: draws the kernel.
        """
        positions, units = self.vectors.shape
        return {f"{name}.vectors": torch.from_numpy(init.glorot_uniform((positions, units)))}


def sinusoids(positions: int, like: Tensor) -> Tensor:
    """Compute vectors_TxH of sines and cosines, in turn, whose wavelengths grow from 2 pi to 10,000 times 2 pi.

    Args:
        positions: T.
        like: of the same type and device, its last axis H.

    Source: Vaswani et al. 2017 (arXiv:1706.03762), section 3.5.
    """
    units = like.shape[-1]
    exponents_H = torch.arange(units, device=like.device) // 2 * 2 / units
    angles_TxH = torch.arange(positions, device=like.device).unsqueeze(-1) * 10_000.0**-exponents_H
    is_sine_H = torch.arange(units, device=like.device) % 2 == 0
    return torch.where(is_sine_H, angles_TxH.sin(), angles_TxH.cos()).to(like.dtype)
