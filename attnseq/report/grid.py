"""An alignment in the terminal: a row an answer position, darker for more weight, 80 columns wide at most.

Legend: T positions, K answer positions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from attnseq.report.tables import can_show_blocks

WIDTH = 80
SHADES, DIGITS = "·░▒▓█", "0123456789"
"""From no weight to the largest of a row, where that stands out; digits where the output has no blocks."""

EVEN_PART = 2
"""How many even weights the darkest shade is at least."""

LARGEST = "max"
"""Heading of the largest weight of each row."""


def alignment_grid(
    weights_KxT: npt.ArrayLike,
    inputs: Sequence[str],
    answers: Sequence[str],
    relevance_KxT: npt.ArrayLike | None = None,
    encoding: str | None = None,
) -> str:
    """Draw an alignment as a grid; where it is too wide, its columns go on below.

    Shades are of a row's largest weight, which stands at its end: else rows whose attention is spread over many
    positions would all look empty. Where the largest is less than twice an even weight, they are of the latter: else
    rows in which nothing stands out would look full.

    Args:
        weights_KxT: of each answer position; (K, T).
        inputs: what stands at the positions of the input; T of them.
        answers: what stands at the answer positions; K of them.
        relevance_KxT: exact; a star marks where it is largest in its row, the true alignment; None: no stars; (K, T).
        encoding: of the output; None for that of standard output.

    Returns:
        Lines, without a last newline.

    Raises:
        ValueError: the shapes differ.
    """
    weights = np.asarray(weights_KxT, dtype=np.float64)
    if weights.shape != (len(answers), len(inputs)):
        raise ValueError(f"{weights.shape} weights for {len(answers)} answer positions and {len(inputs)} inputs")
    truth = np.zeros_like(weights) if relevance_KxT is None else np.asarray(relevance_KxT, dtype=np.float64)
    shades = SHADES if can_show_blocks(encoding) else DIGITS
    largest_K = np.nan_to_num(weights).max(axis=1, initial=0.0)
    total_K = np.nan_to_num(weights).sum(axis=1)
    full_K = np.maximum(largest_K, np.minimum(EVEN_PART * total_K / max(1, len(inputs)), total_K))
    shares = np.nan_to_num(weights) / np.where(full_K > 0, full_K, 1.0)[:, None]
    levels = np.minimum((shares * len(shades)).astype(int), len(shades) - 1)
    width, names = max(map(len, inputs), default=1), max(map(len, answers), default=1)
    gap, columns = _layout(len(inputs), width, WIDTH - names - len(f"  {LARGEST}") - 1)
    apart = "" if gap else " "
    ends = [f"  {weight:.2f}".replace(" 0.", " .") for weight in largest_K]
    blocks = []
    for first in range(0, max(1, len(inputs)), columns):
        these, is_last = slice(first, first + columns), first + columns >= len(inputs)
        heading = " " * names + apart + "".join(f"{gap}{symbol:>{width}} " for symbol in inputs[these])
        lines = [heading.rstrip() + f"  {LARGEST}".rjust(len(heading) - len(heading.rstrip()) + 5) * is_last]
        for answer, row, true, end in zip(answers, levels, truth, ends, strict=True):
            stars = ["*" if value > 0 and value == true.max() else " " for value in true[these]]
            cells = (f"{gap}{shades[level] * width}{star}" for level, star in zip(row[these], stars, strict=True))
            lines.append(f"{answer:>{names}}{apart}{''.join(cells)}{end * is_last}".rstrip())
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def grid_legend(with_truth: bool, encoding: str | None = None) -> str:
    """Say how to read a grid.

    Args:
        with_truth: whether it has stars.
        encoding: as for `alignment_grid`.
    """
    full = (SHADES if can_show_blocks(encoding) else DIGITS)[-1]
    line = f"{full}: a row's largest weight (at its end), or twice an even one if that is more"
    return f"{line}\n*: what the token depends on, exactly" if with_truth else line


def _layout(count: int, width: int, room: int) -> tuple[str, int]:
    """Choose the blanks before each column, and how many columns stand side by side."""
    for gap in (2, 1, 0):
        if count * (gap + width + 1) <= room:
            return " " * gap, max(1, count)
    gap = 1 if width > 1 else 0
    most = max(1, room // (gap + width + 1))
    return " " * gap, -(-count // -(-count // most))
