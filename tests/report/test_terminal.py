import io
from collections.abc import Callable

import pytest
from rich.console import Console

from attnseq.report.records import EpochRecord
from attnseq.report.terminal import Progress, put, terminal_console

MakeRecord = Callable[..., EpochRecord]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as some build servers do; a log stays plain all the same
    return io.StringIO()


def run(console: Console, clock: Clock, total: int, seconds: float, start: int = 0) -> None:
    """Train `total` steps in as many seconds as given."""
    with Progress(total, start, console, clock) as progress:
        for step in range(start + 1, total + 1):
            clock.now += seconds / (total - start)
            progress.update(step, 0.5)


def test_a_log_gets_a_line_each_tenth_of_a_long_run(log: io.StringIO, clock: Clock) -> None:
    run(terminal_console(log), clock, total=1000, seconds=1000.0)
    lines = log.getvalue().splitlines()
    assert lines[0] == " 10%  step 100 of 1,000  loss 0.500000  15:00 left"
    assert len(lines) == 10
    assert "\x1b" not in log.getvalue()


def test_a_log_gets_a_line_each_ten_seconds_at_most(log: io.StringIO, clock: Clock) -> None:
    run(terminal_console(log), clock, total=1000, seconds=25.0)
    assert len(log.getvalue().splitlines()) == 2


def test_a_short_run_gets_no_progress_lines(log: io.StringIO, clock: Clock) -> None:
    run(terminal_console(log), clock, total=1000, seconds=9.0)
    assert log.getvalue() == ""


def test_a_very_long_run_shows_that_it_lives(log: io.StringIO, clock: Clock) -> None:
    run(terminal_console(log), clock, total=1000, seconds=36_000.0)
    assert len(log.getvalue().splitlines()) >= 100


def test_time_left_is_reckoned_from_this_attempt(log: io.StringIO, clock: Clock) -> None:
    run(terminal_console(log), clock, total=1000, seconds=100.0, start=500)
    assert "step 600 of 1,000  loss 0.500000  1:20 left" in log.getvalue()


def test_a_terminal_gets_a_bar_with_rows_above_it(
    clock: Clock, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Terminal()
    with Progress(100, 0, terminal_console(screen), clock) as progress:
        clock.now = 1.0
        progress.update(50, 0.25)
        progress.epoch_row(make_record(1))
        progress.update(100, 0.125)
    output = screen.getvalue()
    assert "\x1b[" in output
    assert "50/100 steps" in output
    assert "100/100 steps  loss 0.125000" in output
    assert "loss/train" in output


def test_a_full_bar_says_what_is_still_under_way(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    with Progress(100, 0, terminal_console(screen), clock) as progress:
        clock.now = 10.0
        progress.update(50, 0.25)
        assert "0:10 left" in screen.getvalue()
        clock.now = 20.0
        progress.update(100, 0.125)
        last = screen.getvalue().rpartition("100/100 steps")[2]
        assert "measuring" in last
        assert "left" not in last
        progress.stage("drawing pictures")
        assert "drawing pictures" in screen.getvalue().rpartition("100/100 steps")[2]


def test_a_long_training_of_many_runs_fits_80_columns(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    screen = Terminal()
    with Progress(12_345_678, 0, terminal_console(screen), clock, replicas=1024) as progress:
        for step in (1_000_000, 12_000_000, 12_345_678):
            clock.now += 3600.0
            progress.update(step, 0.5)
        progress.stage("measuring test samples")
    output = screen.getvalue()
    assert "…" not in output
    for text in ("8%  loss 0.500000", "1024 runs, 284k run-steps/s", "11:20:44 left", "100%", "measuring test samples"):
        assert text in output


def test_a_terminal_breaks_no_word_and_a_log_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "outputs/" + "x" * 100
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    screen, log = Terminal(), io.StringIO()
    line = f"{'some words ' * 9}lead to {path} and go on"
    put(terminal_console(screen), line)
    put(terminal_console(log), line)
    assert log.getvalue() == f"{line}\n"
    lines = screen.getvalue().splitlines()
    assert path in [text.strip() for text in lines]
    assert " ".join(screen.getvalue().split()) == line
    assert all(len(text.rstrip()) <= 80 for text in lines if path not in text)


def test_epoch_table_is_aligned_and_fits_80_columns(log: io.StringIO, clock: Clock, make_record: MakeRecord) -> None:
    with Progress(100, 0, terminal_console(log), clock) as progress:
        for epoch in (1, 100):
            progress.epoch_row(make_record(epoch))
    lines = log.getvalue().splitlines()
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) < 80
    assert lines[0].split() == ["epoch", "loss/train", "loss/valid", "any", "name", "entropy", "attends", "to", "s"]
    mean_T = make_record(1).attention["attention"].mean_T
    cells = lines[1].split()
    assert cells[:5] == ["1", "0.033333", "0.066667", "10.500", "0.1250"]
    assert cells[5] == f"{mean_T.argmax()}:{mean_T.max():.2f}".replace(":0.", ":.")
    assert cells[-1] == "2.2"
    assert "\x1b" not in log.getvalue()


def test_shares_are_in_per_cent_and_in_line(log: io.StringIO, clock: Clock, make_record: MakeRecord) -> None:
    with Progress(100, 0, terminal_console(log), clock) as progress:
        progress.epoch_row(make_record(1), shares=["any name"])
    heading, row = log.getvalue().splitlines()
    assert row.split()[3:5] == ["1050.00%", "0.1250"]
    assert len(heading) == len(row)


def test_long_names_of_positions_stay_in_line(log: io.StringIO, clock: Clock, make_record: MakeRecord) -> None:
    with Progress(100, 0, terminal_console(log), clock) as progress:
        for epoch in (1, 2):
            progress.epoch_row(make_record(epoch), ["the first", "the second", "3"])
    assert len({len(line) for line in log.getvalue().splitlines()}) == 1


def test_a_model_without_attention_attends_to_nothing(log: io.StringIO, clock: Clock, make_record: MakeRecord) -> None:
    with Progress(100, 0, terminal_console(log), clock) as progress:
        progress.epoch_row(make_record(1, tags=()))
    assert "attends" not in log.getvalue()


def test_in_a_notebook_the_stream_is_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    stream = io.StringIO()
    terminal_console(stream).print("a line")
    assert stream.getvalue() == "a line\n"
