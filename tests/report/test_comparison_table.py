"""A comparison fits its console, and every run that it does not count is named."""

import io

import pytest
from rich.console import Console
from run_folders import run_config, write_diverged, write_run, write_unfinished

from attnseq.analysis.comparison import compare
from attnseq.analysis.metrics import DEFAULT
from attnseq.analysis.variants import naming_keys
from attnseq.report.comparison_table import print_comparison
from attnseq.report.comparison_text import absent, headline, legend, notes
from attnseq.report.terminal import terminal_console
from attnseq.runs import find_runs


def compared(folder, metrics=DEFAULT):
    runs = find_runs([folder])
    return compare(runs, naming_keys(runs), metrics, "loss/validation")


@pytest.fixture
def comparison(tmp_path):
    for seed in (1, 2, 3):
        for rate in (0.001, 0.0001):
            for model in ("mlp_attention", "lstm_attention"):
                config = run_config(model, seed, trainer__learning_rate=rate, dataset__name="abs_difference")
                write_run(tmp_path / f"{model}{rate}" / str(seed), config)
    config = run_config(dataset__name="tutorial")
    write_run(
        tmp_path / "other", config | {"trainer": config["trainer"] | {"optimiser_of_a_long_name": "a_long_value"}}
    )
    return compared(tmp_path)


def printed(comparison):
    stream = io.StringIO()
    print_comparison(comparison, terminal_console(stream))
    return stream.getvalue()


def test_everything_fits_a_hundred_columns(comparison):
    text = printed(comparison)
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    for name in ("validation", "test %", "entropy", "operand_mass", "rank_agreement", "seconds"):
        assert name in text


def test_narrow_consoles_get_more_tables(comparison):
    stream = io.StringIO()
    print_comparison(comparison, Console(file=stream, width=70, highlight=False, markup=False))
    assert max(map(len, stream.getvalue().splitlines())) <= 70
    assert stream.getvalue().count("\nvariant ") == 4


def test_a_console_of_ascii_gets_ascii(comparison):
    bytes_written = io.BytesIO()
    stream = io.TextIOWrapper(bytes_written, encoding="ascii")
    print_comparison(comparison, terminal_console(stream))
    stream.flush()
    assert b"+-" in bytes_written.getvalue()


def test_headline_and_legend_say_what_was_done(comparison):
    assert headline(comparison) == "5 variants, 13 of 13 runs finished; best first: smallest loss/validation"
    intervals, standing = legend(comparison)
    assert "Student's t below 30 seeds" in intervals
    assert "bootstrap from 30" in intervals
    assert "paired by seed" in standing


def test_runs_that_do_not_count_are_named_one_a_line(tmp_path):
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
        f"copy: {tmp_path / 'b'}: same config and seed as another run, counted once",
        "mixed versions: attnseq 0.1.0 (3 runs), 0.2.0 (1 runs)",
        "mixed versions: python 3.11.9 (3 runs), unknown (1 runs)",
        "attention/entropy: some or all seeds lack it in mlp_attention",
    ]
    assert "3/5" in printed(comparison)


def test_many_runs_of_a_kind_are_counted_on_the_terminal(tmp_path):
    for seed in range(25):
        write_unfinished(tmp_path / str(seed), run_config(seed=seed), epochs=1)
    runs = find_runs([tmp_path])
    assert len(absent(runs)) == 25
    assert absent(runs, 10)[10:] == ["unfinished: and 15 more, named in compare.md"]
