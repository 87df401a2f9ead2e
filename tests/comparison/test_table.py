"""A comparison fits its console."""

import io

import pytest
from rich.console import Console
from run_folders import run_config, write_diverged, write_run, write_unfinished

from attnseq.comparison.comparison import compare, known_metrics
from attnseq.comparison.measures import usual
from attnseq.comparison.table import print_comparison
from attnseq.comparison.variants import naming_keys
from attnseq.report.terminal import terminal_console
from attnseq.runs.reading import find_runs


def compared(folder):
    runs = find_runs([folder])
    return compare(runs, naming_keys(runs), usual(known_metrics(runs)), "loss/validation")


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


def test_the_table_counts_the_finished_among_all_runs(tmp_path):
    for seed in (1, 2, 3):
        write_run(tmp_path / str(seed), run_config(seed=seed))
    write_diverged(tmp_path / "4", run_config(seed=4))
    write_unfinished(tmp_path / "5", run_config(seed=5), epochs=1)
    assert "3/5" in printed(compared(tmp_path))


def test_narrow_consoles_get_more_tables(comparison):
    stream = io.StringIO()
    print_comparison(comparison, Console(file=stream, width=70, highlight=False, markup=False))
    assert max(map(len, stream.getvalue().splitlines())) <= 70
    assert stream.getvalue().count("\nvariant ") == 5


def test_a_console_of_ascii_gets_ascii(comparison):
    bytes_written = io.BytesIO()
    stream = io.TextIOWrapper(bytes_written, encoding="ascii")
    print_comparison(comparison, terminal_console(stream))
    stream.flush()
    assert b"+-" in bytes_written.getvalue()
