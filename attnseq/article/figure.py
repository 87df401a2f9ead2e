"""The published run's losses and attention beside ours, as a picture.

Shapes: E epochs, T positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from attnseq.report.axes import new_figure
from attnseq.report.panels import AttentionPanel, Bars, Curve, LossPanel, Positions, loss_limits, numbered, share_top
from attnseq.report.records import relevance_share
from attnseq.report.style import FONT, drawing

if TYPE_CHECKING:  # Matplotlib takes a second or two to import: only who draws pays for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE_PAD = 26
"""Points between an axes and its title, which leave room for the legend."""


@dataclass(frozen=True, eq=False)
class ReproducedRun:
    """One of the article's runs beside ours.

    Args:
        name: heading, such as "MLP".
        loss_E: our training loss.
        published_loss_E: the article's.
        mean_T: our mean attention.
        relevance_T: exact relevance of each position, any scale.
        published_mean_T: the article's mean attention, None where it prints none.
    """

    name: str
    loss_E: Sequence[float]
    published_loss_E: Sequence[float]
    mean_T: npt.NDArray[np.float64]
    relevance_T: npt.NDArray[np.float64]
    published_mean_T: Sequence[float] | None = None


def reproduction_figure(runs: Sequence[ReproducedRun]) -> Figure:
    """Draw a column for each run: losses above, attention below, with published values where there are any.

    Args:
        runs: left to right; at least one.
    """
    with drawing():
        figure = new_figure(5.6 * len(runs), 6.4)
        panels_2xC = figure.subplots(2, len(runs), squeeze=False)
        for run, above, below in zip(runs, *panels_2xC, strict=True):
            _draw_losses(above, run)
            _draw_attention(below, run)
        figure.suptitle("The article's run, reproduced", fontweight="bold", fontsize=FONT)
    return figure


def _draw_losses(axes: Axes, run: ReproducedRun) -> None:
    epochs = range(1, max(len(run.loss_E), len(run.published_loss_E)) + 1)
    ours: Curve = (epochs[: len(run.loss_E)], run.loss_E)
    theirs: Curve = (epochs[: len(run.published_loss_E)], run.published_loss_E)
    curves = {"training": ours, "training, published": theirs}
    limits = loss_limits(run.loss_E, run.published_loss_E)
    LossPanel(axes, tuple(curves), len(epochs), limits, "mean squared error").show(curves)
    axes.set_title(f"{run.name}: training loss", loc="left", pad=TITLE_PAD)


def _draw_attention(axes: Axes, run: ReproducedRun) -> None:
    published = run.published_mean_T is not None
    share_T = relevance_share(run.relevance_T, len(run.mean_T))
    top = share_top(run.mean_T, share_T, run.published_mean_T)
    marked = tuple(np.flatnonzero(share_T > 0).tolist())
    positions = Positions(numbered(len(share_T)), marked=marked)
    panel = AttentionPanel(axes, positions, top, Bars(relevance=True, published=published))
    panel.show(run.mean_T, share_T, run.published_mean_T)
    axes.set_title(f"{run.name}: attention" + ("" if published else " (none published)"), loc="left", pad=TITLE_PAD)
