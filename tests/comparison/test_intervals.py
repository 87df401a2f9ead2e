"""Intervals and tests by hand and tables, and how often they are right."""

import math
import warnings
from dataclasses import astuple, replace

import numpy as np
import pytest
from scipy import stats

from attnseq.comparison.intervals import BOOTSTRAP_FROM, RESAMPLES, holm, mean_difference, mean_intervals


def mean_interval(values):
    (interval,) = mean_intervals([values])
    return interval


def test_one_value_has_no_interval():
    interval = mean_interval([2.5])
    assert (interval.mean, interval.low, interval.high, interval.half, interval.count) == (2.5, None, None, None, 1)


def test_few_values_by_students_t():
    # mean 2, standard deviation 1, standard error 1 / sqrt(3), quantile of the table for 2 degrees of freedom 4.3027
    interval = mean_interval([1.0, 2.0, 3.0])
    assert interval.mean == 2.0
    assert interval.half == pytest.approx(4.3027 / 3**0.5, abs=1e-4)
    assert interval.low == pytest.approx(2.0 - interval.half)


def test_equal_values_have_an_interval_of_no_width():
    assert mean_interval([0.1] * 3).half == 0.0
    assert mean_interval([0.1] * BOOTSTRAP_FROM).half == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("count", [5, BOOTSTRAP_FROM])
def test_an_interval_does_not_depend_on_what_else_is_asked_for(count):
    rows = np.random.default_rng(0).lognormal(0.0, 1.0, (3, count))
    rows[1] = 0.1
    for together, alone in zip(mean_intervals(rows), map(mean_interval, rows), strict=True):
        assert astuple(together) == pytest.approx(astuple(alone), rel=1e-12)


def test_an_interval_is_cut_at_limits():
    low, high = mean_interval([0.0, 0.0, 0.05]), mean_interval([1.0, 1.0, 0.95])
    assert low.low < 0 < low.high < 1
    assert low.within(0.0, 1.0) == replace(low, low=0.0)
    assert 0 < high.low < 1 < high.high
    assert high.within(0.0, 1.0) == replace(high, high=1.0)
    assert mean_interval([0.5]).within(0.0, 1.0) == mean_interval([0.5])


def test_a_mean_beyond_the_limits_stays_in_its_interval():
    cut = mean_interval([-1.0, -0.9, -1.1]).within(0.0, 1.0)
    assert cut.low == cut.mean
    assert cut.low <= cut.mean <= cut.high


def test_many_values_by_the_bootstrap_which_follows_their_skew():
    values = np.random.default_rng(0).lognormal(0.0, 1.0, BOOTSTRAP_FROM)
    interval = mean_interval(values)
    assert interval.high - interval.mean > interval.mean - interval.low  # Student's t is symmetric
    assert interval == mean_interval(values)  # the same numbers, the same interval


def test_the_bootstrap_is_of_means_whose_draws_always_start_alike():
    values = np.random.default_rng(0).lognormal(0.0, 1.0, BOOTSTRAP_FROM)
    drawn = np.random.default_rng(0).integers(0, BOOTSTRAP_FROM, (RESAMPLES, BOOTSTRAP_FROM))
    # the table's quantile for 29 degrees of freedom is 2.0452; the normal distribution is below -2.0802 with 0.018755
    low, high = np.quantile(values[drawn].mean(axis=1), [0.018755, 1 - 0.018755])
    interval = mean_interval(values)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-4)


def test_bootstrap_agrees_with_students_t_for_normal_values():
    values = np.random.default_rng(1).normal(5.0, 2.0, 60)
    low, high = stats.t.interval(0.95, 59, values.mean(), stats.sem(values))
    interval = mean_interval(values)
    assert interval.low == pytest.approx(low, abs=0.1)
    assert interval.high == pytest.approx(high, abs=0.1)


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says():
    samples = np.random.default_rng(2).normal(0.0, 1.0, (400, BOOTSTRAP_FROM))
    intervals = mean_intervals(samples)
    assert np.mean([interval.low <= 0.0 <= interval.high for interval in intervals]) == pytest.approx(0.95, abs=0.03)


def test_a_paired_difference_by_hand():
    # gaps 0.5, 0.3, 0.8 and 0.2: mean 0.45, variance 0.07; quantile of the table for 3 degrees of freedom 3.1824
    difference = mean_difference([1.0, 2.0, 4.0, 3.0], [0.5, 1.7, 3.2, 2.8], paired=True)
    error = (0.07 / 4) ** 0.5
    angle = 0.45 / error / 3**0.5
    assert (difference.paired, difference.count) == (True, 4)
    assert difference.mean == pytest.approx(0.45)
    assert (difference.low, difference.high) == pytest.approx((0.45 - 3.1824 * error, 0.45 + 3.1824 * error), abs=1e-4)
    assert difference.p == pytest.approx(1 - 2 / math.pi * (math.atan(angle) + angle / (1 + angle**2)))


def test_pairs_find_a_difference_that_the_spread_of_seeds_hides():
    seeds = np.array([1.0, 2.0, 3.0, 4.0])
    shifted = seeds + 0.1 + np.array([0.0, 0.01, -0.01, 0.005])
    assert mean_difference(shifted, seeds, paired=True).p < 0.001
    assert mean_difference(shifted, seeds, paired=False).p > 0.8


def test_an_unpaired_difference_by_hand():
    # variances 1 and 1, so that there are 4 degrees of freedom, of which the table's quantile is 2.7764; t^2 is 13.5
    difference = mean_difference([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], paired=False)
    half = 2.7764 * (2 / 3) ** 0.5
    assert (difference.paired, difference.count, difference.mean) == (False, 6, -3.0)
    assert (difference.low, difference.high) == pytest.approx((-3.0 - half, -3.0 + half), abs=1e-4)
    assert difference.p == pytest.approx(1 - 3 / 4 * (13.5 / 4.375) ** 0.5 * (1 - 13.5 / 4.375 / 12))


def test_unequal_spread_takes_degrees_of_freedom_away():
    """The side of one value alone, such as uniform attention, adds none: it is a t test of the other side."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        difference = mean_difference([1.0, 2.0, 3.0], [0.6] * 5, paired=False)
    assert difference.high - difference.mean == pytest.approx(4.3027 / 3**0.5, abs=1e-4)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.0016777461, 7e-9, 1e5 / 7])
def test_equal_values_are_equal_however_many_they_are(value):
    for count in range(2, 13):
        assert mean_interval([value] * count).half == 0.0
        for others in range(2, 13):
            difference = mean_difference([value] * count, [value] * others, paired=False)
            assert (difference.p, difference.mean) == (1.0, 0.0), (count, others)


@pytest.mark.parametrize("paired", [True, False])
def test_what_only_rounding_tells_apart_is_equal(paired):
    values = [0.1, 0.2, 0.3, 0.7]
    rounded = [value * 3 / 3 * 7 / 7 + 1e-17 for value in values]
    assert mean_difference(values, rounded, paired).p == pytest.approx(1.0)
    assert mean_difference([0.3] * 3, [0.1 + 0.2] * 3, paired).p == 1.0
    assert mean_difference([0.3] * 3, [0.3 + 1e-12] * 3, paired).p == 0.0  # what a test can tell apart is left to it


@pytest.mark.parametrize("paired", [True, False])
def test_without_any_spread_only_equality_may_be_chance(paired):
    assert mean_difference([1.0, 1.0], [1.0, 1.0], paired).p == 1.0
    assert mean_difference([2.0, 2.0], [1.0, 1.0], paired).p == 0.0


def test_holm_by_hand():
    # ranks of 0.01, 0.02, 0.03 and 0.04: 4 x 0.01, 3 x 0.02, 2 x 0.03, and 0.04, which may not fall below 0.06
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
