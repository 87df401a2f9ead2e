"""The lines around a table say what was compared and how, and name every run that does not count."""

from pathlib import Path

from run_folders import run_config, write_diverged, write_run, write_unfinished

from attnseq.comparison.comparison import Comparison, compare, known_metrics
from attnseq.comparison.measures import usual
from attnseq.comparison.text import absent, headline, legend, notes
from attnseq.comparison.variants import naming_keys
from attnseq.runs.reading import find_runs


def compared(folder: Path, sort: str = "loss/validation") -> Comparison:
    runs = find_runs([folder])
    return compare(runs, naming_keys(runs), usual(known_metrics(runs)), sort)


def write_variants(folder: Path, seeds: dict[str, tuple[int, ...]]) -> None:
    for model, its_seeds in seeds.items():
        for seed in its_seeds:
            write_run(folder / model / str(seed), run_config(model, seed))


def test_the_headline_counts_and_says_what_is_best(tmp_path: Path) -> None:
    write_variants(tmp_path, {"mlp_attention": (1, 2), "lstm_attention": (1, 2)})
    counts = "2 variants, 4 of 4 runs finished; best first"
    assert headline(compared(tmp_path)) == f"{counts}: smallest loss/validation"
    assert headline(compared(tmp_path, "exact/test")) == f"{counts}: largest exact/test"


def test_the_legend_names_the_interval_and_the_test(tmp_path: Path) -> None:
    write_variants(tmp_path / "paired", {"mlp_attention": (1, 2, 3), "lstm_attention": (1, 2, 3)})
    write_variants(tmp_path / "apart", {"mlp_attention": (1, 2, 3), "lstm_attention": (4, 5, 6)})
    write_variants(tmp_path / "alone", {"mlp_attention": (1, 2, 3)})
    intervals, standing, _ = legend(compared(tmp_path / "paired"))
    assert "Student's t below 30 seeds" in intervals
    assert "bootstrap from 30" in intervals
    assert "paired by seed" in standing
    assert "Welch's" in legend(compared(tmp_path / "apart"))[1]
    assert "minus best" not in " ".join(legend(compared(tmp_path / "alone")))  # nothing to be held against the best


def test_runs_that_do_not_count_are_named_one_a_line(tmp_path: Path) -> None:
    write_run(tmp_path / "a", run_config(seed=1))
    write_run(tmp_path / "b", run_config(seed=1))
    write_run(tmp_path / "c", run_config(seed=2), result={"attention/entropy": ...})
    write_run(tmp_path / "d", run_config(seed=3), result={"versions": {"attnseq": "0.2.0", "torch": "2.13.0"}})
    write_unfinished(tmp_path / "e", run_config(seed=4), epochs=2)
    write_diverged(tmp_path / "f", run_config(seed=5))
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "result.json").write_text("{")
    comparison = compared(tmp_path)
    counts = "4 of 7 runs finished (1 unfinished, 1 diverged, 1 damaged)"
    assert headline(comparison) == f"1 variant, {counts}; best first: smallest loss/validation"
    assert notes(comparison) == [
        f"unfinished: {tmp_path / 'e'} (2 of 3 epochs)",
        f"diverged: {tmp_path / 'f'} (epoch 2, step 7)",
        f"damaged: {tmp_path / 'g' / 'result.json'}: damaged (JSONDecodeError)",
        f"copy: {tmp_path / 'b'}: same config and seed as {tmp_path / 'a'}, which alone counts",
        "mixed versions: attnseq 0.1.0 (3 runs), 0.2.0 (1 runs)",
        "mixed versions: python 3.11.9 (3 runs), unknown (1 runs)",
        "attention/entropy: no number from mlp_attention (seed 2)",
    ]


def test_two_results_of_one_run_are_said_with_both(tmp_path: Path) -> None:
    write_run(tmp_path / "a", run_config(), loss=0.0016777)
    write_run(tmp_path / "b", run_config(), loss=0.0016779)
    line = f"copy: {tmp_path / 'b'}: same config and seed as {tmp_path / 'a'}, which alone counts"
    losses = "loss/validation 0.0016779 and 0.0016777, loss/test 0.001846 and 0.001845"
    assert notes(compared(tmp_path)) == [f"{line}, but not the same losses: {losses}"]


def test_a_seed_whose_average_lacks_runs_is_named(tmp_path: Path) -> None:
    rates = (0.1, 0.2, 0.3, 0.4, 0.5)
    for seed, of_seed in ((1, rates), (2, rates), (3, rates[:3]), (4, rates[:1]), (5, rates[:3])):
        for rate in of_seed:
            write_run(tmp_path / f"{seed}-{rate}", run_config(seed=seed, trainer__learning_rate=rate))
    runs = find_runs([tmp_path])
    assert notes(compare(runs, ["model.name"], ["loss/test"], "loss/test")) == [
        "incomplete average: mlp_attention (seeds 3, 5): no finished run of learning_rate=0.4; learning_rate=0.5",
        "incomplete average: mlp_attention (seed 4): no finished run of learning_rate=0.2; learning_rate=0.3;"
        " learning_rate=0.4; and 1 more",
    ]


def test_the_seeds_of_a_test_are_named_and_why_the_best_has_not_the_best_mean(tmp_path: Path) -> None:
    for seed, loss in enumerate((1.0, 1.01, 0.99, 1.0, 0.01, 0.012, 0.011, 0.013)):
        write_run(tmp_path / f"lstm{seed}", run_config("lstm_attention", seed), loss=loss)
    for seed, loss in enumerate((0.9, 0.912, 0.889, 0.901)):
        write_run(tmp_path / f"mlp{seed}", run_config("mlp_attention", seed), loss=loss)
    comparison = compared(tmp_path)
    assert notes(comparison) == [
        "best: mlp_attention, though a smaller mean over its own seeds has lstm_attention: on the seeds that both have,"
        " another variant beats it",
        "minus best: on seeds 0 to 3 alone, those that both have: lstm_attention",
    ]
    assert "paired by seed, on the seeds that both have" in legend(comparison)[1]


def test_the_legend_says_what_relevance_is_where_attention_is_ranked_by_it(tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    runs = find_runs([tmp_path])
    assert "exact relevance" in legend(compared(tmp_path))[-1]
    assert "exact relevance" not in " ".join(legend(compare(runs, ["model.name"], ["loss/test"], "loss/test")))


def test_many_runs_of_a_kind_are_counted_on_the_terminal(tmp_path: Path) -> None:
    for seed in range(25):
        write_unfinished(tmp_path / str(seed), run_config(seed=seed), epochs=1)
    runs = find_runs([tmp_path])
    assert len(absent(runs)) == 25
    assert absent(runs, 10)[10:] == ["unfinished: and 15 more, named in compare.md"]
