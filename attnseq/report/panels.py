"""Panels of pictures: attention as bars, losses as curves.

A panel is made once, and then shows the values of one run after the other: making axes takes longer than drawing on
them. `show` changes its `artists`; `height`, and the margins `right` and `below`, are the inches that it needs.

Legend: T positions, E epochs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from attnseq.report.axes import BELOW, clean, label_log_axis, name_positions
from attnseq.report.style import ATTENTION, BAND, INK, RELEVANCE, SMALL, VALIDATION

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.patches import StepPatch

FloatArray = npt.NDArray[np.float64]
Curve = tuple[Sequence[float], Sequence[float]]
"""Epochs and losses."""

BAR = 0.8
"""Share of a position's width that its bars take."""
HEIGHT, RIGHT = 2.3, 0.12
"""A panel's height and its margin on the right, in inches."""
SPARSE = 50
"""Most epochs for which each has a marker."""

PUBLISHED: dict[str, Any] = {"color": INK, "markerfacecolor": "none", "markeredgewidth": 1.3, "linestyle": "none"}
CURVES: dict[str, dict[str, Any]] = {
    "training": {"color": ATTENTION, "marker": "o", "markersize": 4},
    "validation": {"color": VALIDATION, "marker": "s", "markersize": 4, "linestyle": "--"},
    "training, published": {**PUBLISHED, "marker": "o", "markersize": 9},
}
"""How curves are drawn, by the names that the legend gives them."""


class Positions(NamedTuple):
    """What is written below the bars of T positions.

    Args:
        names: T of them.
        roles: what stands at each, such as "a hundreds", written where there is room; () where that is not known.
        marked: the numbers of those that an answer depends on, which have a band behind them.
        label: of the axis; "": position.
    """

    names: tuple[str, ...]
    roles: tuple[str, ...] = ()
    marked: tuple[int, ...] = ()
    label: str = ""


class Bars(NamedTuple):
    """What bars of attention are, and what stands beside them.

    Args:
        relevance: whether there is an exact one.
        published: whether attention was published.
        share: whether the weights of a sample sum to 1. If not, relevance is drawn with the total of the weights.
        label: of the bars of attention.
    """

    relevance: bool = False
    published: bool = False
    share: bool = True
    label: str = "mean attention"


class AttentionPanel:
    """Bars of attention, bars of the exact relevance beside them, and published attention as diamonds.

    Args:
        axes: empty.
        positions: below the bars.
        top: of the axis of weights, see `share_top`.
        bars: what they are.
    """

    height: ClassVar[float] = HEIGHT

    def __init__(self, axes: Axes, positions: Positions, top: float, bars: Bars):
        width = BAR / 2 if bars.relevance else BAR
        left_T = np.arange(len(positions.names), dtype=np.float64) - BAR / 2
        beside = "exact relevance" if bars.share else "exact relevance, scaled"
        kinds = [(bars.label, ATTENTION)] + [(beside, RELEVANCE)] * bars.relevance
        self._bars = [_bars(axes, left_T + place * width, width, *kind) for place, kind in enumerate(kinds)]
        middle_T, nowhere_T = left_T + width / 2, np.full(len(left_T), np.nan)
        style = {**PUBLISHED, "marker": "D", "markersize": 6, "clip_on": False, "label": "published"}
        self._diamonds = axes.plot(middle_T, nowhere_T, **style) if bars.published else []
        self.artists: list[Artist] = [*self._bars, *self._diamonds]
        roles = [role if place in positions.marked else "" for place, role in enumerate(positions.roles)]
        self.right, self.below = RIGHT, name_positions(axes, positions.names, roles)
        if positions.label:
            axes.set_xlabel(positions.label)
        mark(axes, positions.marked)
        word = "share" if bars.share else "mean weight" if bars.label.startswith("mean") else "weight"
        axes.set(xlim=(-0.6, len(left_T) - 0.4), ylim=(0.0, top), ylabel=word)
        axes.yaxis.set_major_locator(_share_locator())
        clean(axes)
        legend_above(axes)

    def show(
        self, mean_T: npt.ArrayLike, share_T: npt.ArrayLike | None = None, published_T: npt.ArrayLike | None = None
    ) -> None:
        """Show other values, each (T,); nan is shown as nothing; None stands for what the panel was made without."""
        for bars, values_T in zip(self._bars, (mean_T, share_T), strict=False):
            bars.set_data(_with_gaps([] if values_T is None else values_T))
        for diamonds in self._diamonds:
            diamonds.set_ydata([] if published_T is None else published_T)


class LossPanel:
    """Losses by epoch, on a log scale.

    Args:
        axes: empty.
        curves: names of `CURVES`.
        epochs: E, the last epoch of any curve.
        limits: of the axis of losses, see `loss_limits`; None where no loss can be shown.
        loss_name: label of that axis.
    """

    height: ClassVar[float] = HEIGHT

    def __init__(
        self, axes: Axes, curves: Sequence[str], epochs: int, limits: tuple[float, float] | None, loss_name: str
    ):
        from matplotlib.ticker import MaxNLocator

        dense: dict[str, Any] = {"marker": "", "linewidth": 1.2} if epochs > SPARSE else {}
        self._lines = {name: axes.plot([], [], label=name, **{**CURVES[name], **dense})[0] for name in curves}
        self.artists: list[Artist] = list(self._lines.values())
        self.right, self.below = RIGHT, BELOW
        if limits is None:
            axes.text(0.5, 0.5, "no finite loss", transform=axes.transAxes, ha="center", va="center")
            axes.set_yticks([])
        else:
            axes.set(yscale="log", ylim=limits)
            label_log_axis(axes)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set(xlim=(0.5, epochs + 0.5), xlabel="epoch", ylabel=loss_name)
        clean(axes)
        legend_above(axes)

    def show(self, curves: Mapping[str, Curve]) -> None:
        """Show other losses; a loss that is not finite or not positive is left out.

        Args:
            curves: by their names in the panel.
        """
        for name, line in self._lines.items():
            epochs, losses = curves[name]
            line.set_data(epochs, [loss if _can_be_shown(loss) else math.nan for loss in losses])


def numbered(positions: int) -> tuple[str, ...]:
    """Name positions that have no names by numbers from 0."""
    return tuple(map(str, range(positions)))


def share_top(*values: npt.ArrayLike | None) -> float:
    """Choose the end of an axis of shares: the next tick, so that the pictures of similar runs share their axes."""
    every = np.concatenate([np.ravel(np.asarray(each, dtype=np.float64)) for each in values if each is not None])
    largest = every[np.isfinite(every)].max(initial=0.0)
    return float(_share_locator().tick_values(0.0, largest or 1.0)[-1])


def loss_limits(*losses: Sequence[float]) -> tuple[float, float] | None:
    """Choose the ends of an axis of losses: whole thirds of a decade around losses that can be shown; None without."""
    thirds = [3 * math.log10(loss) for each in losses for loss in each if _can_be_shown(loss)]
    return (10 ** (math.floor(min(thirds)) / 3), 10 ** (math.floor(max(thirds) + 1) / 3)) if thirds else None


def _can_be_shown(loss: float) -> bool:
    return 1e-99 < loss < 1e99


def _share_locator() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(8, steps=[1, 2, 5, 10])


def _bars(axes: Axes, left_T: FloatArray, width: float, label: str, colour: str) -> StepPatch:
    """Draw bars as one artist, which is much faster than one for each position."""
    edges = np.stack([left_T, left_T + 0.94 * width], axis=1).ravel()
    return axes.stairs(np.full(len(edges) - 1, np.nan), edges, fill=True, color=colour, label=label)


def _with_gaps(values_T: npt.ArrayLike) -> FloatArray:
    """Put gaps between values, as `_bars` shows them: nothing between one bar and the next."""
    values = np.asarray(values_T, dtype=np.float64)
    return np.stack([values, np.full_like(values, np.nan)], axis=1).ravel()[:-1]


def mark(axes: Axes, marked: Sequence[int]) -> None:
    """Draw a band behind each position that an answer depends on, with an entry in the legend."""
    for number, position in enumerate(marked):
        label = None if number else "relevant position"
        axes.axvspan(position - 0.5, position + 0.5, color=BAND, zorder=-1, linewidth=0, label=label)


def colour_bar(axes: Axes, cells: Any, label: str) -> None:
    """Put the axis of colours right of an axes; it moves with it."""
    axes.figure.colorbar(cells, cax=axes.inset_axes((1.02, 0.0, 0.02, 1.0)), label=label)


def legend_above(axes: Axes) -> None:
    """Put the legend above the axes, since any corner inside may hold data; a wide one makes no axes narrower."""
    legend = axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.99),
        ncols=4,
        borderpad=0.2,
        handlelength=1.6,
        handletextpad=0.5,
        columnspacing=1.4,
        fontsize=SMALL,
    )
    legend.set_in_layout(False)
