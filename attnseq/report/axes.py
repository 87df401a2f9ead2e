"""What all pictures share: size, colours, axes, writing. Colours are Okabe and Ito's, readable by the colour-blind."""

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
"""Of curves side by side; Okabe and Ito's yellow, too pale on white, gives way to grey."""

DPI = 110


def new_figure(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """An empty figure on an Agg canvas; inches. Of many axes, the constrained layout takes longer than the drawing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def label_log_axis(axes: Axes, side: Literal["x", "y"] = "y") -> None:
    """Labels that stay few and plain over few decades, and room around a single point."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis = axes.xaxis if side == "x" else axes.yaxis
    low, high = axes.get_xlim() if side == "x" else axes.get_ylim()
    if high / low < 4:
        low, high = low / 2, high * 2
        axes.set(**{f"{side}lim": (low, high)})
    if high / low < (100 if side == "y" else 15):  # side by side there is room for fewer
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def clean(axes: Axes, values: Literal["x", "y"] = "y") -> None:
    """Light lines behind the data, across the axis of values; no box around it."""
    axes.grid(axis=values, color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def whole_ticks(count: int) -> list[int]:
    """Whole numbers from 0, at most about twenty of them."""
    return list(range(0, count, -(-count // 20)))


def wrapped(name: str, width: int) -> str:
    """A run's name in lines of at most so many characters, broken after commas where that can be."""
    return fill(name.replace(",", ", "), width).replace(", ", ",")


def save(figure: Figure, path: str | Path) -> None:
    """Write a PNG that is either the whole new picture or the old one, never half; its folder exists."""
    png = io.BytesIO()
    figure.savefig(png, format="png")
    write_atomically(Path(path), png.getvalue(), durable=False)
