"""A canvas for small pictures: boxes, text, curves and markers in milliseconds, drawn by NumPy and Pillow.

A pixel is one byte, an index into a fixed palette in which every colour has a ramp that begins at white. So edges are
smooth without a full-colour image, whose reduction to a palette would cost more than all the drawing. The price: what
is drawn over another colour has a thin white edge, and text belongs on white.

Coordinates are points, of which `scale` pixels make one; y points downwards. Legend: N points of a curve, H
rows and W columns of pixels.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw, ImageFont

from attnseq.report import axes

LEVELS = 16
WHITE = 0
# the full colours, each at the end of its ramp; ink comes first, as text is blended with white by Pillow itself
INK, ATTENTION, RELEVANCE, VALIDATION, GRID = (LEVELS * number for number in range(1, 6))
RGB = ("#333333", axes.ATTENTION, axes.RELEVANCE, axes.VALIDATION, "#DEDEDE")
SHADES = 64
DARKEST, BRIGHTEST = GRID + 1, GRID + SHADES
# points of the viridis colour map, dark to light
VIRIDIS_5x3 = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))

SMOOTHING = 2
"""Curves are drawn this much larger, then reduced."""
STRIP, DENSE = 108, 60
"""Points that a strip of a curve is wide, and points of a curve in it from which on its corners do not show."""
MOST_DASHES = 200
"""Of a curve: long, noisy ones get longer dashes."""

Points = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]
Cover = npt.NDArray[np.bool_]
Shape = Literal["box", "disc", "square", "ring", "diamond"]
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

SHAPE_SIZES: dict[Shape, float] = {"box": 10.0, "disc": 5.5, "square": 5.0, "ring": 11.0, "diamond": 11.0}


class Canvas:
    """A white picture to draw on.

    Args:
        width: in points.
        height: in points.
        scale: pixels a point; 2 looks sharp on a high-density screen.
    """

    def __init__(self, width: float, height: float, scale: int = 1) -> None:
        self._scale = scale
        self._pixels_HxW = np.full((round(height * scale), round(width * scale)), WHITE, dtype=np.uint8)

    def image(self) -> Image.Image:
        """What was drawn, as a palette image."""
        image = Image.fromarray(self._pixels_HxW)
        image.putpalette(_palette())
        return image

    def box(self, left: float, top: float, right: float, bottom: float, colour: int) -> None:
        """Fill a rectangle; its edges are rounded to pixels, so that they stay sharp."""
        # halves go up, whereas `round` would make a line between two of them 0 or 2 pixels wide
        x, y, beyond_x, beyond_y = (max(0, math.floor(edge * self._scale + 0.5)) for edge in (left, top, right, bottom))
        self._pixels_HxW[y:beyond_y, x:beyond_x] = colour

    def text(self, x: float, y: float, text: str, size: float = 12, anchor: str = "lm") -> None:
        """Write a line of text in ink; `anchor` says which of its points (x, y) is, in Pillow's letters."""
        line_HxW, left, top = _line(text, round(size * self._scale), anchor)
        self._put(line_HxW, round(x * self._scale) + left, round(y * self._scale) + top)

    def text_upwards(self, x: float, y: float, text: str, size: float = 12) -> None:
        """Write a line of text that reads from below, its middle at (x, y)."""
        line_HxW, left, top = _line(text, round(size * self._scale), "mm")
        below = round(y * self._scale) - left
        self._put(np.rot90(line_HxW), round(x * self._scale) + top, below - line_HxW.shape[1])

    def curve(self, pieces: Sequence[Points], colour: int, width: float) -> None:
        """Draw lines through points, smoothly; a piece of one point becomes a dot.

        Args:
            pieces: each (N, 2), x and y; x does not fall.
            colour: of the palette.
            width: of the line.
        """
        zoom = self._scale * SMOOTHING
        enlarged = [piece * zoom for piece in pieces if len(piece)]
        if not enlarged:
            return
        radius, strip = width * zoom / 2, STRIP * zoom
        starts, ends = (np.array([piece[end, 0] for piece in enlarged]) for end in (0, -1))
        first = math.floor((starts.min() - radius) / zoom) * zoom
        # strip by strip, as most of the box around a whole curve is empty
        for left in range(first, math.ceil(ends.max() + radius), strip):
            low, high = left - radius, left + strip + radius
            near = [_between(enlarged[index], low, high) for index in np.flatnonzero((ends >= low) & (starts <= high))]
            if near:
                self._curve_strip(near, left, strip, colour, radius)

    def _curve_strip(self, pieces: Sequence[Points], left: int, width: int, colour: int, radius: float) -> None:
        """The part of enlarged pieces, one at least, that lies between `left` and `left + width`."""
        heights = np.concatenate([piece[:, 1] for piece in pieces])
        top = math.floor((heights.min() - radius) / SMOOTHING - 1) * SMOOTHING
        bottom = math.ceil((heights.max() + radius) / SMOOTHING + 1) * SMOOTHING
        mask = Image.new("L", (width, bottom - top))
        draw = ImageDraw.Draw(mask)
        for piece in pieces:
            points = [(x, y) for x, y in (piece - (left, top)).tolist()]
            draw.line(points, fill=255, width=round(2 * radius))
            # round the corners, of which a dense curve has none to be seen
            for x, y in points if len(points) == 1 else points[1:-1] if len(points) < DENSE else ():
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        covered_HxW = np.asarray(mask.reduce(SMOOTHING))
        self._put(_ramp(colour)[covered_HxW], left // SMOOTHING, top // SMOOTHING, covered_HxW > 0)

    def marker(self, x: float, y: float, shape: Shape, colour: int) -> None:
        """Draw a marker around (x, y); diamonds and rings are outlines, diamonds white inside."""
        stamp_HxW, cover_HxW = _stamp(shape, colour, SHAPE_SIZES[shape] * self._scale)
        half = len(stamp_HxW) / 2
        self._put(stamp_HxW, round(x * self._scale - half), round(y * self._scale - half), cover_HxW)

    def _put(self, part_HxW: Pixels, left: int, top: int, cover_HxW: Cover | None = None) -> None:
        """Set pixels where they are covered, else all; what lies beyond the canvas is lost."""
        rows, columns = (
            slice(max(0, start), max(0, start + length))
            for start, length in zip((top, left), part_HxW.shape, strict=True)
        )
        target_HxW = self._pixels_HxW[rows, columns]
        kept = tuple(
            slice(max(0, -start), max(0, -start) + length)
            for start, length in zip((top, left), target_HxW.shape, strict=True)
        )
        np.copyto(target_HxW, part_HxW[kept], where=True if cover_HxW is None else cover_HxW[kept])


@functools.lru_cache(1024)
def text_width(text: str, size: float) -> float:
    """Width of a line of text, in points."""
    return _font(24).getlength(text) * size / 24


def dashed(points_Nx2: Points, dash: float, gap: float) -> list[Points]:
    """Cut a curve into dashes.

    Args:
        points_Nx2: of the curve, in order; (N, 2).
        dash: length of a dash along the curve; both lengths grow where there would be too many dashes.
        gap: length between two.

    Returns:
        The dashes, each (n, 2).
    """
    along_N = np.concatenate([[0.0], np.hypot(*np.diff(points_Nx2, axis=0).T).cumsum()])
    growth = max(1.0, along_N[-1] / (dash + gap) / MOST_DASHES)
    starts = np.arange(0.0, along_N[-1] or 1.0, (dash + gap) * growth)
    ends = np.minimum(starts + dash * growth, along_N[-1])
    # every dash from its start, over the points that it passes, to its end
    stations = np.concatenate([starts, ends, along_N])
    number = np.concatenate([np.arange(len(starts))] * 2 + [np.searchsorted(starts, along_N, side="right") - 1])
    kept = stations <= ends[number]
    stations, number = stations[kept], number[kept]
    order = np.lexsort((stations, number))
    dashes = np.stack([np.interp(stations[order], along_N, axis_N) for axis_N in points_Nx2.T], axis=1)
    return np.split(dashes, np.searchsorted(number[order], np.arange(1, len(starts))))


def _between(piece_Nx2: Points, left: float, right: float) -> Points:
    """The points of a piece of a curve that its part from left to right needs."""
    x_N = piece_Nx2[:, 0]
    return piece_Nx2[max(0, np.searchsorted(x_N, left) - 1) : np.searchsorted(x_N, right, side="right") + 1]


def shade(value: float) -> int:
    """The palette's colour for a value in [0, 1], dark to bright."""
    return DARKEST + round(value * (SHADES - 1))


@functools.cache
def _palette() -> bytes:
    """Red, green and blue of every index."""
    colours = [np.full((1, 3), 255.0)]
    steps = np.arange(1, LEVELS + 1)[:, None] / LEVELS
    colours += [255 + steps * (np.array(ImageColor.getrgb(name)) - 255) for name in RGB]
    stops, places = np.linspace(0, 1, len(VIRIDIS_5x3)), np.linspace(0, 1, SHADES)
    colours.append(np.stack([np.interp(places, stops, channel) for channel in zip(*VIRIDIS_5x3, strict=True)], axis=1))
    return np.concatenate(colours).round().astype(np.uint8).tobytes()


@functools.cache
def _ramp(colour: int) -> Pixels:
    """Index of the palette by how much of a pixel is covered, 0 to 255."""
    steps = np.maximum(1, (np.arange(256) / 255 * LEVELS).round())
    return np.where(np.arange(256) > 0, colour - LEVELS + steps, WHITE).astype(np.uint8)


@functools.lru_cache(512)
def _line(text: str, size: int, anchor: str) -> tuple[Pixels, int, int]:
    """A line of text, and where its left and top are, seen from its anchor; most are the same in every picture."""
    font = _font(size)
    measured = ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), text, font=font, anchor=anchor)
    left, top, right, bottom = (math.floor(measured[0]), math.floor(measured[1]), *map(math.ceil, measured[2:]))
    line = Image.new("L", (max(1, right - left), max(1, bottom - top)), WHITE)
    ImageDraw.Draw(line).text((-left, -top), text, fill=INK, font=font, anchor=anchor)
    return np.asarray(line), left, top


@functools.lru_cache(64)
def _stamp(shape: Shape, colour: int, size: float) -> tuple[Pixels, Cover]:
    """A marker of `size` pixels, and which pixels it covers."""
    zoom, side = 8, math.ceil(size) + 2
    outer = Image.new("L", (side * zoom, side * zoom))
    inner = outer.copy()
    middle, radius = side * zoom / 2, size * zoom / 2
    line = radius / 4 * (math.sqrt(2) if shape == "diamond" else 1)
    for mask, reach in ((outer, radius), (inner, radius - line)):
        draw, bounds = ImageDraw.Draw(mask), (middle - reach, middle - reach, middle + reach, middle + reach)
        if shape in ("disc", "ring"):
            draw.ellipse(bounds, fill=255)
        elif shape == "diamond":
            left, top, right, bottom = bounds
            draw.polygon([(left, middle), (middle, top), (right, middle), (middle, bottom)], fill=255)
        else:
            draw.rectangle(bounds, fill=255)
    outline = outer.copy()
    if shape in ("ring", "diamond"):
        outline.paste(0, None, inner)
    cover = outline if shape == "ring" else outer
    return _ramp(colour)[np.asarray(outline.reduce(zoom))], np.asarray(cover.reduce(zoom)) > 0


@functools.cache
def _font(size: int) -> Font:
    return ImageFont.load_default(size)
