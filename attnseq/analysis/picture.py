"""The picture of a variant's analysis: what its runs attend to, beside what their answers depend on.

Shapes: T positions, S seeds.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from attnseq.analysis.analysing import Analysed
from attnseq.comparison.intervals import mean_intervals
from attnseq.report.axes import clean, name_positions
from attnseq.report.panels import BAR, HEIGHT, RIGHT, legend_above, share_top
from attnseq.report.sheet import Heading, Sheet, sheet_width
from attnseq.report.style import BAND, INK, SERIES, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = npt.NDArray[np.float64]

BARS = {
    "attention": "mean attention",
    "relevance": "exact relevance",
    "gradient_x_input": "gradient x input",
    "leave_one_out": "leave-one-out",
}
"""What is shown of positions, by its name in analysis.json, and in words."""

LONGEST = 80
"""Most characters of a file's name."""


class FaithfulnessPanel:
    """Bars of attention, exact relevance and attributions beside each other, each with a total of 1.

    Args:
        axes: empty.
        names: of the positions.
        shares_SxT: of each seed, by names of `BARS`; what is not known is left out.
        marked: the positions that the answer depends on.
    """

    height: ClassVar[float] = HEIGHT

    def __init__(self, axes: Axes, names: Sequence[str], shares_SxT: Mapping[str, FloatArray], marked: Sequence[int]):
        left_T = np.arange(len(names)) - BAR / 2
        width = BAR / max(1, len(shares_SxT))
        for place, (kind, values_SxT) in enumerate(shares_SxT.items()):
            middle_T = left_T + (place + 0.5) * width
            colour = SERIES[list(BARS).index(kind)]
            axes.bar(middle_T, values_SxT.mean(axis=0), 0.94 * width, color=colour, label=BARS[kind])
            if len(values_SxT) > 1 and kind != "relevance":
                intervals = [each.within(0.0, 1.0) for each in mean_intervals(values_SxT.T)]
                lows = [each.mean if each.low is None else each.low for each in intervals]
                highs = [each.mean if each.high is None else each.high for each in intervals]
                axes.vlines(middle_T, lows, highs, color=INK, linewidth=0.8)
        self.right, self.below = RIGHT, name_positions(axes, names)
        for position in marked:  # the bars of relevance say in the legend what the band means
            axes.axvspan(position - 0.5, position + 0.5, color=BAND, zorder=-1, linewidth=0)
        top = share_top(*(values.mean(axis=0) for values in shares_SxT.values()))
        axes.set(xlim=(-0.6, len(names) - 0.4), ylim=(0.0, top), ylabel="share")
        clean(axes)
        legend_above(axes)

    def show(self) -> None:
        """Show what it was made with."""


def variant_picture(name: str, runs: Sequence[Analysed], form: str = "png") -> bytes:
    """Draw a variant's picture.

    Args:
        name: of the variant.
        runs: of one task, at least one.
        form: one of `style.FORMATS`.
    """
    task = runs[0].subject.config.dataset.task
    shares_SxT = {kind: shares for kind in BARS if (shares := _shares(runs, kind)) is not None}
    relevance = runs[0].content["positions"]["relevance"]
    marked = [place for place, value in enumerate(relevance or ()) if value > 0]
    samples, seeds = runs[0].content["settings"]["samples"], len(runs)
    words = f"What {'one seed attends' if seeds == 1 else f'{seeds} seeds attend'} to, and what answers depend on"
    about = f"{name}; up to {samples:,} test samples{'; lines: 95 % interval over seeds' * (seeds > 1)}"
    width = sheet_width(3 * len(task.position_names))
    lines = Heading(words, about).lines(width)
    with drawing():
        sheet = Sheet(
            width,
            [text.count("\n") + 1 if text else 0 for text in lines],
            [lambda axes: FaithfulnessPanel(axes, task.position_names, shares_SxT, marked)],
            [""],
        )
        sheet.show(lines, [()])
        return sheet.file(form)


def file_name(name: str) -> str:
    """Return the name of a variant's picture, without its suffix; a long one ends with a digest of all of it."""
    plain = f"analysis_{re.sub(r'[^A-Za-z0-9_.=+-]+', ',', name)}"
    if len(plain) <= LONGEST:
        return plain
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{plain[: LONGEST - len(digest) - 1]}-{digest}"


def _shares(runs: Sequence[Analysed], kind: str) -> FloatArray | None:
    """Collect values_SxT with a total of 1 each; None where a run has none."""
    rows = [run.content["positions"][kind] for run in runs]
    if (
        not all(rows)
        or len({len(row) for row in rows}) > 1
        or not all(math.isfinite(sum(row)) and sum(row) > 0 for row in rows)
    ):
        return None
    values_SxT = np.array(rows, dtype=np.float64)
    return values_SxT / values_SxT.sum(axis=1, keepdims=True)
