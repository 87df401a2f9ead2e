"""A panel of one sample's alignment, as in the article's figure: the input on one axis, the answer on the other.

Legend: T positions, K answer positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from attnseq.report.axes import BELOW, NAMES_IN_LINE
from attnseq.report.panels import HEIGHT, colour_bar, legend_above
from attnseq.report.style import ATTENTION, INK, RELEVANCE

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

ROW = 0.2
"""Inches of a row."""
RIGHT = 0.75
MARK = 0.65
"""Size of the mark of the true alignment, as a share of a row."""
LINE = 13
"""Points from the axis to the line that symbols stand on, commas as well as capitals."""
BLANK = "\u2423"
"""What is shown for a blank."""


class AlignmentPanel:
    """Cells for each answer position at each position, darker for more weight; squares where the true alignment is.

    Args:
        axes: empty.
        inputs: what stands at the positions, T of them.
        answers: K.
        truth: whether the true alignment is known.
    """

    def __init__(self, axes: Axes, inputs: Sequence[str], answers: int, truth: bool):
        from matplotlib.colors import LinearSegmentedColormap
        from matplotlib.patheffects import withStroke

        self.height = max(HEIGHT, ROW * answers)
        shades = LinearSegmentedColormap.from_list("attention", ["white", ATTENTION])
        extent = (-0.5, len(inputs) - 0.5, max(answers, 1) - 0.5, -0.5)
        nothing = np.zeros((max(answers, 1), len(inputs)))
        self._cells = axes.imshow(
            nothing, shades, vmin=0.0, vmax=1.0, aspect="auto", interpolation="nearest", extent=extent
        )
        size = 72 * MARK * min(self.height / max(answers, 1), ROW)
        style: dict[str, Any] = {"marker": "s", "markersize": size, "linestyle": "none", "markerfacecolor": "none"}
        (self._marks,) = axes.plot([], [], color=RELEVANCE, markeredgewidth=1.5, label="true alignment", **style)
        # in a print in grey, orange alone is lost on half a weight's blue
        self._marks.set_path_effects([withStroke(linewidth=2.8, foreground=INK)])
        beside: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
        self._names = [axes.text(-0.012, row, "", **beside) for row in range(answers)]
        self.artists: list[Artist] = [self._cells, self._marks, *self._names]
        self.right, self.below = RIGHT, _name_columns(axes, inputs)
        axes.set_yticks([])
        axes.set_ylabel("answer", labelpad=34)
        colour_bar(axes, self._cells, "weight")
        if truth:
            legend_above(axes)

    def show(
        self, weights_KxT: npt.ArrayLike, answers: Sequence[str], relevance_KxT: npt.ArrayLike | None = None
    ) -> None:
        """Show another alignment.

        Args:
            weights_KxT: nan is shown as nothing; (K, T).
            answers: what stands at the answer positions, K of them.
            relevance_KxT: exact; squares stand where it is not 0; (K, T).
        """
        weights = np.asarray(weights_KxT, dtype=np.float64)
        self._cells.set_data(weights if weights.size else np.zeros((1, 1)))
        rows, columns = np.nonzero([[]] if relevance_KxT is None else np.asarray(relevance_KxT))
        self._marks.set_data(columns, rows)
        for name, answer in zip(self._names, answers, strict=True):
            name.set_text(_visible(answer))


def _name_columns(axes: Axes, inputs: Sequence[str]) -> float:
    """Write what stands at the positions below an axes; return the inches that it takes."""
    longest = max(map(len, inputs), default=1)
    upright = longest > 1 and longest * len(inputs) > NAMES_IN_LINE
    if upright:
        axes.set_xticks(range(len(inputs)), inputs, rotation=90)
    else:
        axes.set_xticks(range(len(inputs)), list(map(_visible, inputs)), va="baseline")
        axes.tick_params(axis="x", pad=LINE)
    axes.set_xlabel("input")
    return BELOW + 0.09 * longest if upright else BELOW


def _visible(symbol: str) -> str:
    return BLANK if symbol == " " else symbol
