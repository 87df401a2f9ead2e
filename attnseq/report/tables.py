"""What a run prints before and after it trains: one line on what it is, attention as bars, verdicts.

Legend: T positions.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.table import Table
from rich.text import Text

from attnseq.contracts.measures import split_of
from attnseq.report.records import relevance_share
from attnseq.scores import SCORES

Value = float | str | Sequence[float | str]

BAR_WIDTH = 30
EIGHTHS = " ▏▎▍▌▋▊▉█"


def summary_line(variant: str, parameters: int, dataset: str, samples: int, device: str) -> str:
    """Say in one line what is about to be trained.

    Args:
        variant: the run's short name.
        parameters: trainable numbers of the model.
        dataset: its name.
        samples: training samples.
        device: as torch names it.

    Returns:
        The line, without a newline.
    """
    return f"{variant} | {parameters:,} parameters | {dataset}, {samples:,} samples | {device}"


def attention_bars(
    mean_T: npt.ArrayLike,
    relevance_T: npt.ArrayLike | None = None,
    published_T: npt.ArrayLike | None = None,
    position_names: Sequence[str] | None = None,
    encoding: str | None = None,
) -> str:
    """Draw the mean attention as a table of bars, at most 77 characters wide where names are short.

    Args:
        mean_T: mean weight of each position; (T,).
        relevance_T: exact relevance of each position, any scale (shown as shares), or None for no column; (T,).
        published_T: published mean weights, or None for no column; (T,).
        position_names: T of them; None: numbers from 0.
        encoding: of the output; None for that of standard output. Bars are `#` where it has no blocks.

    Returns:
        Lines, without a last newline.

    Raises:
        ValueError: the lengths differ.
    """
    mean = np.asarray(mean_T, dtype=np.float64)
    columns = [("attention", mean)]
    if relevance_T is not None:
        columns.append(("relevance", relevance_share(relevance_T, len(mean))))
    if published_T is not None:
        columns.append(("published", np.asarray(published_T, dtype=np.float64)))
    blocks = can_show_blocks(encoding)
    top = float(np.nanmax(mean, initial=0.0)) or 1.0
    names = position_names or list(map(str, range(len(mean))))
    width = max(len("position"), *map(len, names))
    lines = [f"{'position':>{width}}  {'':{BAR_WIDTH}}" + "".join(f"  {name:>9}" for name, _ in columns)]
    for position, name in enumerate(names):
        bar = _bar(mean[position] / top, blocks)
        cells = "".join(f"  {_share(values[position]):>9}" for _, values in columns)
        lines.append(f"{name:>{width}}  {bar:<{BAR_WIDTH}}{cells}")
    return "\n".join(lines)


def results_table(
    result: Mapping[str, Any], units: Mapping[str, str] | None = None, shares: Collection[str] = ()
) -> str:
    """List a finished run's figures of held-out samples, a line each, and its speed.

    Args:
        result: as in result.json; every number of the validation and test samples is shown, and of their attention the
            entropy and the usual scores.
        units: what follows a metric's number, by the metric's name: {"mae": "steps"}.
        shares: metrics that are shown in per cent.

    Returns:
        Lines of text.
    """
    rows = {}
    for name, value in result.items():
        metric = name.rpartition("/")[0]
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        is_usual = metric == "attention" or (name in SCORES and SCORES[name].is_usual)
        if is_number and (split_of(name) in ("validation", "test") or is_usual):
            number = f"{value:.2%}" if metric in shares else f"{value:.5g}"
            rows[name] = f"{number} {(units or {}).get(metric, '')}".rstrip()
    each = result["microseconds_per_sample"]  # None where the history of the epochs is gone
    speed = "" if each is None else f"{each:.2f} us per sample in training, "
    rows["speed"] = f"{speed}{result['seconds']:.1f} s in all"
    width = max(16, *map(len, rows))
    return "\n".join(f"{name:<{width}} {text}" for name, text in rows.items())


def verdict_table(rows: Iterable[tuple[str, Value, Value, bool]]) -> Table:
    """Make a table of published figures beside ours, with a verdict each.

    Args:
        rows: (figure, published, ours, holds); a list of values becomes one cell of words.

    Returns:
        A table to print on `terminal.terminal_console()`; fits 80 columns by wrapping between words.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("figure", overflow="fold")
    table.add_column("published", justify="right", overflow="fold")
    table.add_column("ours", justify="right", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    for figure, published, ours, holds in rows:
        verdict = Text("holds", style="green") if holds else Text("DIFFERS", style="bold red")
        table.add_row(Text(figure), Text(_words(published)), Text(_words(ours)), verdict)
    return table


def can_show_blocks(encoding: str | None) -> bool:
    """Tell whether an output has the characters of bars and shades; None is standard output."""
    return can_show(EIGHTHS, encoding or sys.stdout.encoding or "ascii")


def can_show(text: str, encoding: str) -> bool:
    """Tell whether an output of an encoding has all characters of a text."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _bar(share: float, blocks: bool) -> str:
    """Draw a bar of up to `BAR_WIDTH` characters for a share of the longest bar."""
    if not np.isfinite(share):
        return ""
    if not blocks:
        return "#" * round(share * BAR_WIDTH)
    full, eighths = divmod(round(share * BAR_WIDTH * 8), 8)
    return (EIGHTHS[8] * full + EIGHTHS[eighths]).rstrip()


def _share(value: float) -> str:
    return f"{value:.4f}" if value == 0 or not value < 5e-5 else f"{value:.1e}"


def _words(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float, np.number)):
        return f"{value:.6g}"
    return " ".join(map(_words, value))
