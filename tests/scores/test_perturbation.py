"""Comprehensiveness and sufficiency: areas by hand, and which positions stay."""

import pytest
import torch
from torch import Tensor

from attnseq.scores.perturbation import areas

VALUES = torch.tensor([[5.0, 3.0, 1.0, 1.0]])


def taken(gone: Tensor, draw: int) -> Tensor:
    """What a sum loses is what is gone."""
    return (VALUES * gone).sum(dim=-1)


def test_areas_by_hand() -> None:
    found = areas(taken, lambda prediction: prediction, torch.tensor([[0.4, 0.3, 0.2, 0.1]]), 1, None)
    # without the first k: 0, 5, 8, 9, 10; with the first k alone: 10, 5, 2, 1, 0
    assert float(found.comprehensiveness) == pytest.approx((5 + 8 + 9 + 10 / 2) / 4)
    assert float(found.sufficiency) == pytest.approx((10 / 2 + 5 + 2 + 1) / 4)


def test_the_other_way_round_attention_explains_less() -> None:
    right = areas(taken, lambda prediction: prediction, VALUES, 1, None)
    wrong = areas(taken, lambda prediction: prediction, -VALUES + 6, 1, None)
    assert right.comprehensiveness > wrong.comprehensiveness
    assert right.sufficiency < wrong.sufficiency


def test_padding_is_neither_kept_nor_taken() -> None:
    present = torch.tensor([[True, True, False, False]])
    weights = torch.tensor([[0.6, 0.4, 0.0, 0.0]])
    found = areas(lambda gone, draw: taken(gone & present, draw), lambda prediction: prediction, weights, 1, present)
    assert float(found.comprehensiveness) == pytest.approx((5 + 8 / 2) / 2)
    assert float(found.sufficiency) == pytest.approx((8 / 2 + 3) / 2)


def test_draws_are_averaged() -> None:
    weights = torch.tensor([[0.4, 0.3, 0.2, 0.1]])
    found = areas(lambda gone, draw: draw * taken(gone, draw), lambda prediction: prediction, weights, 3, None)
    assert float(found.comprehensiveness) == pytest.approx(27 / 4)
