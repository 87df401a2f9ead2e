"""Attention as distributions: there and back, and whether it tells positions apart."""

import pytest
import torch

from attnseq.scores.weight_rows import from_rows, ranks_positions, to_rows

NUMBERS = torch.Generator().manual_seed(0)


@pytest.mark.parametrize(("axes", "shape"), [("BT", (3, 4)), ("BTD", (3, 4, 2)), ("BKT", (3, 2, 4))])
def test_there_and_back(axes: str, shape: tuple[int, ...]) -> None:
    weights = torch.rand(2, *shape, generator=NUMBERS)  # of two replicas
    rows = to_rows(weights, axes)
    assert rows.shape == (2, 3, 1 if axes == "BT" else 2, 4)
    assert torch.equal(from_rows(rows, axes), weights)


def test_weights_of_features_tell_no_positions_apart() -> None:
    features_BxTxD = torch.rand(3, 1, 2, generator=NUMBERS).expand(3, 4, 2)
    assert not ranks_positions(to_rows(features_BxTxD, "BTD"), None)
    assert ranks_positions(to_rows(torch.rand(3, 4, 2, generator=NUMBERS), "BTD"), None)


def test_padding_is_no_difference_and_single_positions_say_nothing() -> None:
    rows = torch.tensor([[[0.5, 0.5, 0.0]], [[1.0, 0.0, 0.0]]])
    present = torch.tensor([[True, True, False], [True, False, False]])
    assert not ranks_positions(rows, present)
    assert ranks_positions(rows[1:], present[1:])
