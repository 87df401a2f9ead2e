"""Means, order and standings of variants worked out by hand."""

import pytest
from run_folders import run_config, write_diverged, write_run, write_unfinished

from attnseq.analysis.comparison import compare, known_metrics
from attnseq.analysis.metrics import DEFAULT, metrics
from attnseq.analysis.variants import naming_keys
from attnseq.runs import find_runs


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
    assert known[: len(DEFAULT)] == list(DEFAULT)
    assert "faithfulness/comprehensiveness" in known
    assert not {"seed", "status", "attention/mean"} & set(known)


@pytest.mark.parametrize("attention", [None, [], "text", [0.5, 0.5], [float("nan")] * 10])
def test_attention_that_cannot_be_scored_is_left_out(attention):
    result = {"attention/mean": attention, "attention/relevance": [0.0] * 9 + [1.0], "loss/test": 0.1}
    assert metrics(result) == {"loss/test": 0.1}


def test_a_score_that_the_run_itself_recorded_counts():
    result = {"attention/mean": [0.5, 0.5], "attention/relevance": [0, 1], "attention/operand_mass": 0.25}
    assert metrics(result)["attention/operand_mass"] == 0.25
