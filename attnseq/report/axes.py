"""What all pictures share: size, colours, axes, writing. Colours are Okabe and Ito's, made for the colour-blind."""

from __future__ import annotations

import io
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Literal

from attnseq.core.files import write_atomically

if TYPE_CHECKING:  # Matplotlib takes a second or two to import: only who draws pays for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ATTENTION, RELEVANCE, VALIDATION = "#0072B2", "#E69F00", "#D55E00"
SERIES = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#999999")
"""Colours of curves side by side, with grey in place of Okabe and Ito's yellow, which is too pale on white."""

DPI = 110


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
    axes.grid(axis=values, color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def whole_ticks(count: int) -> list[int]:
    """Choose whole numbers from 0, at most about twenty of them."""
    return list(range(0, count, -(-count // 20)))


def wrapped(name: str, width: int) -> str:
    """Wrap a run's name to lines of at most so many characters, after commas where possible."""
    return fill(name.replace(",", ", "), width).replace(", ", ",")


def save(figure: Figure, path: str | Path) -> None:
    """Write a PNG atomically: the file is always the whole old or the whole new picture. Its folder exists."""
    png = io.BytesIO()
    figure.savefig(png, format="png")
    write_atomically(Path(path), png.getvalue(), durable=False)
