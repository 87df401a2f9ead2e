"""A figure as all pictures of runs are laid out: a heading in words, and panels below each other.

Margins are set in inches: finding them out takes as long as drawing the whole figure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from attnseq.report.axes import content, new_figure, wrapped
from attnseq.report.style import FAINT, FONT, SMALL

if TYPE_CHECKING:  # Matplotlib takes a second or two to import: only who draws pays for it
    from matplotlib.axes import Axes
    from matplotlib.text import Text

WIDTH, WIDEST, POSITION = 6.4, 10.0, 0.16
"""Inches: width of a picture, its maximum, and width of each position of a long sequence."""
LEFT, RIGHT, EDGE = 0.75, 0.12, 0.06
"""Inches: the margins left and right of a panel, and around the heading."""
LINE, SMALL_LINE, LEGEND = 0.19, 0.17, 0.38
"""Inches: height of a line of the heading, of one in small letters, and of the legend above a panel."""
BOLD_WIDTH, SMALL_WIDTH, SAMPLE_WIDTH = 74, 104, 80
"""Characters of a line in a picture of usual width: of words, of a run's name, of a sample."""
MOST_LINES = 2
"""Of a sample, which is cut after them."""

Panel = Any
"""Has `height`, `below` and `right` in inches, `artists`, and `show`."""


class Heading(NamedTuple):
    """What stands above the panels.

    Args:
        words: what is shown, in words: "MLP with attention a position, on the article's task, seed 1".
        name: the run's, by its config; in small letters, "" for none.
        sample: what a model makes of a sample; "" for none. It is cut after two lines.
    """

    words: str
    name: str = ""
    sample: str = ""

    def lines(self, width: float) -> tuple[str, str, str]:
        """Wrap each part to lines that a picture of so many inches has room for."""
        scale = width / WIDTH
        words = wrap(self.words, round(BOLD_WIDTH * scale))
        name = wrapped(self.name, round(SMALL_WIDTH * scale))
        sample = wrap(self.sample, round(SAMPLE_WIDTH * scale), max_lines=MOST_LINES, placeholder=" ...")
        return "\n".join(words), name, "\n".join(sample)


def sheet_width(positions: int) -> float:
    """Choose the inches of a picture of so many positions."""
    return min(max(WIDTH, POSITION * positions), WIDEST)


class Sheet:
    """A figure whose panels are made once, and which then shows one heading and one set of values after the other.

    Args:
        width: in inches.
        lines: how many lines the parts of its headings have.
        makers: of the panels, from above; each is given empty axes.
        captions: a line above each panel; "" for none.
    """

    def __init__(
        self, width: float, lines: Sequence[int], makers: Sequence[Callable[[Axes], Panel]], captions: Sequence[str]
    ):
        self.figure = new_figure(width, width, layout=None)
        across = LEFT / width, 1 - (LEFT + RIGHT) / width
        axes = [self.figure.add_axes((across[0], 0.1, across[1], 0.8)) for _ in makers]
        self.panels = [make(each) for make, each in zip(makers, axes, strict=True)]
        heights = [count * line for count, line in zip(lines, (LINE, SMALL_LINE, LINE), strict=True)]
        above = [LEGEND + LINE * bool(caption) for caption in captions]
        height = sum([*heights, *above, *(panel.height + panel.below for panel in self.panels)])
        self.figure.set_size_inches(width, height)
        styles: list[dict[str, Any]] = [
            {"fontsize": FONT, "fontweight": "bold"},
            {"fontsize": SMALL, "color": FAINT},
            {"fontsize": FONT},
        ]
        self.heading: list[Text] = []
        top = height - EDGE
        for style, its in zip(styles, heights, strict=True):
            self.heading.append(self.figure.text(EDGE / width, top / height, "", va="top", **style))
            top -= its
        top = height - sum(heights)
        for each, panel, caption, its in zip(axes, self.panels, captions, above, strict=True):
            self.figure.text(EDGE / width, (top - EDGE) / height, caption, va="top", fontsize=FONT)
            top -= its + panel.height
            inside = 1 - (LEFT + panel.right) / width
            each.set_position((across[0], top / height, inside, panel.height / height))
            top -= panel.below

    def show(self, heading: Sequence[str], values: Sequence[tuple[Any, ...]]) -> None:
        """Show another heading, see `Heading.lines`, and other values, those of each panel."""
        for text, line in zip(self.heading, heading, strict=True):
            text.set_text(line)
        for panel, its in zip(self.panels, values, strict=True):
            panel.show(*its)

    def file(self, form: str) -> bytes:
        """Return what a file of it holds in one of `style.FORMATS`."""
        return content(self.figure, form)
