"""The pictures of a run: its attention, the mean or that to one sample, and its losses.

Legend: T positions.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from attnseq.report.alignment_panel import AlignmentPanel
from attnseq.report.panels import (
    AttentionPanel,
    Bars,
    Curve,
    LossPanel,
    Positions,
    loss_limits,
    numbered,
    share_top,
)
from attnseq.report.records import relevance_share
from attnseq.report.sheet import WIDTH, Heading, Sheet, sheet_width
from attnseq.report.style import ATTENTION, DPI, RELEVANCE, VALIDATION, drawing
from attnseq.training.attention_summary import Alignment

if TYPE_CHECKING:  # Matplotlib takes a second or two to import: only who draws pays for it
    from matplotlib.artist import Artist

FRAMES = 16
"""Frames that are kept, each of a few megabytes."""
COMPRESSION = 3
"""Level for PNGs, hardly slower than 1."""
LEVELS = 32
"""Shades of each ink, from white on, for cells and edges. With more, Pillow takes a neighbour for white."""


class Pictures:
    """Draws pictures of runs. One object serves all runs of a sweep and all their threads.

    Axes, ticks and legend take ten times as long to draw as a run's values. They are the same for all runs of a sweep,
    so they are drawn once and kept.

    Args:
        form: one of `style.FORMATS`.
    """

    def __init__(self, form: str = "png") -> None:
        self.form = form
        self._frame = lru_cache(FRAMES)(_Frame)

    def attention(
        self,
        heading: Heading,
        mean_T: npt.ArrayLike,
        relevance_T: npt.ArrayLike | None = None,
        published_T: npt.ArrayLike | None = None,
        positions: Positions | None = None,
        is_share: bool = True,
    ) -> bytes:
        """Draw bars of the mean attention, with the exact relevance beside them and published values as diamonds.

        Args:
            heading: of any length; wrapped.
            mean_T: mean weight of each position; nan has no bar; (T,).
            relevance_T: exact relevance of each position, any scale, or None for no such bars; (T,).
            published_T: published mean weights, or None; (T,).
            positions: names of T positions, and what stands there; None: numbers from 0. Where the relevance is known,
                those that have some are marked, too.
            is_share: whether the weights of a sample sum to 1. Relevance is then drawn as shares, else with the total
                of the mean weights.

        Raises:
            ValueError: the lengths differ.
        """
        mean = np.asarray(mean_T, dtype=np.float64)
        beside, marked = None, tuple[int, ...]()
        if relevance_T is not None:
            share = relevance_share(relevance_T, len(mean))
            beside = share if is_share else share * np.nansum(mean)
            marked = tuple(np.flatnonzero(share > 0).tolist())
        published = None if published_T is None else np.asarray(published_T, dtype=np.float64)
        if published is not None and published.shape != mean.shape:
            raise ValueError(f"published attention has shape {published.shape}, attention {mean.shape}")
        positions = (positions or Positions(numbered(len(mean))))._replace(marked=marked)
        bars = Bars(beside is not None, published is not None, is_share)
        common = positions, share_top(mean, beside, published), bars
        return self._draw(heading, sheet_width(len(mean)), AttentionPanel, common, (mean, beside, published))

    def loss(
        self,
        heading: Heading,
        rows: Sequence[Mapping[str, float]],
        published: Sequence[float] | None = None,
        loss_name: str = "mean squared error",
    ) -> bytes:
        """Draw training and validation loss by epoch, on a log scale, with published training losses as rings.

        Args:
            heading: of any length; wrapped.
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
        return self._draw(heading, WIDTH, LossPanel, common, (curves,))

    def alignment(self, heading: Heading, alignment: Alignment) -> bytes:
        """Draw a cell for each token of an answer at each position of one sample, the true alignment marked.

        Args:
            heading: of any length; wrapped. Sample and answer stand below it, cut after two lines.
            alignment: of the sample.
        """
        truth = alignment.relevance_KxT
        common = alignment.inputs, len(alignment.answers), truth is not None
        values = alignment.weights_KxT, alignment.answers, truth
        heading = heading._replace(sample=alignment.line)
        return self._draw(heading, sheet_width(len(alignment.inputs)), AlignmentPanel, common, values)

    def _draw(
        self,
        heading: Heading,
        width: float,
        panel: Callable[..., Any],
        common: tuple[Any, ...],
        values: tuple[Any, ...],
    ) -> bytes:
        """Draw a picture with a panel that is made of `common` and shows `values`."""
        lines = heading.lines(width)
        with drawing():
            frame = self._frame(width, tuple(len(part.splitlines()) for part in lines), panel, common)
            if self.form != "png":
                return frame.file(lines, values, self.form)
            image = frame.draw(lines, values)
        png = io.BytesIO()
        few = image.quantize(palette=_palette(), dither=Image.Dither.NONE)
        few.save(png, "PNG", compress_level=COMPRESSION, dpi=(DPI, DPI))
        return png.getvalue()


class _Frame:
    """A sheet of one panel that draws once whatever is common to many pictures.

    Args:
        width: in inches.
        lines: how many lines the parts of its headings have.
        panel: makes a panel, given axes and `common`.
        common: what all its pictures have in common.
    """

    def __init__(self, width: float, lines: tuple[int, ...], panel: Callable[..., Any], common: tuple[Any, ...]):
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self._sheet = Sheet(width, lines, [lambda axes: panel(axes, *common)], [""])
        self._figure, self._heading, (self._panel,) = self._sheet.figure, self._sheet.heading, self._sheet.panels
        self._canvas = FigureCanvasAgg(self._figure)
        self._animate(True)
        self._canvas.draw()
        self._background = self._headed = self._canvas.copy_from_bbox(self._figure.bbox)

    def draw(self, heading: tuple[str, ...], values: tuple[Any, ...]) -> Image.Image:
        before = tuple(text.get_text() for text in self._heading)
        self._sheet.show(heading, [values])
        if heading != before:  # keep it for pictures that differ only in their values
            self._draw_on(self._background, self._heading)
            self._headed = self._canvas.copy_from_bbox(self._figure.bbox)
        self._draw_on(self._headed, self._panel.artists)
        return Image.frombuffer("RGBA", self._canvas.get_width_height(), self._canvas.buffer_rgba()).convert("RGB")

    def file(self, heading: tuple[str, ...], values: tuple[Any, ...], form: str) -> bytes:
        """Draw a picture of lines and letters, not of dots."""
        self._sheet.show(heading, [values])
        self._animate(False)
        return self._sheet.file(form)

    def _animate(self, is_animated: bool) -> None:
        for artist in (*self._heading, *self._panel.artists):
            artist.set_animated(is_animated)

    def _draw_on(self, background: Any, artists: Sequence[Artist]) -> None:
        self._canvas.restore_region(background)
        for artist in artists:
            self._figure.draw_artist(artist)


@cache
def _palette() -> Image.Image:
    """Make the palette of all pictures, from white to full colours. PNGs are a third as large."""
    from matplotlib.colors import to_rgb

    inks = [to_rgb(colour) for colour in ("black", ATTENTION, RELEVANCE, VALIDATION)]
    ramps = [np.linspace((1.0, 1.0, 1.0), ink, LEVELS) for ink in inks]
    palette = Image.new("P", (1, 1))
    palette.putpalette((np.concatenate(ramps) * 255).round().astype(np.uint8).tobytes())
    return palette
