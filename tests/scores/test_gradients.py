"""Gradient x input and integrated gradients: by hand, against quadrature's exactness, and complete."""

import pytest
import torch
from torch import Tensor

from attnseq.scores.gradients import gradient_x_input, integrated_gradients


def cubic(encoded_BxTxF: Tensor) -> Tensor:
    """Of each sample x1³ + 2 x1 x2 + x3, of the features' sums."""
    one, two, three = encoded_BxTxF.sum(dim=-1).unbind(dim=-1)
    return one**3 + 2 * one * two + three


SAMPLE = torch.tensor([[[1.0, 1.0], [3.0, 0.0], [0.5, 0.5]]], dtype=torch.float64)  # positions 2, 3, 1


def test_gradient_x_input_by_hand() -> None:
    # gradients: 3 · 4 + 2 · 3 = 18, 2 · 2 = 4, 1
    assert gradient_x_input(cubic, SAMPLE).tolist() == [[36.0, 12.0, 1.0]]


def test_integrated_gradients_by_hand() -> None:
    # along s: 2 ∫ (12 s² + 6 s) ds = 8 + 6, 3 ∫ 4 s ds = 6, and 1
    torch.testing.assert_close(
        integrated_gradients(cubic, SAMPLE, steps=2), torch.tensor([[14.0, 6.0, 1.0]], dtype=torch.float64)
    )


@pytest.mark.parametrize("from_zero", [True, False])
def test_integrated_gradients_are_complete(from_zero: bool) -> None:
    encoded = torch.randn(5, 3, 2, generator=torch.Generator().manual_seed(0))
    baseline = None if from_zero else torch.full((1, 3, 2), 0.3)

    def says(values: Tensor) -> Tensor:
        return torch.sigmoid(cubic(values))

    start = torch.zeros_like(encoded) if baseline is None else baseline.expand_as(encoded)
    found = integrated_gradients(says, encoded, baseline, steps=200)
    torch.testing.assert_close(found.sum(dim=1), says(encoded) - says(start), atol=1e-3, rtol=0)


def test_one_number_a_position_and_a_population() -> None:
    encoded_BxT = torch.tensor([[2.0, 3.0, 1.0]], dtype=torch.float64)
    scales_P = torch.tensor([1.0, 2.0], dtype=torch.float64)

    def attributed(scale: Tensor) -> Tensor:
        return integrated_gradients(lambda values: scale * cubic(values.unsqueeze(-1)), encoded_BxT)

    with torch.no_grad():
        found_PxBxT = torch.vmap(attributed)(scales_P)
    assert found_PxBxT.shape == (2, 1, 3)
    torch.testing.assert_close(found_PxBxT[1], 2 * found_PxBxT[0])
