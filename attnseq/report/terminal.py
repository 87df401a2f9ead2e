"""What a run prints while it trains: a progress bar on a terminal, or a few plain lines in a log; a row an epoch.

Legend: T positions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Sequence
from textwrap import wrap
from types import TracebackType
from typing import IO, Any

import numpy as np
import rich.progress
from rich.console import Console

from attnseq.report.formats import format_loss, format_metric, format_seconds, format_speed
from attnseq.report.pace import Pace
from attnseq.report.records import EpochRecord, FloatArray

METRICS = 2
"""Metrics in an epoch's row in the terminal, besides its losses."""
LOG_WIDTH = 100
MANY = 100_000
"""Steps whose number takes much of a narrow line."""
WHOLE_WORDS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
REFRESH_SECONDS = 0.2
LINE_SECONDS, LINE_SHARE, SILENCE_SECONDS = 10.0, 0.1, 300.0


def terminal_console(stream: IO[str] | None = None) -> Console:
    """Make a console that colours a terminal and writes plain text, 100 columns wide, to anything else.

    Args:
        stream: where to write; standard output where None.

    Returns:
        The console; environment variables such as FORCE_COLOR put no escape code into a log.
    """
    stream = sys.stdout if stream is None else stream
    terminal = stream.isatty()
    return Console(
        file=stream,
        force_jupyter=False,  # a notebook would show each line by itself, and what should be quiet, too
        force_terminal=terminal,
        force_interactive=terminal,
        no_color=None if terminal else True,
        color_system="auto" if terminal else None,
        width=None if terminal else LOG_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
    )


def put(console: Console, line: str) -> None:
    """Print a line, or several; a terminal gets them folded between words, but no word and no path is ever broken.

    Args:
        console: elsewhere than on a terminal a line stays one, for programs that search in it.
        line: plain text.
    """
    if console.is_terminal:
        width = console.width  # Rich folds words, too, or nothing
        line = "\n".join("\n".join(wrap(part, width, **WHOLE_WORDS)) for part in line.split("\n"))
    console.print(line, soft_wrap=True, highlight=False, markup=False)


class Progress:
    """Shows how far a training run is: `with Progress(steps) as progress: progress.update(step, loss)`.

    On a terminal it is a bar that stays below the printed rows. Elsewhere it is a line for each 10 % of the run, but
    not within 10 s of the last one, and at least one every 5 minutes.

    Args:
        total: training steps of the whole run.
        start: steps that an earlier attempt has done; the time left is reckoned from this attempt's speed.
        console: where to print; standard output where None.
        clock: returns seconds, which never fall.
        replicas: runs that train together; from 2 on, their speed is shown in steps x replicas a second.
        last: what is under way when all steps are done; the bar shows it in place of the time left.
    """

    def __init__(
        self,
        total: int,
        start: int = 0,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
        replicas: int = 1,
        last: str = "measuring",
    ) -> None:
        self.console = terminal_console() if console is None else console
        self._total, self._start, self._replicas, self._clock = total, start, replicas, clock
        self._last = last
        self._pace = Pace(start, clock())
        self._shown, self._shown_step = clock(), start
        self._headed = False
        self._bar: rich.progress.Progress | None = None
        if self.console.is_terminal and not self.console.is_dumb_terminal:
            self._bar = rich.progress.Progress(
                rich.progress.BarColumn(bar_width=None),
                rich.progress.TextColumn("{task.fields[done]}  loss {task.fields[loss]}"),
                rich.progress.TextColumn("{task.fields[speed]}"),
                rich.progress.TextColumn("{task.fields[left]}"),
                console=self.console,
                auto_refresh=False,  # `update` redraws: no thread takes time from training
                get_time=clock,
                transient=True,
                expand=True,
            )
            self._task = self._bar.add_task(
                "training", total=total, completed=start, done=self._done(start), loss="-", speed="", left=""
            )

    def __enter__(self) -> Progress:
        self._begin()
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, step: int, loss: float) -> None:
        """Show how far training is; this is cheap enough for every step.

        Args:
            step: steps done, including those of earlier attempts.
            loss: of the last steps.
        """
        now = self._clock()
        self._pace.look(step, now)
        since = now - self._shown
        if self._bar is not None:
            if since >= REFRESH_SECONDS or step >= self._total:
                self._shown = now
                self._bar.update(self._task, completed=step, done=self._done(step), loss=format_loss(loss))
                if step < self._total:
                    self._bar.update(self._task, speed=self._speed(), left=self._left(step), refresh=True)
                else:
                    self.stage(self._last)
            return
        far = step - self._shown_step >= LINE_SHARE * self._total
        if (far and since >= LINE_SECONDS) or since >= SILENCE_SECONDS:
            self._shown, self._shown_step = now, step
            share = step / max(1, self._total)
            words = [f"{share:4.0%}", f"step {step:,} of {self._total:,}", f"loss {format_loss(loss)}"]
            words += [self._speed(), self._left(step)]
            self._print("  ".join(word for word in words if word))

    def stage(self, what: str) -> None:
        """Say on the bar what is under way beside steps, in place of the time left.

        Args:
            what: such as "measuring test samples"; the next step that is not the last puts the time left back.
        """
        if self._bar is not None:
            self._bar.update(self._task, speed="", left=what, refresh=True)

    def epoch_row(
        self, record: EpochRecord, position_names: Sequence[str] | None = None, shares: Collection[str] = ()
    ) -> None:
        """Print an epoch's row, and headings before the first one; both fit 80 columns where names are short.

        Args:
            record: the epoch; shown are losses, the first metrics, the positions with most attention, and seconds.
            position_names: T of them; None: numbers from 0.
            shares: metrics that are shown in per cent.
        """
        cells = epoch_cells(record, position_names, shares)
        if not self._headed:
            self._print("  ".join(heading.rjust(width) for heading, width, _ in cells))
            self._headed = True
        self._print("  ".join(text.rjust(width) for _, width, text in cells))

    def restart_clock(self) -> None:
        """Reckon the time left from now on: what came before (compilation) will not come again."""
        self._begin()
        if self._bar is not None:
            self._bar.update(self._task, left="")

    def _begin(self) -> None:
        self._shown = self._clock()
        self._pace = Pace(self._start, self._shown)

    def note(self, line: str) -> None:
        """Print a line of its own above the bar."""
        self._print(line)

    def _speed(self) -> str:
        each = self._pace.seconds_a_step
        return (
            ""
            if self._replicas == 1 or not each
            else f"{self._replicas} runs, {format_speed(self._replicas / each)} run-steps/s"
        )

    def _done(self, step: int) -> str:
        """Write how many steps are done; of very many their share, for want of room."""
        if self._total >= MANY and self.console.width < LOG_WIDTH:
            return f"{step / self._total:.0%}"
        return f"{step:,}/{self._total:,} steps"

    def _left(self, step: int) -> str:
        each = self._pace.seconds_a_step
        return "" if each is None else f"{format_seconds(each * (self._total - step))} left"

    def _print(self, line: str) -> None:
        put(self.console, line)


def epoch_cells(
    record: EpochRecord, position_names: Sequence[str] | None = None, shares: Collection[str] = ()
) -> list[tuple[str, int, str]]:
    """Make heading, width and text of an epoch's cells; for the arguments see `Progress.epoch_row`."""
    losses = [name for name in ("loss/train", "loss/validation") if name in record.row]
    metrics = [name for name in record.row if name not in losses][:METRICS]
    cells = [("epoch", 5, str(record.epoch))]
    cells += [(name[:10], 10, format_loss(record.row[name])) for name in losses]
    for name in metrics:
        heading = name.removesuffix("/validation").rpartition("/")[2]
        text = f"{record.row[name]:.2%}" if heading in shares else format_metric(record.row[name])
        cells.append((heading, max(8, len(heading)), text))
    if record.main_attention is not None and record.attends:
        cells.append(("attends to", *_strongest(record.main_attention.mean_T, position_names)))
    return [*cells, ("s", 6, f"{record.seconds:.1f}")]


def _strongest(mean_T: FloatArray, position_names: Sequence[str] | None) -> tuple[int, str]:
    """Make width and text of a cell that names the two positions with most attention, or one where names are long."""
    names = position_names or list(map(str, range(len(mean_T))))
    longest = max(map(len, names))
    shown = 2 if longest <= 4 else 1
    strongest = np.argsort(-mean_T, kind="stable")[:shown]
    text = " ".join(f"{names[position]}:{mean_T[position]:.2f}".replace(":0.", ":.") for position in strongest)
    return max(10, shown * (longest + 5) - 1), text
