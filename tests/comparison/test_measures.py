"""Numbers by which runs are compared: every number of a result, attention scored, and which way is better."""

import math

import pytest

from attnseq.comparison.measures import (
    MASS_ACCURACY,
    OPERAND_MASS,
    RANK_AGREEMENT,
    attention,
    higher_is_better,
    is_cost,
    is_share,
    limits,
    metrics,
    usual,
)
from attnseq.contracts.measures import split_of
from attnseq.metrics import METRICS
from attnseq.objectives import OBJECTIVES
from attnseq.scores import SCORES

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


INFINITE = (-math.inf, math.inf)


def test_metrics_say_themselves_which_way_is_better_and_within_what_limits() -> None:
    for name in METRICS.names():
        for split in ("validation", "test"):
            assert higher_is_better(f"{name}/{split}") == (METRICS[name].direction == "higher")
            assert limits(f"{name}/{split}") == METRICS[name].limits
    assert higher_is_better("exact/test") > higher_is_better("mae/test")
    assert (is_share("exact/test"), is_share("mae/test"), is_share(OPERAND_MASS)) == (True, False, False)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("exact/test", "test"),
        ("exact/test@20", "test"),
        ("loss/validation", "validation"),
        ("attention/entropy", "entropy"),
        ("seconds", "seconds"),
    ],
)
def test_the_split_that_a_number_was_measured_on(name: str, split: str) -> None:
    assert split_of(name) == split


def test_a_metric_of_samples_of_one_length_is_that_metric() -> None:
    for name in METRICS.names():
        assert higher_is_better(f"{name}/test@20") == higher_is_better(f"{name}/test")
        assert limits(f"{name}/test@20") == limits(f"{name}/test")
        assert is_share(f"{name}/test@20") == is_share(f"{name}/test")
    assert limits("loss/test@20") == limits("loss/test")


def test_lengths_stand_behind_their_metric_shortest_first() -> None:
    there = ["exact/test@100", "exact/test@20", "mae/test", "exact/test", "loss/test@20", "exact/test@x"]
    assert usual(there) == ["exact/test", "exact/test@20", "exact/test@100", "mae/test"]


class Reward:
    limits = INFINITE


def test_a_loss_is_better_the_smaller_it_is_and_within_what_any_objective_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (higher_is_better("loss/test"), limits("loss/test")) == (False, (0.0, math.inf))
    monkeypatch.setitem(OBJECTIVES._found, "reward", Reward)
    assert limits("loss/test") == INFINITE


def test_scores_of_attention_say_so_themselves() -> None:
    assert all(higher_is_better(name) for name in SCORES.names() if name.startswith("relevance/"))
    assert limits("relevance/mass_accuracy") == (0.0, 1.0)
    assert limits("relevance/kendall") == (-1.0, 1.0)
    assert (is_share("relevance/auroc"), is_share("relevance/somers")) == (True, False)


def test_what_earlier_versions_called_mass_accuracy_is_known() -> None:
    old = "attention/relevance_mass"
    assert (higher_is_better(old), limits(old), is_share(old)) == (True, (0.0, 1.0), True)
    assert usual([old, RANK_AGREEMENT, OPERAND_MASS]) == [old, RANK_AGREEMENT]


def test_other_numbers() -> None:
    assert [name for name in ("seconds", "attention/entropy", "loss/gap") if higher_is_better(name)] == []
    assert all(map(higher_is_better, (OPERAND_MASS, RANK_AGREEMENT)))
    assert (limits(RANK_AGREEMENT), limits("seconds")) == ((-1.0, 1.0), (0.0, math.inf))
    assert limits("loss/gap") == limits("exact/gap") == limits("score") == INFINITE  # a user's own


def test_usual_numbers_are_losses_metrics_of_the_test_samples_and_attention_as_far_as_they_are_there() -> None:
    there = {
        "seconds",
        "mae/test",
        "exact/test",
        "loss/test",
        "loss/validation",
        OPERAND_MASS,
        "mae/validation",
        "score",
    }
    assert usual(there) == ["loss/validation", "loss/test", "exact/test", "mae/test", OPERAND_MASS, "seconds"]
    assert usual(["score"]) == []


def test_one_share_of_attention_on_what_matters_is_enough() -> None:
    scores = {MASS_ACCURACY, OPERAND_MASS, RANK_AGREEMENT, "attention/entropy"}
    assert usual(scores) == [MASS_ACCURACY, RANK_AGREEMENT]
    assert usual(scores - {MASS_ACCURACY}) == [OPERAND_MASS, RANK_AGREEMENT, "attention/entropy"]


def test_of_the_scores_two_are_shown_where_nobody_asks_for_others_and_what_a_base_run_is_there_for() -> None:
    of_base = ["base/answer_change", "base/divergence"]
    assert usual(SCORES.names()) == [*of_base, MASS_ACCURACY, "relevance/rank_accuracy"]


def test_an_adversarial_model_answers_alike_and_attends_elsewhere() -> None:
    assert [higher_is_better(name) for name in ("base/answer_change", "base/divergence")] == [False, True]
    assert limits("base/answer_change") == (0.0, math.inf)
    assert limits("base/divergence") == (0.0, pytest.approx(math.log(2)))


def test_what_a_run_takes_is_a_cost() -> None:
    assert all(map(is_cost, ("seconds", "parameters", "epochs")))
    assert not any(map(is_cost, ("loss/test", "mae/test", "attention/entropy")))
