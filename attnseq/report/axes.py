"""What all pictures share beside their style: figures, axes, ticks, and how they are written."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

from attnseq.core.files import write_atomically
from attnseq.report.style import DPI, FAINT, LINES, drawing

if TYPE_CHECKING:  # Matplotlib takes a second or two to import: only who draws pays for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES_IN_LINE = 70
"""Characters of positions' names that fit side by side; longer names are turned upright."""
BELOW = 0.52
"""Inches below an axes for its ticks and label."""
LETTER, ROLE, LINE = 0.061, 7.5, 0.13
"""Inches that a letter of a role takes, its size in points, and inches of a line of such letters."""


def new_figure(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """Make an empty figure on an Agg canvas; inches. With many axes, a constrained layout takes longer than drawing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def label_log_axis(axes: Axes, side: Literal["x", "y"] = "y") -> None:
    """Label a log axis with few, plain numbers over few decades, and leave room around a single point."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis = axes.xaxis if side == "x" else axes.yaxis
    low, high = axes.get_xlim() if side == "x" else axes.get_ylim()
    if high / low < 4:
        low, high = low / 2, high * 2
        axes.set(**{f"{side}lim": (low, high)})
    if high / low < (100 if side == "y" else 15):  # the x axis has room for fewer labels
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def clean(axes: Axes, values: Literal["x", "y"] = "y") -> None:
    """Draw light lines behind the data, across the axis of values, and no box around it."""
    axes.grid(axis=values, color=LINES, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def whole_ticks(count: int) -> list[int]:
    """Choose whole numbers from 0, at most about twenty of them."""
    return list(range(0, count, -(-count // 20)))


def name_positions(axes: Axes, names: Sequence[str], roles: Sequence[str] = ()) -> float:
    """Write names of positions below an axes and, where there is room, what stands there.

    Args:
        axes: with the width that it will have, or a little less.
        names: T of them.
        roles: T of them, "" for none; each word gets a line. () for none at all.

    Returns:
        The inches that this takes.
    """
    ticks = whole_ticks(len(names))
    shown = [names[tick] for tick in ticks]
    longest = max(map(len, shown))
    upright = longest > 1 and longest * len(shown) > NAMES_IN_LINE
    axes.set_xticks(ticks, shown, rotation=90 if upright else 0)
    words = [role.split() for role in roles]
    room = axes.get_window_extent().width / DPI / len(names)
    fits = not upright and LETTER * max((len(word) for each in words for word in each), default=0) < room
    lines = max(map(len, words), default=0) if fits else 0
    style: dict[str, Any] = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points"}
    style |= {"ha": "center", "va": "top", "fontsize": ROLE, "color": FAINT, "annotation_clip": False}
    for position, each in enumerate(words if lines else ()):
        axes.annotate("\n".join(each), (position, 0.0), (0, -18), **style)
    numbers = tuple(names) == tuple(map(str, range(len(names))))
    axes.set_xlabel("position, from 0" if numbers else "position", labelpad=4 + 72 * LINE * lines)
    return BELOW + (0.09 * longest if upright else LINE * lines)


def wrapped(name: str, width: int) -> str:
    """Wrap a run's name to lines of at most so many characters, after commas where possible."""
    return fill(name.replace(",", ", "), width).replace(", ", ",")


def save(figure: Figure, path: str | Path) -> None:
    """Write a picture atomically: the file is always the whole old or the whole new one. Its folder exists.

    Args:
        figure: drawn in the style.
        path: its suffix, one of `style.FORMATS`, says in which format.
    """
    write_atomically(Path(path), content(figure, Path(path).suffix.removeprefix(".")), durable=False)


def content(figure: Figure, form: str) -> bytes:
    """Return what a file of a picture holds, the same for the same picture.

    Args:
        figure: of any canvas.
        form: one of `style.FORMATS`.
    """
    written = io.BytesIO()
    undated: dict[str, dict[str, None]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    with drawing():
        figure.savefig(written, format=form, metadata=undated.get(form))
    return written.getvalue()
