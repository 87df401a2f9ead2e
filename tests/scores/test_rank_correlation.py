"""Kendall's tau-b and Somers' D: by hand, and against SciPy's, sample by sample.

Shapes: B batch, T positions.
"""

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau, somersd

from attnseq.scores.agreement import rank_agreement
from attnseq.scores.rank_correlation import kendall, somers


def of(score, weights: list[float], relevance: list[float]) -> float:  # type: ignore[no-untyped-def]
    (value,) = score(torch.tensor([weights]), torch.tensor([relevance])).tolist()
    return float(value)


@pytest.mark.parametrize(
    ("weights", "relevance", "tau", "d"),
    [
        ([0.1, 0.2, 0.7], [0.0, 1, 10], 1.0, 1.0),
        ([0.7, 0.2, 0.1], [0.0, 1, 10], -1.0, -1.0),
        ([0.2, 0.1, 0.7], [0.0, 1, 10], 1 / 3, 1 / 3),  # of three pairs two alike, one the other way round
        ([0.2, 0.3, 0.5], [0.0, 0, 10], 2 / 6**0.5, 1.0),  # relevance orders two pairs, attention all three
        ([0.25, 0.25, 0.5], [0.0, 0, 10], 1.0, 1.0),
        ([0.2, 0.4, 0.4], [0.0, 1, 10], 2 / 6**0.5, 2 / 3),  # attention orders two, relevance all three
        ([1 / 3] * 3, [0.0, 1, 10], 0.0, 0.0),
    ],
)
def test_by_hand(weights: list[float], relevance: list[float], tau: float, d: float) -> None:
    assert of(kendall, weights, relevance) == pytest.approx(tau)
    assert of(somers, weights, relevance) == pytest.approx(d)


@pytest.mark.parametrize("positions", [2, 10, 16, 17, 40])
def test_against_scipy_with_padding(positions: int) -> None:
    rng = np.random.default_rng(positions)
    weights_BxT = rng.integers(0, positions, (30, positions)).astype(float)
    relevance_BxT = rng.integers(0, 4, (30, positions)).astype(float)
    lengths_B = rng.integers(2, positions + 1, 30)
    relevance_BxT[:, :2], weights_BxT[:, :2] = [0, 1], [3, 5]  # both order something
    present_BxT = torch.from_numpy(np.arange(positions) < lengths_B[:, None])
    arguments = torch.from_numpy(weights_BxT), torch.from_numpy(relevance_BxT), present_BxT
    for sample, (tau, d) in enumerate(zip(kendall(*arguments).tolist(), somers(*arguments).tolist(), strict=True)):
        weights = weights_BxT[sample, : lengths_B[sample]]
        relevance = relevance_BxT[sample, : lengths_B[sample]]
        assert tau == pytest.approx(kendalltau(weights, relevance).statistic)
        assert d == pytest.approx(somersd(relevance, weights).statistic)
        assert d == pytest.approx(rank_agreement(weights, relevance))


def test_weights_that_never_tie_reach_what_the_article_s_relevance_lets_them() -> None:
    relevance = [0.0, 100, 10, 1, 0, 100, 10, 1, 0, 0]  # orders 36 of 45 pairs
    weights = [value + place / 100 for place, value in enumerate(relevance)]
    assert of(kendall, weights, relevance) == pytest.approx((36 / 45) ** 0.5)
    assert of(somers, weights, relevance) == 1


def test_where_relevance_orders_nothing_it_is_undefined() -> None:
    assert np.isnan([of(kendall, [0.1, 0.9], [1, 1]), of(somers, [0.1, 0.9], [1, 1])]).all()
    assert np.isnan([of(kendall, [0.9], [1.0]), of(somers, [0.9], [1.0])]).all()


def test_rounding_orders_no_positions() -> None:
    weights_T = torch.full((3,), 1 / 3) * (1 + torch.tensor([0.0, 1.0, -1.0]) * torch.finfo(torch.float32).eps)
    assert len(set(weights_T.tolist())) > 1
    assert of(somers, weights_T.tolist(), [0.0, 1, 10]) == 0


def test_of_ten_thousand_positions() -> None:
    """By sorting: a table of all pairs would take 800 MB."""
    places_T = torch.arange(10_000.0)
    weights_BxT = torch.stack([places_T, -places_T, places_T.roll(1)])
    found = kendall(weights_BxT, places_T.expand(3, -1))
    pairs = 10_000 * 9_999 / 2
    assert found.tolist() == pytest.approx([1.0, -1.0, 1 - 2 * 9_999 / pairs], rel=1e-12)
