"""Attention as a small image, drawn in about 10 ms, for TensorBoard, which gets one every epoch.

A Matplotlib figure costs 15 times as much (and 1 to 2 s to import), so the runs' own pictures come from `figures` and
those of every epoch from here. Pillow comes with Matplotlib, and `SummaryWriter.add_image` needs it anyway.

Legend: T positions, D digit values; images are HxWx3, uint8.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from attnseq.report.records import relevance_share

# Okabe and Ito's palette, which colour-blind readers can tell apart
ATTENTION = (0, 114, 178)
RELEVANCE = (230, 159, 0)
INK = (51, 51, 51)
GRID = (222, 222, 222)
# five points of the viridis colour map, dark to light
VIRIDIS_5x3 = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]], dtype=np.float64)

LEFT, TOP, RIGHT, BOTTOM = 46, 52, 14, 44
PLOT_HEIGHT = 224

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
ImageArray = npt.NDArray[np.uint8]


def attention_image(mean_T: npt.ArrayLike, relevance_T: npt.ArrayLike | None, title: str) -> ImageArray:
    """Bars of the mean attention, the exact relevance beside them.

    Args:
        mean_T: mean weight of each position; (T,).
        relevance_T: exact relevance of each position, any scale, or None for no such bars; (T,).
        title: one short line.

    Returns:
        RGB image; (H, W, 3), uint8.
    """
    mean = np.asarray(mean_T, dtype=np.float64)
    positions = len(mean)
    share = None if relevance_T is None else relevance_share(relevance_T, positions)
    slot = max(12, min(54, 900 // positions))
    limit = axis_limit(float(np.nanmax(mean, initial=0.0)), 0.0 if share is None else float(share.max()))
    image, draw = _canvas(positions * slot, title)
    bottom = TOP + PLOT_HEIGHT
    for tick in np.arange(0.0, limit + 1e-9, 0.05 if limit < 0.25 else 0.1 if limit < 0.65 else 0.2):
        y = bottom - round(tick / limit * PLOT_HEIGHT)
        draw.line((LEFT, y, LEFT + positions * slot, y), fill=GRID if tick else INK)
        draw.text((LEFT - 6, y), f"{tick:.2g}", fill=INK, font=_font(12), anchor="rm")
    bar = max(4, round(slot * (0.38 if share is not None else 0.7)))
    for position in range(positions):
        middle = LEFT + position * slot + slot // 2
        series = [(mean[position], ATTENTION)] + ([] if share is None else [(share[position], RELEVANCE)])
        left = middle - bar * len(series) // 2
        for index, (value, colour) in enumerate(series):
            height = round(value / limit * PLOT_HEIGHT) if np.isfinite(value) else 0
            if height > 0:
                x = left + index * bar
                draw.rectangle((x, bottom - height, x + bar - 2, bottom - 1), fill=colour)
    _number_axis(draw, positions, slot, "position, from 0")
    _legend(draw, share is not None)
    return np.asarray(image)


def heatmap_image(heatmap_TxD: npt.ArrayLike, title: str) -> ImageArray:
    """A cell for each digit value at each position, brighter where the mean weight is larger.

    Args:
        heatmap_TxD: mean weights, not negative; (T, D).
        title: one short line.

    Returns:
        RGB image, positions to the right, digit values upwards; (H, W, 3), uint8.
    """
    heatmap = np.nan_to_num(np.asarray(heatmap_TxD, dtype=np.float64))
    positions, values = heatmap.shape
    slot = max(12, min(54, 900 // positions))
    top = float(heatmap.max(initial=0.0))
    image, draw = _canvas(positions * slot, f"{title} (0 to {top:.2g})")
    for position in range(positions):
        for value in range(values):
            x, low = LEFT + position * slot, TOP + PLOT_HEIGHT - value * PLOT_HEIGHT // values
            high = TOP + PLOT_HEIGHT - (value + 1) * PLOT_HEIGHT // values
            draw.rectangle((x, high, x + slot - 1, low - 1), fill=_viridis(heatmap[position, value] / (top or 1.0)))
    for value in range(values):
        y = TOP + PLOT_HEIGHT - (2 * value + 1) * PLOT_HEIGHT // (2 * values)
        draw.text((LEFT - 8, y), str(value), fill=INK, font=_font(12), anchor="rm")
    _number_axis(draw, positions, slot, "position, from 0")
    draw.text((LEFT, 38), "digit value upwards, mean weight by colour", fill=INK, font=_font(12), anchor="lm")
    return np.asarray(image)


def axis_limit(*largest: float) -> float:
    """Upper end of an attention axis: the largest value rounded up to a tenth, so that most epochs share a scale.

    Args:
        largest: the largest value of each series; values that are not finite do not count.

    Returns:
        A multiple of 0.1, from 0.2 up.
    """
    top = max((value for value in largest if math.isfinite(value)), default=0.0)
    return max(0.2, math.ceil(round(top * 10, 6)) / 10)


def _canvas(plot_width: int, title: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    width = max(LEFT + plot_width + RIGHT, 300)
    image = Image.new("RGB", (width, TOP + PLOT_HEIGHT + BOTTOM), "white")
    draw = ImageDraw.Draw(image)
    draw.text((LEFT, 16), title, fill=INK, font=_font(15), anchor="lm")
    return image, draw


def _number_axis(draw: ImageDraw.ImageDraw, positions: int, slot: int, label: str) -> None:
    every = math.ceil(26 / slot)
    for position in range(0, positions, every):
        middle = LEFT + position * slot + slot // 2
        draw.text((middle, TOP + PLOT_HEIGHT + 11), str(position), fill=INK, font=_font(12), anchor="mm")
    draw.text((LEFT + positions * slot // 2, TOP + PLOT_HEIGHT + 31), label, fill=INK, font=_font(12), anchor="mm")


def _legend(draw: ImageDraw.ImageDraw, with_relevance: bool) -> None:
    entries = [("mean attention", ATTENTION)] + ([("exact relevance", RELEVANCE)] if with_relevance else [])
    x = LEFT
    for text, colour in entries:
        draw.rectangle((x, 33, x + 9, 42), fill=colour)
        draw.text((x + 15, 38), text, fill=INK, font=_font(12), anchor="lm")
        x += 34 + round(draw.textlength(text, font=_font(12)))


def _viridis(value: float) -> tuple[int, int, int]:
    stops = np.linspace(0.0, 1.0, len(VIRIDIS_5x3))
    red, green, blue = (round(float(np.interp(value, stops, VIRIDIS_5x3[:, channel]))) for channel in range(3))
    return red, green, blue


@functools.cache
def _font(size: int) -> Font:
    return ImageFont.load_default(size)
