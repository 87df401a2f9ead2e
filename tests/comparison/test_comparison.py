"""Means, order and standings of variants worked out by hand."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from run_folders import run_config, write_diverged, write_run, write_unfinished

from attnseq.comparison.comparison import compare, known_metrics
from attnseq.comparison.measures import metrics, usual
from attnseq.comparison.variants import naming_keys
from attnseq.runs.reading import FINISHED, RunRecord, find_runs


@pytest.fixture
def compared(tmp_path):
    """`compared({"mlp_attention": {seed: loss}, ...})`: the comparison of such runs."""

    def build(losses, sort="loss/validation", metrics=("loss/validation",), keys=None, **changes):
        for model, seeds in losses.items():
            for seed, loss in seeds.items():
                write_run(tmp_path / model / str(seed), run_config(model, seed, **changes), loss=loss)
        runs = find_runs([tmp_path])
        return compare(runs, keys or naming_keys(runs), metrics, sort)

    return build


LSTM_OF_8 = dict(enumerate((1.0, 1.01, 0.99, 1.0, 0.01, 0.012, 0.011, 0.013)))
MLP_OF_4 = dict(enumerate((0.9, 0.912, 0.889, 0.901)))
"""Better on every seed that both have, of a worse mean."""


def in_memory(losses, metric="loss/validation"):
    """As `compared`, without files."""
    runs = [
        RunRecord(Path(name), FINISHED, {"model.name": name, "seed": seed}, {metric: loss})
        for name, seeds in losses.items()
        for seed, loss in seeds.items()
    ]
    return compare(runs, ["model.name"], [metric], metric)


def standings(comparison):
    return {row.variant.name: row.standing for row in comparison.rows}


def test_means_and_order(compared):
    comparison = compared({"mlp_attention": {1: 0.3, 2: 0.5}, "lstm_attention": {1: 0.1, 2: 0.2}})
    assert [row.variant.name for row in comparison.rows] == ["lstm_attention", "mlp_attention"]
    assert [row.figures["loss/validation"].mean for row in comparison.rows] == pytest.approx([0.15, 0.4])


def test_of_shares_the_largest_is_best(compared):
    comparison = compared({"mlp_attention": {1: 0.3}, "lstm_attention": {1: 0.1}}, sort="attention/operand_mass")
    first, last = (row.figures["attention/operand_mass"].mean for row in comparison.rows)
    assert first > last
    assert comparison.metrics == ["attention/operand_mass", "loss/validation"]  # what sorts is shown


def test_shared_seeds_are_paired_and_find_what_their_spread_hides(compared):
    mlp = {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}
    comparison = compared(
        {"mlp_attention": mlp, "lstm_attention": {seed: loss - 0.01 - loss / 1e3 for seed, loss in mlp.items()}}
    )
    assert standings(comparison) == {"lstm_attention": "best", "mlp_attention": "worse"}
    assert comparison.rows[1].difference.paired
    assert comparison.rows[1].difference.mean == pytest.approx(0.01025)


def test_other_seeds_are_not_paired_and_leave_the_same_difference_within_noise(compared):
    mlp = {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}
    comparison = compared(
        {"mlp_attention": mlp, "lstm_attention": {seed + 4: loss - 0.01 for seed, loss in mlp.items()}}
    )
    assert standings(comparison) == {"lstm_attention": "best", "mlp_attention": "noise"}
    assert not comparison.rows[1].difference.paired


def test_few_shared_seeds_of_many_are_not_paired(compared):
    mlp = {seed: 0.1 + 0.01 * seed for seed in range(6)}
    lstm = {seed: 0.1 + 0.01 * seed for seed in range(4, 10)}
    assert not compared({"mlp_attention": mlp, "lstm_attention": lstm}).rows[1].difference.paired


def test_a_variant_that_wins_every_shared_seed_is_the_best_whatever_its_mean():
    comparison = in_memory({"lstm": LSTM_OF_8, "mlp": MLP_OF_4})
    best, other = comparison.rows
    assert (best.variant.name, best.standing, best.seeds) == ("mlp", "best", ())
    assert (other.variant.name, other.standing) == ("lstm", "worse")
    assert best.figures["loss/validation"].mean > other.figures["loss/validation"].mean
    assert other.difference.mean == pytest.approx(0.0995)
    assert other.difference.p == pytest.approx(6e-7, rel=0.1)
    assert other.seeds == [(0, ...), (1, ...), (2, ...), (3, ...)]


def test_of_metrics_whose_largest_value_is_best_too():
    flipped = {"lstm": {s: -x for s, x in LSTM_OF_8.items()}, "mlp": {s: -x for s, x in MLP_OF_4.items()}}
    comparison = in_memory(flipped, "exact/test")
    assert list(standings(comparison).items()) == [("mlp", "best"), ("lstm", "worse")]


def test_where_every_variant_is_beaten_none_is_called_worse_that_is_better():
    # each beats the next on the two seeds that they share, and the last the first
    losses = {
        "a": {0: 1.0, 1: 1.0, 4: 3.0, 5: 3.0},
        "b": {0: 2.0, 1: 2.0, 2: 1.0, 3: 1.0},
        "c": {2: 2.0, 3: 2.0, 4: 2.0, 5: 2.0},
    }
    comparison = in_memory(losses)
    assert list(standings(comparison).items()) == [("b", "best"), ("a", "better"), ("c", "worse")]


def test_all_seeds_of_both_are_not_named_as_shared_ones():
    assert in_memory({"lstm": {1: 0.1, 2: 0.2}, "mlp": {1: 0.3, 2: 0.5}}).rows[1].seeds == ()


@pytest.mark.parametrize("missing", ["a", "b", None])
def test_a_better_variant_is_hardly_ever_marked_worse(missing):
    """b is 5 % better than a on each seed but for noise; of one of them half of ten seeds are missing."""
    numbers, worse, right = np.random.default_rng(0), 0, 0
    for _ in range(100):
        seeds = numbers.lognormal(0.0, 0.5, 10)
        losses = {name: ratio * seeds * numbers.lognormal(0.0, 0.02, 10) for name, ratio in (("a", 1.0), ("b", 0.95))}
        kept = {name: numbers.permutation(10)[:5] if name == missing else range(10) for name in losses}
        found = {name: {int(seed): float(losses[name][seed]) for seed in kept[name]} for name in losses}
        comparison = in_memory(found)
        marks = standings(comparison)
        worse += marks["b"] == "worse"
        right += marks == {"b": "best", "a": "worse"}
        assert all(row.standing != "worse" or row.difference.mean > 0 for row in comparison.rows)
    assert worse <= 2  # of a two-sided test at 5 %, one in forty; it was one in four
    assert right > 50


def test_one_seed_is_neither_worse_nor_within_noise(compared):
    comparison = compared({"mlp_attention": {1: 0.1, 2: 0.2}, "lstm_attention": {1: 0.9}})
    assert standings(comparison) == {"mlp_attention": "best", "lstm_attention": "n=1"}
    assert comparison.rows[1].figures["loss/validation"].low is None
    assert comparison.rows[1].difference is None


def test_nothing_differs_surely_from_a_best_of_one_seed(compared):
    comparison = compared({"mlp_attention": {1: 0.8, 2: 0.9}, "lstm_attention": {1: 0.1}})
    assert standings(comparison) == {"lstm_attention": "best", "mlp_attention": "n=1"}


def test_runs_of_one_seed_are_averaged_before_seeds_are_counted(tmp_path):
    for rate, loss in ((0.1, 0.2), (0.01, 0.4)):
        write_run(tmp_path / str(rate), run_config(trainer__learning_rate=rate), loss=loss)
    (row,) = compare(find_runs([tmp_path]), ["model.name"], ["loss/validation"], "loss/validation").rows
    interval = row.figures["loss/validation"]
    assert (interval.count, interval.low) == (1, None)
    assert interval.mean == pytest.approx(0.3)


def test_a_seed_whose_average_lacks_a_value_is_known(tmp_path):
    for model, seed, rate in product(("mlp_attention", "lstm_attention"), (1, 2), (0.1, 0.2)):
        config = run_config(model, seed, trainer__learning_rate=rate)
        if (model, seed, rate) == ("mlp_attention", 2, 0.2):
            write_unfinished(tmp_path / f"{model}{seed}{rate}", config, epochs=1)
        else:
            write_run(tmp_path / f"{model}{seed}{rate}", config)
    runs = find_runs([tmp_path])
    (average,) = compare(runs, ["model.name"], ["loss/validation"], "loss/validation").incomplete
    assert (average.variant, average.seeds, average.lacking) == ("mlp_attention", [(2, 1337)], ("learning_rate=0.2",))
    assert compare(runs, naming_keys(runs), ["loss/validation"], "loss/validation").incomplete == []


def test_seeds_that_lack_a_number_are_known(tmp_path):
    write_run(tmp_path / "1", run_config(seed=1))
    write_run(tmp_path / "2", run_config(seed=2), result={"attention/entropy": None})
    runs = find_runs([tmp_path])
    (row,) = compare(runs, naming_keys(runs), ["attention/entropy"], "loss/validation").rows
    assert row.lacking == {"attention/entropy": [(2, 1337)]}
    assert row.figures["attention/entropy"].count == 1


def test_unfinished_and_diverged_runs_stay_in_their_variant(tmp_path):
    write_run(tmp_path / "1", run_config(seed=1))
    write_diverged(tmp_path / "2", run_config(seed=2))
    write_unfinished(tmp_path / "3", run_config(seed=3), epochs=1)
    write_diverged(tmp_path / "4", run_config("lstm_attention"))
    runs = find_runs([tmp_path])
    first, last = compare(runs, naming_keys(runs), ["loss/test"], "loss/validation").rows
    assert [len(first.variant.of_state(state)) for state in ("finished", "diverged", "unfinished")] == [1, 1, 1]
    assert first.figures["loss/validation"].count == 1
    assert (last.variant.name, last.standing, last.figures) == ("lstm_attention", "-", {})


def test_intervals_end_where_their_metric_does(tmp_path):
    shares = {"exact/test": (0.0, 0.0, 0.05), "attention/operand_mass": (1.0, 1.0, 0.95), "score": (0.0, 0.0, 0.05)}
    for seed in range(3):
        write_run(tmp_path / str(seed), run_config(seed=seed), result={name: of[seed] for name, of in shares.items()})
    runs = find_runs([tmp_path])
    (row,) = compare(runs, naming_keys(runs), list(shares), "loss/validation").rows
    assert row.figures["exact/test"].low == 0
    assert row.figures["attention/operand_mass"].high == 1
    assert row.figures["score"].low < 0  # a user's own, of which nothing is known


def test_every_number_of_a_result_is_a_metric_and_the_usual_ones_come_first(tmp_path):
    write_run(tmp_path / "1", result={"faithfulness/comprehensiveness": 0.5})
    known = known_metrics(find_runs([tmp_path]))
    assert known[:4] == usual(known)[:4] == ["loss/validation", "loss/test", "exact/test", "mae/test"]
    assert "faithfulness/comprehensiveness" in known
    assert not {"seed", "status", "attention/mean"} & set(known)


@pytest.mark.parametrize("attention", [None, [], "text", [0.5, 0.5], [float("nan")] * 10])
def test_attention_that_cannot_be_scored_is_left_out(attention):
    result = {"attention/mean": attention, "attention/relevance": [0.0] * 9 + [1.0], "loss/test": 0.1}
    assert metrics(result) == {"loss/test": 0.1}


def test_a_score_that_the_run_itself_recorded_counts():
    result = {"attention/mean": [0.5, 0.5], "attention/relevance": [0, 1], "attention/operand_mass": 0.25}
    assert metrics(result)["attention/operand_mass"] == 0.25
