"""The pictures of a run: its attention, also by position and row, or to one sample, and its losses.

Legend: T positions, R rows of a heatmap.
"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from attnseq.report.alignment_panel import AlignmentPanel
from attnseq.report.axes import ATTENTION, RELEVANCE, VALIDATION, new_figure, wrapped
from attnseq.report.panels import AttentionPanel, Curve, HeatmapPanel, LossPanel, loss_limits, numbered, share_top
from attnseq.report.records import relevance_share
from attnseq.training.attention_summary import Alignment

if TYPE_CHECKING:  # Matplotlib takes a second or two to import: only who draws pays for it
    from matplotlib.artist import Artist

WIDTH, WIDEST, POSITION = 6.4, 10.0, 0.16
"""Inches: width of a picture, its maximum, and width of each position of a long sequence."""
LEFT, TITLE, LEGEND = 0.75, 0.19, 0.38
"""Inches: the margin left of a panel, and above it the height of a title's line and of the legend."""
TITLE_WIDTH = 78
"""Characters of a title's line in a picture of usual width."""
DIGITS = 0.9
"""Digits that take as much room as a letter, about."""
FRAMES = 16
"""Frames that are kept, each of about a megabyte."""
COMPRESSION = 3
"""Level for PNGs, hardly slower than 1. Small files pay: TensorBoard's checksum takes as long as drawing."""
LEVELS = 16
"""Shades of each ink, from white on, for the edges of letters and bars."""


class Pictures:
    """Draws pictures of runs as PNG. One object serves all runs of a sweep and all their threads.

    Axes, ticks and legend take ten times as long to draw as a run's values. They are the same for all runs of a sweep,
    so they are drawn once and kept.
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
        """Draw bars of the mean attention, with the exact relevance beside them and published values as diamonds.

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
        """Draw training and validation loss by epoch, on a log scale, with published training losses as rings.

        Args:
            title: of any length; wrapped.
            rows: as `history.read` returns them; `epoch`, `loss/train` and `loss/validation` are used. A loss that is
                missing, not finite or not positive is left out.
            published: published training loss of each epoch from the first, or None.
            loss_name: of the loss in words, for the axis.
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
        """Draw a cell for each row at each position, brighter where the mean weight is larger.

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

    def alignment(self, title: str, alignment: Alignment) -> bytes:
        """Draw a cell for each token of an answer at each position of one sample, the true alignment marked.

        Args:
            title: of any length; wrapped. Sample and answer stand below, cut after two lines.
            alignment: of the sample.
        """
        truth = alignment.relevance_KxT
        common = alignment.inputs, len(alignment.answers), truth is not None
        values = alignment.weights_KxT, alignment.answers, truth
        return self._draw(title, _width(len(alignment.inputs)), AlignmentPanel, common, values, alignment.line)

    def _draw(
        self,
        title: str,
        width: float,
        panel: Callable[..., Any],
        common: tuple[Any, ...],
        values: tuple[Any, ...],
        line: str = "",
    ) -> bytes:
        """Draw a picture with a panel that is made of `common` and shows `values`, with a line below its title."""
        characters = round(TITLE_WIDTH * width / WIDTH)
        below = wrap(line, round(DIGITS * characters), max_lines=2, placeholder=" ...")
        title = "\n".join([wrapped(title, characters), *below])
        with self._lock:  # Matplotlib is not safe for threads
            image = self._frame(width, len(title.splitlines()), panel, common).draw(title, values)
        png = io.BytesIO()
        image.quantize(palette=_palette(), dither=Image.Dither.NONE).save(png, "PNG", compress_level=COMPRESSION)
        return png.getvalue()


class _Frame:
    """A figure that draws once whatever is common to many pictures.

    Args:
        width: in inches.
        lines: number of lines of its titles.
        panel: makes a panel, given axes and `common`.
        common: what all its pictures have in common.
    """

    def __init__(self, width: float, lines: int, panel: Callable[..., Any], common: tuple[Any, ...]):
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        # set the margins, since finding them out takes as long as drawing the whole figure
        self._figure = new_figure(width, width, layout=None)
        self._panel = panel(self._figure.subplots(), *common)
        above, below = TITLE * lines + LEGEND, self._panel.below
        height = above + self._panel.height + below
        self._figure.set_size_inches(width, height)
        edges = {"top": 1 - above / height, "bottom": below / height}
        self._figure.subplots_adjust(left=LEFT / width, right=1 - self._panel.right / width, **edges)
        self._title = self._figure.text(0.06 / width, 1 - 0.06 / height, "", va="top")
        for artist in (self._title, *self._panel.artists):
            artist.set_animated(True)
        self._canvas = FigureCanvasAgg(self._figure)
        self._canvas.draw()
        self._background = self._titled = self._canvas.copy_from_bbox(self._figure.bbox)

    def draw(self, title: str, values: tuple[Any, ...]) -> Image.Image:
        if title != self._title.get_text():  # keep it for runs that differ only in their seeds
            self._title.set_text(title)
            self._draw_on(self._background, [self._title])
            self._titled = self._canvas.copy_from_bbox(self._figure.bbox)
        self._panel.show(*values)
        self._draw_on(self._titled, self._panel.artists)
        return Image.frombuffer("RGBA", self._canvas.get_width_height(), self._canvas.buffer_rgba()).convert("RGB")

    def _draw_on(self, background: Any, artists: Sequence[Artist]) -> None:
        self._canvas.restore_region(background)
        for artist in artists:
            self._figure.draw_artist(artist)


@cache
def _palette() -> Image.Image:
    """Make the palette of all pictures: from white to full colours, and of heatmaps. PNGs are a third as large."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    inks = [to_rgb(colour) for colour in ("black", ATTENTION, RELEVANCE, VALIDATION)]
    ramps = [np.linspace((1.0, 1.0, 1.0), ink, LEVELS) for ink in inks]
    heat = colormaps["viridis"](np.linspace(0, 1, 256 - LEVELS * len(inks)))[:, :3]
    palette = Image.new("P", (1, 1))
    palette.putpalette((np.concatenate([*ramps, heat]) * 255).round().astype(np.uint8).tobytes())
    return palette


def _width(positions: int) -> float:
    return min(max(WIDTH, POSITION * positions), WIDEST)
