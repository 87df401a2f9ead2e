"""The pictures of a run: its attention and its losses. Drawn in milliseconds, as a sweep has hundreds of runs.

Legend: T positions, D digit values.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from attnseq.core.files import write_atomically
from attnseq.report.canvas import ATTENTION, INK, RELEVANCE, VALIDATION, Points, shade
from attnseq.report.plot import HEIGHT, Plot, Series, linear_ticks, log_range, log_ticks, whole_step
from attnseq.report.records import RELEVANCE_LABEL, relevance_share

WIDTH, WIDEST, SLOT = 540, 900, 54
"""Of the plot area in points, and of a position where there are few of them."""
BAR = 28
SCALE = 2
"""Pixels a point of a run's pictures, for high-density screens."""
SPARSE, THIN = 10, 1.4
"""Curves whose epochs are closer than so many points have no markers, and are thinner."""
COMPRESSION = 2


def attention_image(
    mean_T: npt.ArrayLike,
    relevance_T: npt.ArrayLike | None,
    title: str,
    published_T: npt.ArrayLike | None = None,
    scale: int = SCALE,
) -> Image.Image:
    """Bars of the mean attention, the exact relevance beside them, published values as diamonds.

    Args:
        mean_T: mean weight of each position; one that is not finite has no bar; (T,).
        relevance_T: exact relevance of each position, any scale (drawn as shares), or None for no such bars; (T,).
        title: of any length; wrapped.
        published_T: published mean weights, or None; (T,).
        scale: pixels a point.

    Returns:
        A palette picture; positions count from 0.

    Raises:
        ValueError: the lengths differ.
    """
    mean = np.asarray(mean_T, dtype=np.float64)
    bars = [(Series("mean attention", ATTENTION, "box"), mean)]
    if relevance_T is not None:
        bars.append((Series(RELEVANCE_LABEL, RELEVANCE, "box"), relevance_share(relevance_T, len(mean))))
    markers = Series("published attention", INK, "diamond")
    published = None if published_T is None else np.asarray(published_T, dtype=np.float64)
    if published is not None and published.shape != mean.shape:
        raise ValueError(f"published attention has shape {published.shape}, attention {mean.shape}")
    every = [values for _, values in bars] + ([] if published is None else [published])
    ticks = linear_ticks(max((float(value) for value in np.concatenate(every) if np.isfinite(value)), default=0.0))
    width, slot = _slots(len(mean))
    plot = Plot(
        title,
        [series for series, _ in bars] + ([] if published is None else [markers]),
        _position_ticks(len(mean), slot),
        {tick / ticks[-1]: f"{tick:g}" for tick in ticks},
        ("position, from 0", "share"),
        width,
        scale=scale,
    )
    bar = min(BAR, slot * 0.8 / len(bars))
    gap = 1 if bar > 6 else 0
    for position in range(len(mean)):
        left = plot.left + (position + 0.5) * slot - bar * len(bars) / 2
        for number, (series, values) in enumerate(bars):
            if np.isfinite(values[position]):
                x, y = left + number * bar, plot.y(values[position] / ticks[-1])
                plot.canvas.box(x, y, x + bar - gap, plot.bottom, series.colour)
        if published is not None and np.isfinite(published[position]):
            x = left + (bar - gap) / 2
            plot.canvas.marker(x, plot.y(published[position] / ticks[-1]), "diamond", INK)
    return plot.canvas.image()


def loss_image(rows: Sequence[Mapping[str, float]], published: Sequence[float] | None, title: str) -> Image.Image:
    """Training and validation loss by epoch, on a log scale; published training losses as rings.

    Args:
        rows: as `history.read` returns them; `epoch`, `loss/train` and `loss/validation` are used. A loss that is
            missing, not finite or not positive is left out.
        published: published training loss of each epoch from the first, or None.
        title: of any length; wrapped.

    Returns:
        The picture.
    """
    last = max([int(row["epoch"]) for row in rows] + [len(published or ()), 1])
    slot = WIDTH / last
    curves = [
        (Series("training", ATTENTION, "disc", "solid"), _losses(rows, "loss/train")),
        (Series("validation", VALIDATION, "square", "dashed"), _losses(rows, "loss/validation")),
    ]
    if slot < SPARSE:
        curves = [(series._replace(marker=None, width=THIN), values) for series, values in curves]
    if published is not None:
        curves.append((Series("training, published", INK, "ring"), list(enumerate(published, 1))))
    losses = [loss for _, values in curves for _, loss in values if _drawable(loss)]
    low, high = log_range(losses)
    step = whole_step(last, 10)
    plot = Plot(
        title,
        [series for series, _ in curves],
        {(epoch - 0.5) * slot: str(epoch) for epoch in range(step, last + 1, step)},
        {(tick - low) / (high - low): text for tick, text in log_ticks(low, high).items()} if losses else {},
        ("epoch", "mean squared error"),
        WIDTH,
        scale=SCALE,
    )
    for series, values in curves:
        places = [
            (plot.left + (epoch - 0.5) * slot, plot.y((math.log10(loss) - low) / (high - low)))
            if _drawable(loss)
            else None
            for epoch, loss in values
        ]
        series.draw(plot.canvas, _pieces(places))
    if not losses:
        plot.canvas.text(plot.left + WIDTH / 2, plot.bottom - HEIGHT / 2, "no finite loss", 15, "mm")
    return plot.canvas.image()


def heatmap_image(heatmap_TxD: npt.ArrayLike, title: str) -> Image.Image:
    """A cell for each digit value at each position, brighter where the mean weight is larger.

    Args:
        heatmap_TxD: mean weights, not negative; (T, D).
        title: of any length; wrapped.

    Returns:
        The picture, positions to the right, digit values upwards.
    """
    heatmap = np.nan_to_num(np.asarray(heatmap_TxD, dtype=np.float64))
    positions, values = heatmap.shape
    top = float(heatmap.max(initial=0.0))
    width, slot = _slots(positions)
    plot = Plot(
        title,
        [],
        _position_ticks(positions, slot),
        {(value + 0.5) / values: str(value) for value in range(values)},
        ("position, from 0", "digit value"),
        width,
        grid=False,
    )
    plot.canvas.text(plot.left, plot.top - 15, f"mean weight by colour, dark 0 to bright {top:.2g}")
    for position in range(positions):
        left, right = plot.left + position * slot, plot.left + (position + 1) * slot
        for value in range(values):
            colour = shade(heatmap[position, value] / (top or 1.0))
            plot.canvas.box(left, plot.y((value + 1) / values), right, plot.y(value / values), colour)
    return plot.canvas.image()


def save(image: Image.Image, path: str | Path) -> None:
    """Write a PNG that is either the whole new picture or the old one, never half.

    Args:
        image: to write.
        path: of the file; its folder exists.
    """
    png = io.BytesIO()
    image.save(png, format="PNG", compress_level=COMPRESSION)
    write_atomically(Path(path), png.getvalue(), durable=False)


def _slots(positions: int) -> tuple[float, float]:
    """Width of the plot area, and of each position."""
    width = min(max(WIDTH, SLOT * positions), WIDEST)
    return width, width / max(positions, 1)


def _position_ticks(positions: int, slot: float) -> dict[float, str]:
    every = whole_step(positions, max(1, int(positions * slot / 26)))
    return {(position + 0.5) * slot: str(position) for position in range(0, positions, every)}


def _losses(rows: Sequence[Mapping[str, float]], column: str) -> list[tuple[float, float]]:
    """Epoch and loss of each row."""
    return [(row["epoch"], row.get(column, math.nan)) for row in rows]


def _drawable(loss: float) -> bool:
    return 0 < loss < math.inf


def _pieces(places: Sequence[tuple[float, float] | None]) -> list[Points]:
    """Runs of places without a gap, each (n, 2)."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is None:
            pieces.append([])
        else:
            pieces[-1].append(place)
    return [np.array(piece) for piece in pieces if piece]
