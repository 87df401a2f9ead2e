"""A comparison as tables for the terminal, as many as its width requires."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from attnseq.comparison.comparison import BEST, NOISE, Comparison, Row
from attnseq.comparison.numbers import compact, shown_as
from attnseq.comparison.text import headline, legend, notes
from attnseq.runs.reading import FINISHED

NAME_WIDTH = 34
"""Most characters of a variant's name in a line; longer names are folded between words."""

GAP = 2
NOTES = 10
"""Most lines of a kind below the table; compare.md has all."""

STYLES = {BEST: "bold green", NOISE: "green"}


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print headline, tables, legend and notes.

    Args:
        comparison: with at least one row.
        console: from `terminal.terminal_console`; one that cannot show ± gets +-.
    """
    plus_minus = "±" if _can_show("±", console.encoding) else "+-"
    columns = [_standings(comparison), *(_figures(comparison, metric, plus_minus) for metric in comparison.metrics)]
    name_width = min(NAME_WIDTH, max(len("variant"), *(len(row.variant.name) for row in comparison.rows)))
    console.print(headline(comparison))
    for block in _blocks(columns, console.width - name_width):
        console.print(_table(comparison.rows, block, name_width))
    for line in legend(comparison):
        console.print(line.replace("±", plus_minus))
    for line in notes(comparison, NOTES):
        console.print(line, soft_wrap=True)


class Column(NamedTuple):
    """A column of text, or several that stay together."""

    headings: list[str]
    rows: list[list[str]]

    @property
    def widths(self) -> list[int]:
        """Characters of each column."""
        cells = zip(self.headings, *self.rows, strict=True)
        return [max(len(line) for cell in column for line in cell.split("\n")) for column in cells]


def _standings(comparison: Comparison) -> Column:
    counts = [(len(row.variant.of_state(FINISHED)), len(row.variant.runs)) for row in comparison.rows]
    cells = [f"{finished}/{runs}" for finished, runs in counts]
    return Column(["runs", "vs best"], [[cell, row.standing] for cell, row in zip(cells, comparison.rows, strict=True)])


def _figures(comparison: Comparison, metric: str, plus_minus: str) -> Column:
    heading, scale = shown_as(metric)
    cells = [compact(row.figures.get(metric), plus_minus, scale) for row in comparison.rows]
    return Column([heading.replace("/", "/\n")], [[cell] for cell in cells])


def _blocks(columns: Sequence[Column], width: int) -> Iterator[list[Column]]:
    """Cut the columns into those of each table."""
    block: list[Column] = []
    used = 0
    for column in columns:
        needed = sum(GAP + width for width in column.widths)
        if block and used + needed > width:
            yield block
            block, used = [], 0
        block.append(column)
        used += needed
    yield block


def _table(rows: Sequence[Row], columns: Sequence[Column], name_width: int) -> Table:
    # pad by one less: the box puts a blank between columns, too
    table = Table(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("\nvariant", width=name_width, overflow="fold")
    for heading, width in ((h, w) for column in columns for h, w in zip(column.headings, column.widths, strict=True)):
        table.add_column(heading if "\n" in heading else f"\n{heading}", width=width, justify="right", no_wrap=True)
    for index, row in enumerate(rows):
        cells = [row.variant.name, *(cell for column in columns for cell in column.rows[index])]
        table.add_row(*map(Text, cells), style=STYLES.get(row.standing))
    return table


def _can_show(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
