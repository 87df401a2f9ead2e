"""What surrounds the data in a small picture: a title, a legend, axes with ticks; and where ticks stand.

Coordinates are points from the upper left corner, y points downwards.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from attnseq.report.canvas import GRID, INK, Canvas, Points, Shape, dashed, text_width

LEFT, TOP, RIGHT, BOTTOM = 66, 54, 22, 46
"""Around the plot area; titles of more than one line take more above."""
HEIGHT = 224
TITLE_SIZE, TITLE_LINE = 15, 20
KEY, DASH, GAP = 24, 6, 3.5


class Series(NamedTuple):
    """How values are drawn, and what the legend calls them."""

    label: str
    colour: int
    marker: Shape | None = None
    line: Literal["solid", "dashed"] | None = None
    width: float = 1.8

    def draw(self, canvas: Canvas, pieces: Sequence[Points]) -> None:
        """Draw it through points; (n, 2) each piece."""
        if self.line is not None:
            lines = pieces
            if self.line == "dashed":
                lines = [dash for piece in pieces for dash in dashed(piece, DASH, GAP)]
            canvas.curve(lines, self.colour, self.width)
        if self.marker is not None:
            for piece in pieces:
                for x, y in piece:
                    canvas.marker(x, y, self.marker, self.colour)


class Plot:
    """A canvas with all but the data drawn.

    Args:
        title: of any length; wrapped.
        legend: entries above the plot area, where they hide nothing.
        x_ticks: text by place along the horizontal axis, in points from its left end.
        y_ticks: text by place along the vertical axis, in shares of its height from below.
        labels: of the horizontal and the vertical axis.
        width: of the plot area.
        grid: whether lines cross the plot area at the vertical axis' ticks.
        scale: pixels a point.
    """

    def __init__(
        self,
        title: str,
        legend: Sequence[Series],
        x_ticks: Mapping[float, str],
        y_ticks: Mapping[float, str],
        labels: tuple[str, str],
        width: float,
        grid: bool = True,
        scale: int = 1,
    ) -> None:
        lines = wrap(title, width, TITLE_SIZE)
        self.left, self.right = LEFT, LEFT + width
        self.top = TOP + TITLE_LINE * (len(lines) - 1)
        self.bottom = self.top + HEIGHT
        self.canvas = Canvas(self.right + RIGHT, self.bottom + BOTTOM, scale)
        for number, line in enumerate(lines):
            self.canvas.text(LEFT, 16 + TITLE_LINE * number, line, TITLE_SIZE)
        self._legend(legend)
        for place, text in y_ticks.items():
            if grid and place > 0:
                self.canvas.box(self.left, self.y(place) - 0.5, self.right, self.y(place) + 0.5, GRID)
            self._tick_text(self.left - 8, self.y(place), text)
        self.canvas.box(self.left, self.bottom, self.right, self.bottom + 1, INK)
        for x, text in x_ticks.items():
            self.canvas.text(self.left + x, self.bottom + 13, text, anchor="mm")
        self.canvas.text(self.left + width / 2, self.bottom + 33, labels[0], anchor="mm")
        self.canvas.text_upwards(14, self.bottom - HEIGHT / 2, labels[1])

    def y(self, share: float) -> float:
        """Where a share of the vertical axis lies."""
        return self.bottom - share * HEIGHT

    def _legend(self, legend: Sequence[Series]) -> None:
        x, y = float(self.left), self.top - 15
        for series in legend:
            key = KEY if series.line else 10
            ends = [(x, y), (x + KEY / 2, y), (x + KEY, y)]
            series._replace(marker=None).draw(self.canvas, [np.array(ends)])
            if series.marker is not None:
                self.canvas.marker(x + key / 2, y, series.marker, series.colour)
            self.canvas.text(x + key + 6, y, series.label)
            x += key + 24 + text_width(series.label, 12)

    def _tick_text(self, x: float, y: float, text: str) -> None:
        """A tick's text, right-aligned; what follows a ^ is set higher."""
        base, _, power = text.partition("^")
        if power:
            self.canvas.text(x, y - 5, power, 9, "rm")
        self.canvas.text(x - text_width(power, 9), y, base, anchor="rm")


def wrap(text: str, width: float, size: float) -> list[str]:
    """Break a line where it gets too wide: after a space or punctuation if it can be, else anywhere.

    Args:
        text: one line.
        width: that a line may take, in points.
        size: of the font.

    Returns:
        The lines, one at least; together they hold all of the text but spaces at breaks.
    """
    lines = [""]
    for word in re.findall(r"[^\s,/;]*[\s,/;]*", text):
        if text_width((lines[-1] + word).rstrip(), size) <= width:
            lines[-1] += word
            continue
        lines.append("")
        for letter in word:
            if text_width(lines[-1] + letter, size) > width:
                lines.append("")
            lines[-1] += letter
    return [line.rstrip() for line in lines if line.strip()] or [""]


def linear_ticks(top: float) -> list[float]:
    """Ticks from 0 to where an axis ends, in steps of 1, 2 or 5 by a power of ten, nine of them at most.

    Args:
        top: the largest value, which the axis holds; one that is not positive counts as 1.

    Returns:
        The ticks, the last one at or above `top`.
    """
    top = top if 0 < top < math.inf else 1.0
    power = 10.0 ** math.floor(math.log10(top / 8))
    step = power * next(factor for factor in (1, 2, 5, 10, 20) if top / (power * factor) <= 8 + 1e-9)
    return [float(f"{step * number:.12g}") for number in range(math.ceil(top / step - 1e-9) + 1)]


def whole_step(count: int, most: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, ... that divides `count` into `most` steps or fewer."""
    return next(factor * 10**power for power in range(20) for factor in (1, 2, 5) if factor * 10**power * most >= count)


def log_range(values: Sequence[float]) -> tuple[float, float]:
    """Decimal logarithms between which a log axis shows values, with room at both ends.

    Args:
        values: positive and finite; none give a range, too.

    Returns:
        The lower and the upper end, at least a factor of 4 apart.
    """
    low, high = (math.log10(extreme(values, default=1.0)) for extreme in (min, max))
    margin = 0.05 * (high - low) if high - low >= math.log10(4) else math.log10(2)
    return low - margin, high + margin


def log_ticks(low: float, high: float) -> dict[float, str]:
    """Ticks of a log axis: 1, 2 and 5 of each decade over a few decades, else whole decades, about seven at most.

    Args:
        low: decimal logarithm of the axis' lower end.
        high: of its upper end.

    Returns:
        Text by decimal logarithm; 10^3 for a power.
    """
    if high - low >= 2.5:
        every = math.ceil((high - low) / 7)
        first = math.ceil(low / every) * every
        return {float(power): f"10^{power}" for power in range(first, math.floor(high) + 1, every)}
    for factors in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        values = [factor * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for factor in factors]
        ticks = {math.log10(value): _plain(value) for value in values if low <= math.log10(value) <= high}
        if len(ticks) > 2:
            break
    return ticks


def _plain(value: float) -> str:
    """A short number: 0.02, 5e-5."""
    if 1e-3 <= value < 1e5:
        return f"{value:g}"
    digits, power = f"{value:.1e}".split("e")
    return f"{digits.removesuffix('.0')}e{int(power)}"
