"""Numbers by which runs are compared: every number of a result, attention scored, and which way is better."""

import pytest

from attnseq.comparison.measures import OPERAND_MASS, RANK_AGREEMENT, attention, higher_is_better, limits, metrics

RELEVANCE = [0.0, 0.9, 0.1, 0.0]


def test_every_number_of_a_result_but_the_seed_is_a_metric() -> None:
    result = {"loss/test": 0.5, "epochs": 3, "seed": 7, "status": "finished", "none": None, "flag": True, "list": [1.0]}
    assert metrics(result) == {"loss/test": 0.5, "epochs": 3.0}


def test_attention_is_scored_against_the_exact_relevance() -> None:
    numbers = metrics({"attention/mean": [0.1, 0.6, 0.2, 0.1], "attention/relevance": RELEVANCE})
    assert numbers[OPERAND_MASS] == pytest.approx(0.8)
    assert numbers[RANK_AGREEMENT] == pytest.approx(1.0)
    backwards = metrics({"attention/mean": [0.4, 0.05, 0.15, 0.4], "attention/relevance": RELEVANCE})
    assert backwards[OPERAND_MASS] == pytest.approx(0.2)
    assert backwards[RANK_AGREEMENT] == pytest.approx(-1.0)


def test_a_figure_of_the_result_itself_goes_before_one_that_is_made_of_it() -> None:
    result = {"attention/mean": [0.1, 0.6, 0.2, 0.1], "attention/relevance": RELEVANCE, OPERAND_MASS: 0.25}
    assert metrics(result)[OPERAND_MASS] == 0.25


@pytest.mark.parametrize(
    "mean_T",
    [None, [], [0.5, 0.5], [0.1, None, 0.2, 0.1], "0.25", [0.1, "0.6", 0.2, 0.1]],
    ids=["missing", "empty", "short", "null", "text", "text in it"],
)
def test_attention_that_is_no_list_of_numbers_is_left_out(mean_T: object) -> None:
    result = {"attention/mean": mean_T, "attention/relevance": RELEVANCE, "loss/test": 0.5}
    assert attention(result) is None
    assert metrics(result) == {"loss/test": 0.5}


def test_most_metrics_are_better_the_smaller_they_are() -> None:
    assert [name for name in ("loss/test", "seconds", "attention/entropy", "mae/test") if higher_is_better(name)] == []
    assert all(map(higher_is_better, ("exact/test", OPERAND_MASS, RANK_AGREEMENT)))


def test_limits_of_what_is_known_and_of_a_users_own_number() -> None:
    assert limits("exact/test") == (0.0, 1.0)
    assert limits("loss/test") == (0.0, float("inf"))
    assert limits(RANK_AGREEMENT) == (-1.0, 1.0)
    assert limits("loss/gap") == (-float("inf"), float("inf"))
