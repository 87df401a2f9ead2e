"""The pictures of a run: its attention, also by position and row, and its losses.

Legend: T positions, R rows of a heatmap.
"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from attnseq.report.axes import new_figure, wrapped
from attnseq.report.panels import AttentionPanel, Curve, HeatmapPanel, LossPanel, loss_limits, numbered, share_top
from attnseq.report.records import relevance_share

WIDTH, WIDEST, POSITION, HEIGHT = 6.4, 10.0, 0.16, 3.3
"""Inches: of a picture, at most, of each position of a long sequence; LINE for each further line of a title."""
LINE = 0.19
TITLE_WIDTH = 78
"""Characters."""
FRAMES = 16
"""Kept, each of about a megabyte."""
COMPRESSION = 1


class Pictures:
    """Draws pictures of runs as PNG; made once for all runs of a sweep, and for all their threads.

    A picture's axes, ticks, legend take a hundred times as long as its values. Runs of a sweep have most of
    that in common, so it is drawn once and kept.
    """

    def __init__(self) -> None:
        self._frame = lru_cache(FRAMES)(_Frame)
        self._lock = threading.Lock()

    def attention(
        self,
        title: str,
        mean_T: npt.ArrayLike,
        relevance_T: npt.ArrayLike | None = None,
        published_T: npt.ArrayLike | None = None,
        position_names: Sequence[str] | None = None,
    ) -> bytes:
        """Bars of the mean attention, the exact relevance beside them, published values as diamonds.

        Args:
            title: of any length; wrapped.
            mean_T: mean weight of each position; nan has no bar; (T,).
            relevance_T: exact relevance of each position, any scale (drawn as shares), or None for no such bars; (T,).
            published_T: published mean weights, or None; (T,).
            position_names: T of them; None: numbers from 0.

        Raises:
            ValueError: the lengths differ.
        """
        mean = np.asarray(mean_T, dtype=np.float64)
        share = None if relevance_T is None else relevance_share(relevance_T, len(mean))
        published = None if published_T is None else np.asarray(published_T, dtype=np.float64)
        if published is not None and published.shape != mean.shape:
            raise ValueError(f"published attention has shape {published.shape}, attention {mean.shape}")
        names = tuple(position_names or numbered(len(mean)))
        common = names, share_top(mean, share, published), share is not None, published is not None
        return self._draw(title, _width(len(mean)), AttentionPanel, common, (mean, share, published))

    def loss(
        self,
        title: str,
        rows: Sequence[Mapping[str, float]],
        published: Sequence[float] | None = None,
        loss_name: str = "mean squared error",
    ) -> bytes:
        """Training and validation loss by epoch, on a log scale; published training losses as rings.

        Args:
            title: of any length; wrapped.
            rows: as `history.read` returns them; `epoch`, `loss/train` and `loss/validation` are used. A loss that is
                missing, not finite or not positive is left out.
            published: published training loss of each epoch from the first, or None.
            loss_name: in words, for the axis.
        """
        epochs = [row["epoch"] for row in rows]
        curves: dict[str, Curve] = {
            "training": (epochs, [row.get("loss/train", math.nan) for row in rows]),
            "validation": (epochs, [row.get("loss/validation", math.nan) for row in rows]),
        }
        if published is not None:
            curves["training, published"] = (range(1, len(published) + 1), published)
        last = max([1, *(int(epoch) for epochs, _ in curves.values() for epoch in epochs)])
        common = tuple(curves), last, loss_limits(*(losses for _, losses in curves.values())), loss_name
        return self._draw(title, WIDTH, LossPanel, common, (curves,))

    def heatmap(
        self, title: str, heatmap_TxR: npt.ArrayLike, rows: str, position_names: Sequence[str] | None = None
    ) -> bytes:
        """A cell for each row at each position, brighter where the mean weight is larger.

        Args:
            title: of any length; wrapped.
            heatmap_TxR: mean weights, not negative; nan has no cell; (T, R).
            rows: what R counts.
            position_names: T of them; None: numbers from 0.
        """
        heatmap = np.asarray(heatmap_TxR, dtype=np.float64)
        names = tuple(position_names or numbered(len(heatmap)))
        common = names, heatmap.shape[1], rows, share_top(heatmap)
        return self._draw(title, _width(len(heatmap)), HeatmapPanel, common, (heatmap,))

    def _draw(
        self, title: str, width: float, panel: Callable[..., Any], common: tuple[Any, ...], values: tuple[Any, ...]
    ) -> bytes:
        """A picture of a panel that is made with `common`, and shows `values`."""
        title = wrapped(title, round(TITLE_WIDTH * width / WIDTH))
        with self._lock:  # Matplotlib is not made for threads
            image = self._frame(width, len(title.splitlines()), panel, common).draw(title, values)
        png = io.BytesIO()
        image.save(png, "PNG", compress_level=COMPRESSION)
        return png.getvalue()


class _Frame:
    """A figure of which all that is common to many pictures is drawn once.

    Args:
        width: in inches.
        lines: of its titles.
        panel: makes a panel of axes and `common`.
    """

    def __init__(self, width: float, lines: int, panel: Callable[..., Any], common: tuple[Any, ...]):
        figure = new_figure(width, HEIGHT + LINE * (lines - 1))
        self._panel = panel(figure.subplots(), *common)
        self._title = figure.suptitle("\n".join(["Title"] * lines), x=0.01, ha="left", fontsize="medium")
        self._figure, self._canvas = figure, figure.canvas
        self._artists = [self._title, *self._panel.artists]
        for artist in self._artists:
            artist.set_animated(True)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(figure.bbox)

    def draw(self, title: str, values: tuple[Any, ...]) -> Image.Image:
        self._title.set_text(title)
        self._panel.show(*values)
        self._canvas.restore_region(self._background)
        for artist in self._artists:
            self._figure.draw_artist(artist)
        return Image.frombuffer("RGBA", self._canvas.get_width_height(), self._canvas.buffer_rgba()).convert("RGB")


def _width(positions: int) -> float:
    return min(max(WIDTH, POSITION * positions), WIDEST)
