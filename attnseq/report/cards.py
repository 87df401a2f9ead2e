"""The pictures of a run in TensorBoard, whose cards are small: few words, in letters that can be read there.

Legend: T positions, R columns of a heatmap.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from attnseq.report.axes import clean, new_figure, whole_ticks, wrapped
from attnseq.report.panels import numbered
from attnseq.report.records import FloatArray, relevance_share
from attnseq.report.style import ATTENTION, RELEVANCE, SMALL, drawing
from attnseq.training.attention_summary import Alignment

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, DPI = 3.7, 120
"""Inches, and dots an inch: a card shows 400 dots or so."""
ROW, MOST_ROWS = 0.19, 24
"""Inches: height of a position, and how many positions get that height."""
LINE, TITLE_WIDTH, NAME_LINES = 0.15, 60, 2
"""Height of a line of the title in inches, its characters, and how many lines a run's name has at most."""
BELOW, LETTER, RIGHT = 0.55, 0.075, {"bars": 0.12, "cells": 0.85}
"""Inches: what stands below and right of the axes, and the width of a letter left of them."""


def bars(
    run: str,
    place: str,
    mean_T: npt.ArrayLike,
    relevance_T: npt.ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> bytes:
    """Draw the mean attention of each position, with the exact relevance below it, as a PNG.

    Relevance is drawn with the same total as attention, which is 1 where weights are shares: they are not where each
    element of the input has a weight of its own.

    Args:
        run: its name, of any length; wrapped, and cut.
        place: what follows the name in a line of its own, such as "seed 3, epoch 10".
        mean_T: mean weight of each position; nan has no bar; (T,).
        relevance_T: exact relevance of each position, any scale; None where it is not known; (T,).
        names: of the positions, T of them; None: numbers from 0.

    Raises:
        ValueError: the lengths differ.
    """
    mean = np.asarray(mean_T, dtype=np.float64)
    shown = [("mean weight", ATTENTION, mean)]
    if relevance_T is not None:
        shown.append(("exact relevance", RELEVANCE, relevance_share(relevance_T, len(mean)) * np.nansum(mean)))
    with drawing():
        figure, axes = _card(run, place, names or numbered(len(mean)), RIGHT["bars"])
        height = 0.8 / len(shown)
        for index, (label, colour, values_T) in enumerate(shown):
            middle_T = np.arange(len(mean)) + (index - (len(shown) - 1) / 2) * height
            axes.barh(middle_T, values_T, 0.92 * height, color=colour, label=label)
        axes.set(ylim=(len(mean) - 0.4, -0.6), xlim=(0.0, None))
        clean(axes, "x")
        figure.legend(loc="lower left", ncols=2, fontsize=SMALL, borderaxespad=0.1)
        return _png(figure)


def heatmap(
    run: str,
    place: str,
    heatmap_TxR: npt.ArrayLike,
    columns: str,
    names: Sequence[str] | None = None,
    heads: int = 1,
) -> bytes:
    """Draw a cell for each column at each position, brighter where the mean weight is larger, as a PNG.

    Args:
        run: its name, of any length; wrapped, and cut.
        place: what follows the name in a line of its own, such as "seed 3, epoch 10".
        heatmap_TxR: mean weights; nan has no cell; (T, R).
        columns: what R counts.
        names: of the positions, T of them; None: numbers from 0.
        heads: that stand side by side, R / heads columns each.
    """
    weights: FloatArray = np.asarray(heatmap_TxR, dtype=np.float64)
    with drawing():
        figure, axes = _card(run, place, names or numbered(len(weights)), RIGHT["cells"])
        cells = axes.imshow(weights, vmin=0.0, aspect="auto", interpolation="nearest")
        if heads > 1:
            _part(axes, heads, weights.shape[1] // heads)
            axes.set_xlabel(f"head, and {columns} in it", fontsize=SMALL)
        else:
            ticks = whole_ticks(weights.shape[1])
            axes.set_xlabel(columns, fontsize=SMALL)
            axes.set_xticks(ticks[:: 1 + len(ticks) // 11])
        bar = figure.colorbar(cells, cax=axes.inset_axes((1.04, 0.0, 0.06, 1.0)))
        bar.set_label("mean weight", fontsize=SMALL)
        bar.ax.tick_params(labelsize=SMALL)
        return _png(figure)


def alignment(run: str, place: str, alignment: Alignment) -> bytes:
    """Draw a cell for each token of an answer at each position of one sample, the true alignment marked, as a PNG.

    Args:
        run: its name, of any length; wrapped, and cut.
        place: what follows the name in a line of its own, such as "seed 3, epoch 10".
        alignment: of the sample.
    """
    weights = np.asarray(alignment.weights_KxT, dtype=np.float64)
    with drawing():
        figure, axes = _card(run, place, alignment.answers or ("",), RIGHT["cells"])
        cells = axes.imshow(weights if weights.size else [[0.0]], vmin=0.0, aspect="auto", interpolation="nearest")
        turned = 90 * (max(map(len, alignment.inputs), default=1) > 1)
        axes.set_xticks(range(len(alignment.inputs)), alignment.inputs, rotation=turned, fontsize=SMALL)
        if alignment.relevance_KxT is not None:
            rows, columns = np.nonzero(alignment.relevance_KxT)
            axes.scatter(columns, rows, s=9, c=RELEVANCE, edgecolors="white", linewidths=0.5, label="true alignment")
            figure.legend(loc="lower left", fontsize=SMALL, borderaxespad=0.1)
        bar = figure.colorbar(cells, cax=axes.inset_axes((1.04, 0.0, 0.06, 1.0)))
        bar.set_label("weight", fontsize=SMALL)
        bar.ax.tick_params(labelsize=SMALL)
        return _png(figure)


def _part(axes: Axes, heads: int, width: int) -> None:
    """Draw a line between the cells of two heads, and number the heads, as many as have room."""
    for head in range(1, heads):
        axes.axvline(head * width - 0.5, color="white", linewidth=1.5)
    shown = range(0, heads, 1 + heads // 11)
    axes.set_xticks([(head + 0.5) * width - 0.5 for head in shown], [str(1 + head) for head in shown])


def _card(run: str, place: str, names: Sequence[str], right: float) -> tuple[Figure, Axes]:
    """Make a figure whose rows are positions; its margins are set, since to find them takes longer than to draw."""
    lines = wrapped(run, TITLE_WIDTH).splitlines()
    if len(lines) > NAME_LINES:
        lines = [*lines[: NAME_LINES - 1], f"{lines[NAME_LINES - 1]} …"]
    lines.append(place)
    above, rows = 0.12 + LINE * len(lines), ROW * min(len(names), MOST_ROWS)
    left, height = 0.15 + LETTER * max(map(len, names)), above + rows + BELOW
    figure = new_figure(WIDTH, height, layout=None)
    figure.subplots_adjust(left / WIDTH, BELOW / height, 1 - right / WIDTH, 1 - above / height)
    figure.text(0.06 / WIDTH, 1 - 0.05 / height, "\n".join(lines), va="top", fontsize=SMALL)
    axes = figure.add_subplot()
    axes.tick_params(labelsize=SMALL)
    ticks = whole_ticks(len(names)) if len(names) > MOST_ROWS else list(range(len(names)))
    axes.set_yticks(ticks, [names[tick] for tick in ticks])
    return figure, axes


def _png(figure: Figure) -> bytes:
    png = io.BytesIO()
    settings: dict[str, Any] = {"format": "png", "dpi": DPI}
    figure.savefig(png, **settings)
    return png.getvalue()
