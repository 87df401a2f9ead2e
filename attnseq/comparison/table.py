"""A comparison as a table for the terminal, in as many parts as its width requires."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from attnseq.comparison.comparison import BEST, NOISE, UNKNOWN, UNTESTED, Comparison
from attnseq.comparison.measures import is_cost
from attnseq.comparison.numbers import compact, plain, probability, shown_as, signed
from attnseq.comparison.text import headline, legend, notes
from attnseq.comparison.trivial import MOST
from attnseq.report.tables import can_show
from attnseq.report.terminal import put
from attnseq.runs.reading import FINISHED

NAME_WIDTH = 34
"""Most characters of a variant's name in a line; longer names are folded between words."""

LONGEST_HEADING = 11
"""Characters of a line of a heading; longer ones are folded."""

GAP = 2
NOTES = 10
"""Most lines of a kind below the table; compare.md has all."""

STYLES = {BEST: "bold green", NOISE: "green"}
BELOW = "dim"
"""The style of rows that are not ranked."""


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print headline, table, legend and notes; where the console is narrow, the table goes on below by row numbers.

    Trivial predictors stand below the variants.

    Args:
        comparison: with at least one row.
        console: from `terminal.terminal_console`; one that cannot show ± gets +-.
    """
    plus_minus = "±" if can_show("±", console.encoding) else "+-"
    columns = [_counts(comparison)]
    for metric in comparison.metrics:
        columns.append(_figures(comparison, metric, plus_minus))
        if metric == comparison.sort and len(comparison.rows) > 1:
            columns.append(_differences(comparison))
    names = _names(comparison)
    blocks = list(_blocks(columns, console.width - names.widths[0], console.width))
    if len(blocks) > 1:
        numbers = [str(number) for number in range(1, len(comparison.rows) + 1)]
        width = len(numbers[-1])
        numbers += "abc"[: len(comparison.trivial[:MOST])]  # letters, since they are not ranked
        labels = Column([""], [[number.rjust(width)] for number in numbers])
        blocks = list(_blocks(columns, console.width - names.widths[0] - width - GAP, console.width - width))
        blocks = [[labels, *([names] if place == 0 else []), *block] for place, block in enumerate(blocks)]
    else:
        blocks = [[names, *blocks[0]]]
    console.print(headline(comparison))
    for block in blocks:
        console.print(_table(comparison, block))
    for line in legend(comparison):
        console.print(line.replace("±", plus_minus))
    for line in notes(comparison, NOTES):
        put(console, line)


class Column(NamedTuple):
    """A column of text, or several that stay together."""

    headings: list[str]
    rows: list[list[str]]
    is_text: bool = False

    @property
    def widths(self) -> list[int]:
        """Characters of each column; names are folded between words."""
        cells = zip(self.headings, *self.rows, strict=True)
        widths = [max(len(line) for cell in column for line in cell.split("\n")) for column in cells]
        return [min(widths[0], NAME_WIDTH)] if self.is_text else widths


def _names(comparison: Comparison) -> Column:
    names = [row.variant.name for row in comparison.rows] + [each.name for each in comparison.trivial[:MOST]]
    return Column(["variant"], [[name] for name in names], is_text=True)


def _counts(comparison: Comparison) -> Column:
    counts = [(len(row.variant.of_state(FINISHED)), len(row.variant.runs)) for row in comparison.rows]
    return Column(["runs"], [[f"{finished}/{runs}"] for finished, runs in counts] + _empty(comparison, 1))


def _figures(comparison: Comparison, metric: str, plus_minus: str) -> Column:
    heading, scale = shown_as(metric)
    costs = is_cost(metric)
    cells = [compact(row.figures.get(metric), plus_minus, scale, costs) for row in comparison.rows]
    values = [each.figures.get(metric) for each in comparison.trivial[:MOST]]
    cells += ["-" if value is None else plain(value * scale) for value in values]
    return Column([_folded(heading)], [[cell] for cell in cells])


def _differences(comparison: Comparison) -> Column:
    """Make the columns that hold each row against the best one; of costs there is no p."""
    scale, sort = shown_as(comparison.sort)[1], comparison.sort
    headings = ["minus\nbest"] if is_cost(sort) else ["minus\nbest", "p"]
    cells = []
    for row in comparison.rows:
        if row.difference is not None:
            cells.append([signed(row.difference.mean * scale), probability(row.difference.p)])
        elif row.standing in (UNKNOWN, UNTESTED):  # there is a difference, but nothing to tell it from chance by
            less = row.figures[sort].mean - comparison.rows[0].figures[sort].mean
            cells.append([signed(less * scale), row.standing])
        else:
            cells.append([row.standing, ""])
    return Column(headings, [cell[: len(headings)] for cell in cells] + _empty(comparison, len(headings)))


def _empty(comparison: Comparison, columns: int) -> list[list[str]]:
    """Make the cells of trivial predictors where there is nothing to say of them."""
    return [[""] * columns for _ in comparison.trivial[:MOST]]


def _folded(heading: str) -> str:
    """Fold a heading behind slashes, and a long part of it behind an underscore."""
    lines = heading.replace("/", "/\n").split("\n")
    return "\n".join(line if len(line) <= LONGEST_HEADING else line.replace("_", "_\n", 1) for line in lines)


def _blocks(columns: Sequence[Column], first: int, others: int) -> Iterator[list[Column]]:
    """Cut the columns into those of each part of the table, of which the first has less room."""
    block: list[Column] = []
    used, room = 0, first
    for column in columns:
        needed = sum(GAP + width for width in column.widths)
        if block and used + needed > room:
            yield block
            block, used, room = [], 0, others
        block.append(column)
        used += needed
    yield block


def _table(comparison: Comparison, columns: Sequence[Column]) -> Table:
    # pad by one less: the box puts a blank between columns, too
    table = Table(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False)
    height = max(heading.count("\n") for column in columns for heading in column.headings)
    for column in columns:
        for heading, width in zip(column.headings, column.widths, strict=True):
            text = "\n" * (height - heading.count("\n")) + heading
            if column.is_text:
                table.add_column(text, width=width, overflow="fold")
            else:
                table.add_column(text, width=width, justify="right", no_wrap=True)
    styles = [STYLES.get(row.standing) for row in comparison.rows] + [BELOW] * len(comparison.trivial[:MOST])
    for index, style in enumerate(styles):
        cells = [cell for column in columns for cell in column.rows[index]]
        table.add_row(*map(Text, cells), style=style)
    return table
