"""Means with intervals in few characters, and no digit that means nothing."""

import pytest

from attnseq.comparison.intervals import Interval
from attnseq.comparison.numbers import apart, bounds, compact, probability, ranges, shown_as, signed


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (1.678e-3, 1.2e-5, "1.678±0.012 e-3"),
        (4.2e-6, 9e-8, "4.200±0.090 e-6"),
        (44.7, 3.0, "44.7±3.0"),
        (0.7843, 0.012, "0.784±0.012"),
        (0.03, 0.1, "0.03±0.10"),
        (-0.2, 0.01, "-0.200±0.010"),
        (12345.6, 300.0, "12346±300"),
        (1.0, 0.0, "1.000±0.000"),
        (0.0, 0.0, "0.000±0.000"),
        (1.5, 1e-9, "1.500±<0.001"),
        (9.99999e-3, 1e-9, "0.01000±<0.00001"),
        (1.5, None, "1.500±?"),
        (4.2e-6, None, "4.200±? e-6"),
    ],
)
def test_compact(mean, half, text):
    interval = Interval(mean, None, None, 1) if half is None else Interval(mean, mean - half, mean + half, 3)
    assert compact(interval) == text
    assert len(text) <= 16


def test_nothing_and_other_signs():
    assert compact(None) == bounds(None) == "-"
    assert compact(Interval(0.5, 0.25, 0.75, 3), "+-", 100.0) == "50+-25"


def test_the_farther_bound_counts():
    assert compact(Interval(5.0, 4.0, 7.0, 30)) == "5.0±2.0"


def test_bounds():
    assert bounds(Interval(0.00168, 0.00166, 0.0017, 3)) == "0.00168 [0.00166, 0.0017]"
    assert bounds(Interval(0.5, None, None, 1), 100.0) == "50 [?]"


@pytest.mark.parametrize(
    ("mean", "text"), [(231.0, "231"), (252_937.0, "252,937"), (16.2434, "16.2"), (0.06516, "0.0652"), (3.0, "3")]
)
def test_costs_have_no_interval(mean, text):
    assert compact(Interval(mean, mean - 1, mean + 1, 3), mean_alone=True) == text
    assert "[" not in bounds(Interval(mean, mean - 1, mean + 1, 3), mean_alone=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0213, "+0.021"),
        (-1.62e-3, "-1.6 e-3"),
        (12.34, "+12"),
        (-0.5, "-0.50"),
        (0.0, "+0.0"),
        (1e6, "+1.0 e6"),
        (0.00999, "+0.010"),
        (9.96e-4, "+1.0 e-3"),
        (99_999.0, "+1.0 e5"),
        (-9.99, "-10"),
    ],
)
def test_differences_have_a_sign_and_two_digits(value, text):
    assert signed(value) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.4123, "0.412"), (0.0501, "0.050"), (0.0499, "<0.05"), (0.0494, "0.049"), (0.0009, "<0.001"), (1.0, "1.000")],
)
def test_p_values_are_on_the_side_of_the_level_that_they_show(p, text):
    assert probability(p) == text


def test_shares_of_right_answers_are_shown_in_per_cent():
    assert shown_as("exact/test") == ("exact/test %", 100.0)
    assert shown_as("loss/test") == ("loss/test", 1.0)


def test_numbers_that_differ_are_told_apart():
    assert apart([0.1, 0.2]) == ["0.1", "0.2"]
    assert apart([0.00167771, 0.00167792]) == ["0.0016777", "0.0016779"]
    assert apart([0.3, 0.1 + 0.2]) == ["0.29999999999999999", "0.30000000000000004"]
    assert apart([0.5, 0.5]) == ["0.5", "0.5"]


def test_numbers_that_follow_one_another_are_a_range():
    assert ranges([]) == ""
    assert ranges([4]) == "4"
    assert ranges([0, 1, 2, 7, 9, 10]) == "0 to 2, 7, 9 to 10"
