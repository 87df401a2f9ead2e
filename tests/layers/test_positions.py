"""Vectors of positions: sinusoids number by number, and learnt ones.

Shapes: T positions, H hidden units.
"""

import math

import pytest
import torch

from attnseq.core.randomness import generator
from attnseq.layers.positions import LearntPositions, sinusoids
from attnseq.layers.weights import KerasInitializer


@pytest.mark.parametrize("units", [1, 4, 5])
def test_sinusoids_are_the_articles(units: int) -> None:
    """PE(t, 2i) = sin(t / 10000^(2i/H)), PE(t, 2i + 1) = cos(t / 10000^(2i/H)); an odd H lacks the last cosine."""
    expected = [
        [(math.cos if unit % 2 else math.sin)(t / 10_000 ** (unit // 2 * 2 / units)) for unit in range(units)]
        for t in range(30)
    ]
    like = torch.zeros(2, units, dtype=torch.float64)
    torch.testing.assert_close(sinusoids(30, like), torch.tensor(expected, dtype=torch.float64), rtol=1e-6, atol=1e-6)
    assert sinusoids(3, like.float()).dtype == torch.float32


def test_learnt_vectors_are_those_of_the_first_positions() -> None:
    positions = LearntPositions(3, 4)
    with torch.no_grad():
        positions.vectors.copy_(torch.arange(12.0).view(3, 4))
    assert positions(2).tolist() == [[0, 2, 4, 6], [8, 10, 12, 14]]  # times the root of 4


def test_fresh_parameters_fit() -> None:
    positions = LearntPositions(3, 4)
    fresh = positions.initial("positions", KerasInitializer(generator(0, "weights")))
    assert {name: value.shape for name, value in fresh.items()} == {"positions.vectors": (3, 4)}
    assert fresh["positions.vectors"].unique().numel() == 12
