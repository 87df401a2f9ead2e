"""Verdicts: counted over seeds, and of differences by factors."""

import math

import pytest
from scipy import stats

from attnseq.article.judging import HOLDS, NO_RUNS, NOT, OPEN, UNTESTED, counted, mean, ratio, share, smaller


@pytest.mark.parametrize(("holds", "verdict"), [((1, 1, 1), HOLDS), ((1, 0, 1), "holds in 2 of 3"), ((0, 0, 0), NOT)])
def test_seeds_are_counted(holds: tuple[int, ...], verdict: str) -> None:
    assert counted({seed: bool(each) for seed, each in enumerate(holds)}, "").verdict == verdict


def test_the_share_of_runs_has_its_interval() -> None:
    # Clopper & Pearson: of 0 in 10 the upper bound is 1 - 0.025^(1/10)
    high = 1 - 0.025**0.1
    assert round(100 * high) == 31
    assert counted(dict.fromkeys(range(10), False), "x").shown == "x; so in 0% to 31% of all runs"


def test_without_runs_nothing_is_tested() -> None:
    assert counted({}, "") is NO_RUNS
    assert smaller({}, {0: 2.0, 1: 1.0}, "") is NO_RUNS
    for mine, others in (
        ({0: 1.0}, {0: 2.0}),
        ({0: 1.0, 1: 1.0}, {2: 2.0, 3: 2.0}),
        ({0: 0.0, 1: 1.0}, {0: 1.0, 1: 1.0}),
    ):
        found = smaller(mine, others, "loss")  # one seed says nothing of chance, and a 0 has no logarithm
        assert (found.verdict, found.shown) == (UNTESTED, "loss: too few seeds")


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
    ("others", "bound", "verdict"),
    [
        ({0: 20.0, 1: 21.0, 2: 19.0}, 0.1, HOLDS),
        ({0: 2.0, 1: 2.1, 2: 1.9}, 1.0, HOLDS),
        ({0: 2.0, 1: 2.1, 2: 1.9}, 0.1, NOT),  # smaller, but by no tenth
        ({0: 20.0, 1: 9.0, 2: 30.0}, 0.1, OPEN),  # a tenth on average, but more than a tenth is in the interval
        ({0: 1.0, 1: 0.5, 2: 2.5}, 1.0, OPEN),  # by chance
        ({0: 0.5, 1: 0.5, 2: 0.4}, 1.0, NOT),
    ],
)
def test_a_claim_of_a_ratio_is_held_against_its_own_bound(others: dict[int, float], bound: float, verdict: str) -> None:
    found = smaller(MINE, others, "loss", bound)
    assert found.verdict == verdict
    logs = [math.log(MINE[seed] / others[seed] / bound) for seed in MINE]
    assert found.p == pytest.approx(stats.ttest_1samp(logs, 0.0).pvalue)
    assert found.shown.endswith(" against 0.1") == (bound == 0.1)


def test_means_and_shares_have_their_interval() -> None:
    assert mean({}) == share({}) == "-"
    assert share({0: 0.5, 1: 0.5}) == "50.00 ± 0.00"
    assert mean({0: 0.5}) == "0.5000 ± ?"
    assert share({0: 0.9, 1: 0.5}) == "70 ± 70"  # 70 ± 254 would reach below 0
