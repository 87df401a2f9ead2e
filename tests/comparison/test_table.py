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
    for name in ("validation", "minus", "p\n", "test %", "entropy", "operand_", "agreement", "seconds"):
        assert name in text


def test_the_table_counts_the_finished_among_all_runs(tmp_path):
    for seed in (1, 2, 3):
        write_run(tmp_path / str(seed), run_config(seed=seed))
    write_diverged(tmp_path / "4", run_config(seed=4))
    write_unfinished(tmp_path / "5", run_config(seed=5), epochs=1)
    assert "3/5" in printed(compared(tmp_path))


@pytest.mark.parametrize("width", [50, 70, 80])
def test_on_narrow_consoles_the_table_goes_on_by_row_numbers(comparison, width):
    stream = io.StringIO()
    print_comparison(comparison, Console(file=stream, width=width, highlight=False, markup=False))
    lines = stream.getvalue().splitlines()
    table = lines[: next(place for place, line in enumerate(lines) if line.startswith("±"))]
    assert max(map(len, table)) <= width
    assert sum("variant" in line.split() for line in table) == 1
    parts = sum(line.startswith("──") for line in table)
    rows = [line.split()[0] for line in table if line[0].isdigit() and "variants" not in line]
    assert parts > 1
    assert rows == ["1", "2", "3", "4", "5"] * parts
    words = {word for row in comparison.rows for word in row.variant.name.split()}
    assert all(any(word in line.split() for line in table) for word in words if len(word) <= 34)


def test_one_seed_has_a_difference_and_no_p(tmp_path):
    write_run(tmp_path / "lstm", run_config("lstm_attention"), loss=1.0)
    write_run(tmp_path / "mlp", run_config("mlp_attention"), loss=1.25)
    other = next(line for line in printed(compared(tmp_path)).splitlines() if "mlp_attention" in line).split()
    place = other.index("n=1")
    assert other[place - 1] == "+0.25"


def test_differences_to_the_best_stand_beside_what_they_are_of(tmp_path):
    for seed, loss in enumerate((1.0, 1.01, 0.99, 1.0)):
        write_run(tmp_path / f"lstm{seed}", run_config("lstm_attention", seed), loss=loss)
        write_run(tmp_path / f"mlp{seed}", run_config("mlp_attention", seed), loss=loss + 0.5)
    lines = printed(compared(tmp_path)).splitlines()
    best, other = (next(line for line in lines if f"{model}_attention" in line).split() for model in ("lstm", "mlp"))
    place = best.index("best")
    assert other[place : place + 2] == ["+0.50", "<0.001"]
    seconds = [line.split()[-1] for line in lines if line.startswith(("1 ", "2 "))]
    assert seconds[-2:] == ["10", "10"]  # without an interval


def test_a_console_of_ascii_gets_ascii(comparison):
    bytes_written = io.BytesIO()
    stream = io.TextIOWrapper(bytes_written, encoding="ascii")
    print_comparison(comparison, terminal_console(stream))
    stream.flush()
    assert b"+-" in bytes_written.getvalue()
