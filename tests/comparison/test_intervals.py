"""Intervals and tests against tables, SciPy, and how often they are right."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from attnseq.comparison.intervals import BOOTSTRAP_FROM, holm, mean_interval, paired_difference, welch_difference


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


def test_bootstrap_agrees_with_students_t_for_normal_values():
    values = np.random.default_rng(1).normal(5.0, 2.0, 60)
    low, high = stats.t.interval(0.95, 59, values.mean(), stats.sem(values))
    interval = mean_interval(values)
    assert interval.low == pytest.approx(low, abs=0.1)
    assert interval.high == pytest.approx(high, abs=0.1)


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says():
    samples = np.random.default_rng(2).normal(0.0, 1.0, (400, BOOTSTRAP_FROM))
    intervals = [mean_interval(sample) for sample in samples]
    assert np.mean([interval.low <= 0.0 <= interval.high for interval in intervals]) == pytest.approx(0.95, abs=0.03)


def test_paired_difference_is_students_t_of_the_differences():
    values, others = [1.0, 2.0, 4.0, 3.0], [0.5, 1.7, 3.2, 2.8]
    difference = paired_difference(values, others)
    expected = stats.ttest_rel(values, others)
    assert (difference.paired, difference.count) == (True, 4)
    assert difference.p == pytest.approx(expected.pvalue)
    assert (difference.low, difference.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))


def test_pairs_find_a_difference_that_the_spread_of_seeds_hides():
    seeds = np.array([1.0, 2.0, 3.0, 4.0])
    shifted = seeds + 0.1 + np.array([0.0, 0.01, -0.01, 0.005])
    assert paired_difference(shifted, seeds).p < 0.001
    assert welch_difference(shifted, seeds).p > 0.8


def test_welch_difference_is_scipys():
    values, others = [1.0, 2.0, 4.0], [0.5, 1.7, 3.2, 2.8, 0.1]
    difference = welch_difference(values, others)
    expected = stats.ttest_ind(values, others, equal_var=False)
    assert (difference.paired, difference.count) == (False, 8)
    assert difference.p == pytest.approx(expected.pvalue)
    assert (difference.low, difference.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))


@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.0016777461, 7e-9, 1e5 / 7])
def test_equal_values_are_equal_however_many_they_are(value):
    for count in range(2, 13):
        assert mean_interval([value] * count).half == 0.0
        for others in range(2, 13):
            difference = welch_difference([value] * count, [value] * others)
            assert (difference.p, difference.mean) == (1.0, 0.0), (count, others)


@pytest.mark.parametrize("test", [paired_difference, welch_difference])
def test_what_only_rounding_tells_apart_is_equal(test):
    values = [0.1, 0.2, 0.3, 0.7]
    rounded = [value * 3 / 3 * 7 / 7 + 1e-17 for value in values]
    assert test(values, rounded).p == pytest.approx(1.0)
    assert test([0.3] * 3, [0.1 + 0.2] * 3).p == 1.0
    assert test([0.3] * 3, [0.3 + 1e-12] * 3).p == 0.0  # what a test can tell apart is left to it


@pytest.mark.parametrize("test", [paired_difference, welch_difference])
def test_without_any_spread_only_equality_may_be_chance(test):
    assert test([1.0, 1.0], [1.0, 1.0]).p == 1.0
    assert test([2.0, 2.0], [1.0, 1.0]).p == 0.0


def test_holm_by_hand():
    # ranks of 0.01, 0.02, 0.03 and 0.04: 4 x 0.01, 3 x 0.02, 2 x 0.03, and 0.04, which may not fall below 0.06
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
