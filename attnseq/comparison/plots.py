"""The pictures of a comparison: loss by epoch, final losses seed by seed, attention beside the exact relevance.

Legend: S seeds, E epochs, T positions.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from attnseq.comparison.comparison import LOSSES, Comparison, Row
from attnseq.comparison.intervals import mean_intervals
from attnseq.comparison.measures import attention
from attnseq.comparison.variants import Replica, replica
from attnseq.report import history
from attnseq.report.axes import clean, label_log_axis, new_figure, whole_ticks
from attnseq.report.panels import mark
from attnseq.report.records import relevance_share
from attnseq.report.style import ATTENTION, DASHES, FONT, INK, RELEVANCE, SERIES, SMALL
from attnseq.runs.reading import FINISHED, attends, attention_is_share

if TYPE_CHECKING:  # Matplotlib takes a second or two to import: only who draws pays for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVES, STRIPS, PANELS = len(SERIES), 30, 9
"""Most variants, from the best on, that a picture of curves, of final losses, or of attention shows."""

NAME_WIDTH = 60
"""Most characters of a variant's name in a line."""

CURVE_COLUMNS = ("loss/train", "loss/validation")

FloatArray = npt.NDArray[np.float64]


def curves_figure(comparison: Comparison) -> Figure | None:
    """Draw training and validation loss by epoch: the mean over seeds in a band from the lowest to the highest seed.

    Args:
        comparison: its runs' history.csv are read; a run without one is left out.

    Returns:
        The figure, or None where no run has a history.
    """
    rows = [row for row in comparison.rows if row.figures]
    curves = [(row.variant.name, _curves(row)) for row in rows[:CURVES]]
    drawn = [(name, losses) for name, losses in curves if losses.size]
    if not drawn:
        return None
    legend_height = 0.22 * -(-len(drawn) // 2)
    figure = _layout(9.6, 4.2 + legend_height, left=0.8, right=0.1, top=0.7, bottom=0.7 + legend_height, wspace=0.05)
    panels = figure.subplots(1, 2, sharey=True)
    for index, (axes, column) in enumerate(zip(panels, CURVE_COLUMNS, strict=True)):
        for place, (name, losses_2xSxE) in enumerate(drawn):
            _draw_band(axes, losses_2xSxE[index], place, f"{name} ({_seeds(losses_2xSxE.shape[1])})")
        axes.set_yscale("log")
        axes.set(xlabel="epoch", title=column)
        axes.xaxis.get_major_locator().set_params(integer=True)
        clean(axes)
        label_log_axis(axes)
    panels[0].set_ylabel("loss")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="lower left", ncols=2, fontsize=SMALL)
    _headline(figure, "Mean over seeds; band: lowest to highest seed" + _cut(len(drawn), len(rows)))
    return figure


def losses_figure(comparison: Comparison) -> Figure | None:
    """Draw final losses on the held-out samples: a dot a seed, mean and 95 % interval below; the best variant on top.

    Args:
        comparison: best first.

    Returns:
        The figure, or None where no run is finished.
    """
    rows = [row for row in comparison.rows if row.figures]
    shown = rows[:STRIPS]
    if not shown:
        return None
    names = [fill(row.variant.name, NAME_WIDTH) for row in shown]
    left = 0.2 + 0.067 * max(len(line) for name in names for line in name.split("\n"))
    height = sum(0.2 + 0.14 * len(name.split("\n")) for name in names)
    figure = _layout(left + 6.6, height + 1.3, left=left, right=0.15, top=0.65, bottom=0.6, wspace=0.05)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, metric in zip(panels, LOSSES, strict=True):
        for place, row in enumerate(shown):
            _draw_strip(axes, place, row, metric)
        axes.set_xscale("log")
        axes.set(xlabel="loss", title=metric, ylim=(len(shown) - 0.4, -0.6))
        axes.set_yticks(range(len(shown)), names, fontsize=SMALL)
        axes.tick_params(axis="y", length=0)
        clean(axes, "x")
        label_log_axis(axes, "x")
    _headline(figure, "A dot a seed; mean with 95 % interval below" + _cut(len(shown), len(rows)))
    return figure


def attention_figure(comparison: Comparison) -> Figure | None:
    """Draw a panel for each variant: mean attention over seeds with 95 % intervals, and the exact relevance beside it.

    With `group=`, runs of one variant may differ in their sequences or relevance; these have a panel each.

    Args:
        comparison: best first.

    Returns:
        The figure, or None where no run has attention. Those of models that do not attend have no panel.
    """
    panels = [(row.variant.name, *panel) for row in comparison.rows for panel in _attention(row, comparison.keys)]
    shown = panels[:PANELS]
    if not shown:
        return None
    columns = min(len(shown), 3)
    lines = -(-len(shown) // columns)
    figure = _layout(
        max(7.2, 3.6 * columns), 0.9 + 2.2 * lines, left=0.65, right=0.1, top=0.85, bottom=0.55, wspace=0.06, hspace=0.5
    )
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
    one_length = len({len(kind.relevance_T) for _, kind, _ in shown}) == 1
    word = "share" if all(kind.is_share for _, kind, _ in shown) else "mean weight"
    for index, (axes, (name, kind, attention_SxT)) in enumerate(zip(grid.flat, shown, strict=False)):
        _draw_attention(axes, attention_SxT, kind)
        axes.set_title(fill(f"{name} ({_seeds(len(attention_SxT))})", 46), loc="left", fontsize=SMALL)
        if index + columns >= len(shown):
            axes.set_xlabel("position, from 0")
        elif one_length:
            axes.tick_params(labelbottom=False)
        if index % columns == 0:
            axes.set_ylabel(word)
    for axes in grid.flat[len(shown) :]:
        axes.set_visible(False)
    grid[0, 0].set_ylim(bottom=0.0)  # do this last: it ends the scaling of all panels, which share their axis
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper right", ncols=3, fontsize=SMALL)
    _headline(figure, f"Mean over seeds, 95 % interval{_cut(len(shown), len(panels))}")
    return figure


def _curves(row: Row) -> FloatArray:
    """Read losses_2xSxE of the seeds that have a history, up to the last epoch that all of them have."""
    curves = []
    for run in row.variant.of_state(FINISHED):
        try:
            losses = history.read_columns(run.path / "history.csv", CURVE_COLUMNS)
        except (OSError, ValueError, IndexError):  # it is damaged, but the run's final figures still count
            continue
        if losses[0]:
            curves.append(losses)
    shortest = min((len(losses[0]) for losses in curves), default=0)
    losses_Sx2xE = np.array([[loss[:shortest] for loss in losses] for losses in curves])
    return losses_Sx2xE.reshape(len(curves), 2, shortest).swapaxes(0, 1)


def _draw_band(axes: Axes, losses_SxE: FloatArray, place: int, label: str) -> None:
    epochs = np.arange(1, losses_SxE.shape[1] + 1)
    style: dict[str, Any] = {"color": SERIES[place], "zorder": 3 - 0.1 * place}  # draw better ones in front of worse
    line: dict[str, Any] = {"linestyle": DASHES[place], "marker": "o" if len(epochs) == 1 else ""}
    axes.plot(epochs, losses_SxE.mean(axis=0), label=label, **line, **style)
    axes.fill_between(epochs, losses_SxE.min(axis=0), losses_SxE.max(axis=0), alpha=0.2, linewidth=0, **style)


def _draw_strip(axes: Axes, place: int, row: Row, metric: str) -> None:
    values, interval = list(row.values.get(metric, {}).values()), row.figures.get(metric)
    if interval is None:
        return
    axes.plot(values, [place - 0.12] * len(values), "o", color=ATTENTION, markersize=4.5, alpha=0.5, markeredgewidth=0)
    if interval.low is not None and interval.high is not None:
        low = max(interval.low, min(values) / 10)  # since a log axis cannot show an interval that begins at 0
        axes.plot([low, interval.high], [place + 0.2] * 2, color=INK, linewidth=1.2)
    axes.plot(interval.mean, place + 0.2, "|", color=INK, markersize=8, markeredgewidth=1.6)


class _Kind(NamedTuple):
    """What the attention of runs in one panel has in common: the relevance beside it, and whether it is a share."""

    relevance_T: tuple[float, ...]
    is_share: bool


def _attention(row: Row, keys: Sequence[str]) -> list[tuple[_Kind, FloatArray]]:
    """Collect attention_SxT for every exact relevance among a variant's runs."""
    found: dict[tuple[float, ...], dict[Replica, list[tuple[float, ...]]]] = defaultdict(lambda: defaultdict(list))
    shares: dict[tuple[float, ...], bool] = {}
    for run in row.variant.of_state(FINISHED):
        lists = attention(run.result)
        if lists is not None and attends(run):
            found[lists[1]][replica(run, keys)].append(lists[0])
            shares[lists[1]] = shares.get(lists[1], True) and attention_is_share(run.result)
    return [
        (_Kind(relevance_T, shares[relevance_T]), np.array([np.mean(of_seed, axis=0) for of_seed in seeds.values()]))
        for relevance_T, seeds in found.items()
    ]


def _draw_attention(axes: Axes, attention_SxT: FloatArray, kind: _Kind) -> None:
    """Draw means with intervals and, of the same total, the exact relevance; that of shares is 1."""
    largest = 1.0 if kind.is_share else math.inf
    intervals = [interval.within(0.0, largest) for interval in mean_intervals(attention_SxT.T)]
    positions = np.arange(len(intervals))
    axes.bar(positions - 0.2, [i.mean for i in intervals], 0.38, color=ATTENTION, label="mean attention")
    share_T = relevance_share(kind.relevance_T, len(positions))
    total = 1.0 if kind.is_share else attention_SxT.mean(axis=0).sum()
    axes.bar(positions + 0.2, share_T * total, 0.38, color=RELEVANCE, label="exact relevance")
    bounds = [(i.low, i.high) for i in intervals if i.low is not None and i.high is not None]
    if bounds:  # there are none for a single seed
        lows, highs = np.array(bounds).T
        axes.vlines(positions - 0.2, lows, highs, color=INK, linewidth=1.2)
    mark(axes, np.flatnonzero(share_T > 0).tolist())
    axes.set_xticks(whole_ticks(len(positions)))
    axes.set_xlim(-0.6, len(positions) - 0.4)
    clean(axes)


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"{count} seeds"


def _cut(shown: int, found: int) -> str:
    return f"; the best {shown} of {found}" if shown < found else ""


def _headline(figure: Figure, text: str) -> None:
    style: dict[str, Any] = {"fontsize": FONT, "fontweight": "bold"}
    figure.suptitle(text, x=0.01, ha="left", y=1 - 0.08 / figure.get_figheight(), va="top", **style)


def _layout(width: float, height: float, **edges: float) -> Figure:
    """Make a figure with given margins, in inches; `wspace` and `hspace` are shares of an axes' size."""
    figure = new_figure(width, height, layout=None)
    margins = {"left": edges["left"] / width, "right": 1 - edges["right"] / width}
    margins |= {"bottom": edges["bottom"] / height, "top": 1 - edges["top"] / height}
    figure.subplots_adjust(**margins, wspace=edges.get("wspace"), hspace=edges.get("hspace"))
    return figure
