"""Verdicts: counted over seeds, and of differences by factors."""

import math

import pytest
from scipy import stats

from attnseq.article.judging import HOLDS, NOT, UNTESTED, counted, mean, ratio, smaller


@pytest.mark.parametrize(("holds", "verdict"), [((1, 1, 1), HOLDS), ((1, 0, 1), "holds in 2 of 3"), ((0, 0, 0), NOT)])
def test_seeds_are_counted(holds: tuple[int, ...], verdict: str) -> None:
    assert counted({seed: bool(each) for seed, each in enumerate(holds)}, "").verdict == verdict


def test_without_runs_nothing_is_tested() -> None:
    assert counted({}, "") is UNTESTED
    assert smaller({0: 1.0}, {0: 2.0}, "") is UNTESTED  # one seed says nothing of chance
    assert smaller({0: 1.0, 1: 1.0}, {2: 2.0, 3: 2.0}, "") is UNTESTED


def test_a_ratio_is_the_geometric_mean_over_common_seeds() -> None:
    mine, others = {0: 1.0, 1: 4.0, 2: 2.0, 9: 5.0}, {2: 1.0, 1: 1.0, 0: 2.0}
    its = ratio(mine, others)
    logs = [math.log(0.5), math.log(4.0), math.log(2.0)]
    assert its.mean == pytest.approx(4 ** (1 / 3))
    assert its.p == pytest.approx(stats.ttest_1samp(logs, 0.0).pvalue)
    low, high = stats.ttest_1samp(logs, 0.0).confidence_interval(0.95)
    assert (its.low, its.high) == pytest.approx((math.exp(low), math.exp(high)))
    assert its.seeds == 3


MINE = {0: 1.0, 1: 1.1, 2: 0.9}


@pytest.mark.parametrize(
    ("others", "at_most", "verdict"),
    [
        ({0: 20.0, 1: 21.0, 2: 19.0}, 0.1, HOLDS),
        ({0: 2.0, 1: 2.1, 2: 1.9}, 1.0, HOLDS),
        ({0: 2.0, 1: 2.1, 2: 1.9}, 0.1, NOT),  # smaller, but by no tenth
        ({0: 1.0, 1: 0.5, 2: 2.5}, 1.0, NOT),  # by chance
        ({0: 0.5, 1: 0.5, 2: 0.4}, 1.0, NOT),
    ],
)
def test_smaller_is_more_than_chance(others: dict[int, float], at_most: float, verdict: str) -> None:
    found = smaller(MINE, others, "loss", at_most)
    assert found.verdict == verdict
    assert ("(it is larger)" in found.shown) == (others[0] < 1)


def test_means_have_their_interval() -> None:
    assert mean({}) == "-"
    assert mean({0: 0.5, 1: 0.5}, 100) == "50.00 ± 0.00"
    assert mean({0: 0.5}) == "0.5000 ± ?"
