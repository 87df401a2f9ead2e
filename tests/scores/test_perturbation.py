"""Comprehensiveness and sufficiency: areas by hand, and which positions stay."""

import pytest
import torch
from torch import Tensor

from attnseq.scores.perturbation import areas, keys

VALUES = torch.tensor([[5.0, 3.0, 1.0, 1.0]])
KEYS = keys(range(1), 4, 1)


def taken(gone: Tensor, draw: int) -> Tensor:
    """What a sum loses is what is gone."""
    return (VALUES * gone).sum(dim=-1)


def test_areas_by_hand() -> None:
    found = areas(taken, lambda prediction: prediction, torch.tensor([[0.4, 0.3, 0.2, 0.1]]), KEYS, None)
    # without the first k: 0, 5, 8, 9, 10; with the first k alone: 10, 5, 2, 1, 0
    assert float(found.comprehensiveness) == pytest.approx((5 + 8 + 9 + 10 / 2) / 4)
    assert float(found.sufficiency) == pytest.approx((10 / 2 + 5 + 2 + 1) / 4)


def test_the_other_way_round_attention_explains_less() -> None:
    right = areas(taken, lambda prediction: prediction, VALUES, KEYS, None)
    wrong = areas(taken, lambda prediction: prediction, -VALUES + 6, KEYS, None)
    assert right.comprehensiveness > wrong.comprehensiveness
    assert right.sufficiency < wrong.sufficiency


def test_padding_is_neither_kept_nor_taken() -> None:
    present = torch.tensor([[True, True, False, False]])
    weights = torch.tensor([[0.6, 0.4, 0.0, 0.0]])
    found = areas(lambda gone, draw: taken(gone & present, draw), lambda prediction: prediction, weights, KEYS, present)
    assert float(found.comprehensiveness) == pytest.approx((5 + 8 / 2) / 2)
    assert float(found.sufficiency) == pytest.approx((8 / 2 + 3) / 2)


def test_draws_are_averaged() -> None:
    weights = torch.tensor([[0.4, 0.3, 0.2, 0.1]])
    found = areas(
        lambda gone, draw: draw * taken(gone, draw), lambda prediction: prediction, weights, keys(range(1), 4, 3), None
    )
    assert float(found.comprehensiveness) == pytest.approx(27 / 4)


def test_even_attention_is_at_chance() -> None:
    even, many = torch.full((2000, 4), 0.25), keys(range(2000), 4, 1)
    found = areas(taken, lambda prediction: prediction, even, many, None)
    # on average k of 4 positions have k / 4 of the sum, 10: the area is half of it. By position, it would be 6.75
    assert float(found.comprehensiveness.mean()) == pytest.approx(5, abs=0.1)
    assert float(found.sufficiency.mean()) == pytest.approx(5, abs=0.1)


def test_keys_are_a_samples_own() -> None:
    keys_CxBxT = keys(range(10), 4, 2)
    assert torch.equal(keys_CxBxT[:, 3:5], keys(range(3, 5), 4, 2))
    assert len(keys_CxBxT.unique()) == 80


def test_ties_of_a_few_positions_are_broken_among_these_alone() -> None:
    tied = torch.tensor([[0.1, 0.4, 0.4, 0.1]]).expand(500, 4)
    found = areas(taken, lambda prediction: prediction, tied, keys(range(500), 4, 1), None)
    # without the first one: 3 or 1; two: 4; three: 9 or 5; all: 10
    each = sorted({round(value, 4) for value in found.comprehensiveness.tolist()})
    assert each == [(1 + 4 + 5 + 5) / 4, (3 + 4 + 5 + 5) / 4, (1 + 4 + 9 + 5) / 4, (3 + 4 + 9 + 5) / 4]
