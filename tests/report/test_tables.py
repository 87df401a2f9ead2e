import io

import pytest
from rich.table import Table

from attnseq.report.tables import BAR_WIDTH, attention_bars, results_table, summary_line, verdict_table
from attnseq.report.terminal import terminal_console

ROWS: list[tuple[str, str | float, str | float, bool]] = [
    ("MLP loss, epoch 1", "0.0269", "0.0269", True),
    ("MLP mean attention [position 2]", 1.3522616e-06, 1.4e-06, False),
]


def printed(table: Table, width: int | None = None, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    console = terminal_console(stream)
    console.print(table, width=width)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_summary_is_one_plain_line() -> None:
    line = summary_line("mlp_attention", 231, "tutorial", 300_000, "cpu")
    assert line == "mlp_attention | 231 parameters | tutorial, 300,000 samples | cpu"


def test_bars_with_relevance_and_published() -> None:
    lines = attention_bars([0.1, 0.6, 3e-6], [0, 3, 1], [0.11, 0.59, 2e-6], encoding="utf-8").splitlines()
    assert len(lines) == 4
    assert lines[0].split() == ["position", "attention", "relevance", "published"]
    assert lines[1].split() == ["0", "█" * 5, "0.1000", "0.0000", "0.1100"]
    assert lines[2].split() == ["1", "█" * BAR_WIDTH, "0.6000", "0.7500", "0.5900"]
    assert lines[3].split() == ["2", "3.0e-06", "0.2500", "2.0e-06"]
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) < 80


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "no such encoding"])
def test_bars_where_there_are_no_blocks(encoding: str) -> None:
    text = attention_bars([0.25, 0.5], None, encoding=encoding)
    assert text.isascii()
    assert [line.count("#") for line in text.splitlines()] == [0, BAR_WIDTH // 2, BAR_WIDTH]
    assert "relevance" not in text


def test_bars_of_a_diverged_run() -> None:
    assert "nan" in attention_bars([float("nan"), float("nan")], [1, 1], encoding="utf-8")


def test_bars_of_named_positions() -> None:
    lines = attention_bars([0.25, 0.75], position_names=["Monday", "first Tuesday"], encoding="utf-8").splitlines()
    assert [line.split()[0] for line in lines] == ["position", "Monday", "first"]
    assert len({len(line) for line in lines}) == 1


def test_results_are_all_numbers_of_held_out_samples_with_their_units() -> None:
    result = {
        "loss/train": 0.5,
        "loss/test": 0.0017385,
        "any name/test": 12.5,
        "any name/test@20": 13.5,
        "attention/mean": [1.0],
        "nothing/test": None,
        "microseconds_per_sample": None,
        "seconds": 2.0,
    }
    lines = results_table(result, {"any name": "steps"}).splitlines()
    assert [line.split() for line in lines] == [
        ["loss/test", "0.0017385"],
        ["any", "name/test", "12.5", "steps"],
        ["any", "name/test@20", "13.5", "steps"],
        ["speed", "2.0", "s", "in", "all"],
    ]


def test_shares_are_in_per_cent() -> None:
    result = {"right/test": 0.0085, "loss/test": 0.0085, "microseconds_per_sample": None, "seconds": 2.0}
    lines = results_table(result, {"right": "of the answers"}, ["right"]).splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["right/test", "0.85%", "of", "the", "answers"],
        ["loss/test", "0.0085"],
    ]


def test_verdicts_are_plain_when_piped() -> None:
    text = printed(verdict_table(ROWS))
    assert "\x1b" not in text
    first, second = (line for line in text.splitlines() if "MLP" in line)
    assert first.split()[-3:] == ["0.0269", "0.0269", "holds"]
    assert "[position 2]" in second
    assert second.split()[-3:] == ["1.35226e-06", "1.4e-06", "DIFFERS"]


def test_verdicts_at_80_columns_wrap_between_numbers() -> None:
    values = [f"{value:.8f}" for value in (0.50961006, 0.61784214, 0.08250739, 0.07742871, 0.4838765, 0.28396246)]
    text = printed(verdict_table([("first predictions", values, values, True)]), width=80)
    assert max(map(len, text.splitlines())) <= 80
    for value in values:
        assert text.count(value) == 2


def test_verdicts_on_an_ascii_output() -> None:
    assert printed(verdict_table(ROWS), encoding="ascii").isascii()
