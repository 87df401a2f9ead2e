"""Jensen-Shannon divergence: by hand, its largest, and its closed forms against it."""

import math

import pytest
import torch

from attnseq.scores.divergence import between_two, jensen_shannon, towards_one

WEIGHTS = torch.tensor([0.5, 0.3, 0.2, 0.0], dtype=torch.float64)


def test_divergence_by_hand() -> None:
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5])
    by_hand = (math.log(1 / 0.75) + 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)) / 2
    assert float(jensen_shannon(one, other)) == pytest.approx(by_hand, abs=1e-7)


def test_the_largest_is_ln_2_and_equal_ones_have_none() -> None:
    ones = torch.eye(3, dtype=torch.float64)
    assert float(jensen_shannon(ones[0], ones[1])) == pytest.approx(math.log(2), abs=1e-12)
    assert float(jensen_shannon(WEIGHTS, WEIGHTS)) == 0


def test_closed_forms_are_the_divergence() -> None:
    ones = torch.eye(4, dtype=torch.float64)
    torch.testing.assert_close(towards_one(WEIGHTS), jensen_shannon(WEIGHTS, ones))
    share_TxT = torch.rand(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found_TxT = between_two(WEIGHTS, share_TxT)
    for first in range(4):
        for second in range(4):
            mixed = share_TxT[first, second] * ones[first] + (1 - share_TxT[first, second]) * ones[second]
            torch.testing.assert_close(found_TxT[first, second], jensen_shannon(WEIGHTS, mixed))
