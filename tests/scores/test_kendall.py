"""Kendall's tau-b against SciPy's, with ties and positions that do not count."""

import pytest
import torch
from scipy.stats import kendalltau

from attnseq.scores.kendall import tau_b

NUMBERS = torch.Generator().manual_seed(0)


@pytest.mark.parametrize("levels", [3, 1000])
def test_it_is_scipys(levels: int) -> None:
    one, other = (torch.randint(0, levels, (20, 8), generator=NUMBERS).double() for _ in range(2))
    expected = [kendalltau(a, b).statistic for a, b in zip(one.tolist(), other.tolist(), strict=True)]
    torch.testing.assert_close(tau_b(one, other), torch.tensor(expected, dtype=torch.float64))


def test_positions_that_a_sample_lacks_do_not_count() -> None:
    one, other = torch.tensor([[1.0, 2.0, 3.0, 99.0]]), torch.tensor([[3.0, 4.0, 2.0, -9.0]])
    present = torch.tensor([[True, True, True, False]])
    assert float(tau_b(one, other, present)) == pytest.approx(-1 / 3)


def test_nothing_is_said_where_nothing_is_ordered() -> None:
    assert tau_b(torch.ones(1, 3), torch.tensor([[1.0, 2.0, 3.0]])).isnan().all()
    single = torch.tensor([[True, False, False]])
    assert tau_b(torch.arange(3.0)[None], torch.arange(3.0)[None], single).isnan().all()


def test_rounding_orders_nothing() -> None:
    assert tau_b(torch.tensor([0.1, 0.1 + 1e-8, 0.3]), torch.tensor([0.0, 2.0, 3.0])) == tau_b(
        torch.tensor([0.1, 0.1, 0.3]), torch.tensor([0.0, 2.0, 3.0])
    )
