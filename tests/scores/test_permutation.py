"""Permuted attention: orders, medians by hand, padding, and samples that have one position."""

import torch
from torch import Tensor

from attnseq.scores.permutation import median_change, orders

LENGTHS_B = torch.tensor([4, 1, 2])


def test_orders_are_permutations_that_leave_padding_alone() -> None:
    for order_BxRxT in orders(range(3), 2, 4, LENGTHS_B, number=20):
        for sample, length in enumerate(LENGTHS_B.tolist()):
            for row in range(2):
                assert sorted(order_BxRxT[sample, row, :length].tolist()) == list(range(length))
                assert order_BxRxT[sample, row, length:].tolist() == list(range(length, 4))


def test_orders_are_the_same_again_and_differ_from_each_other() -> None:
    first, again = orders(range(5), 1, 6, None, number=3), orders(range(5), 1, 6, None, number=3)
    assert torch.equal(first, again)
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[:, 0], first[:, 1])


def test_which_samples_are_drawn_together_changes_no_order() -> None:
    whole_MxBxRxT = orders(range(3), 2, 4, LENGTHS_B, number=9)
    parts = [orders(range(place, place + 1), 2, 4, LENGTHS_B[place : place + 1], number=9) for place in range(3)]
    assert torch.equal(whole_MxBxRxT, torch.cat(parts, dim=1))
    assert whole_MxBxRxT.dtype == torch.int16


def test_the_median_by_hand() -> None:
    rows = torch.tensor([[[0.7, 0.2, 0.1]]])

    def change(weights: Tensor) -> Tensor:
        return (weights[:, 0, 0] - 0.7).abs()

    given = torch.tensor([[[[first, *(each for each in range(3) if each != first)]]] for first in (0, 1, 2)])
    torch.testing.assert_close(median_change(change, rows, given, None), torch.tensor([0.5]))  # of 0, 0.5, 0.6


def test_a_single_position_is_refused() -> None:
    rows = torch.tensor([[[0.5, 0.3, 0.2, 0.0]], [[1.0, 0, 0, 0]], [[0.9, 0.1, 0, 0]]])
    found = median_change(
        lambda weights: weights[:, 0, 0], rows, orders(range(3), 1, 4, LENGTHS_B, number=5), LENGTHS_B
    )
    assert found.isnan().tolist() == [False, True, False]


def test_attention_that_is_ignored_changes_nothing() -> None:
    rows = torch.rand(2, 5, 1, 6, generator=torch.Generator().manual_seed(0))  # of two replicas
    found = median_change(lambda weights: weights[..., 0, 0] * 0, rows, orders(range(5), 1, 6, None, number=7), None)
    assert found.shape == (2, 5)
    assert not found.any()
