"""Scores of attention against numbers worked out by hand."""

import numpy as np
import pytest
from scipy.stats import somersd

from attnseq.scores.agreement import operand_mass, rank_agreement


def test_operand_mass_is_the_share_on_relevant_positions():
    assert operand_mass([0.1, 0.5, 0.4], [0, 100, 1]) == pytest.approx(0.9)
    assert operand_mass([1, 5, 4], [0, 100, 1]) == pytest.approx(0.9)  # any scale


def test_operand_mass_of_equal_attention_is_the_share_of_relevant_positions():
    assert operand_mass([0.1] * 10, [0, 100, 10, 1, 0, 100, 10, 1, 0, 0]) == pytest.approx(0.6)


def test_operand_mass_of_no_attention_is_unknown():
    assert operand_mass([0, 0], [1, 0]) is None


@pytest.mark.parametrize(
    ("attention_T", "relevance_T", "expected"),
    [
        ([0.1, 0.2, 0.7], [0, 1, 10], 1.0),
        ([0.7, 0.2, 0.1], [0, 1, 10], -1.0),
        ([0.2, 0.1, 0.7], [0, 1, 10], 1 / 3),  # of three pairs two alike, one the other way round
        ([0.2, 0.3, 0.5], [0, 0, 10], 1.0),  # the pair that relevance does not order does not count
        ([0.2, 0.4, 0.4], [0, 1, 10], 2 / 3),  # the pair that attention does not order counts as neither
        ([1 / 3] * 3, [0, 1, 10], 0.0),
    ],
)
def test_rank_agreement(attention_T, relevance_T, expected):
    assert rank_agreement(attention_T, relevance_T) == pytest.approx(expected)


def test_rank_agreement_is_somers_d():
    relevance_T = [0, 100, 10, 1, 0, 100, 10, 1, 0, 0]
    for attention_T in np.random.default_rng(0).integers(1, 8, (5, 10)):
        assert rank_agreement(attention_T, relevance_T) == pytest.approx(somersd(relevance_T, attention_T).statistic)


def test_rounding_orders_no_positions():
    assert rank_agreement([0.1, 0.1 + 1e-16, 0.1 - 1e-16], [0, 1, 10]) == 0.0


def test_rank_agreement_where_relevance_orders_nothing_is_unknown():
    assert rank_agreement([0.1, 0.9], [1, 1]) is None


@pytest.mark.parametrize("score", [operand_mass, rank_agreement])
def test_lengths_that_differ_are_refused(score):
    with pytest.raises(ValueError, match="shape"):
        score([0.5, 0.5], [1, 0, 0])
