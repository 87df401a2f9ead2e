"""The picture of a trend: metrics against the numeric key that a sweep varies, such as the length of sequences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attnseq.comparison.comparison import Comparison, Row
from attnseq.comparison.measures import higher_is_better, is_share, limits
from attnseq.comparison.variants import call, short_keys
from attnseq.report.axes import clean, label_log_axis, new_figure
from attnseq.report.style import DASHES, FONT, SERIES, SMALL
from attnseq.runs.reading import is_number

if TYPE_CHECKING:  # Matplotlib takes a second or two to import: only who draws pays for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEWEST = 3
"""Values of a key that make a trend: two are a difference, which the table shows."""

STYLES = [
    {"color": color, "linestyle": dashes, "marker": marker}
    for color, dashes, marker in zip(SERIES, DASHES, "osD^vP*X", strict=True)
]

HANDLE, LETTER = 0.6, 0.075
"""Inches that the sign of a curve takes in the legend, and a letter of its name."""

ASIDE = 0.012
"""Distance of the bars of two curves at one value, as a share of the axis."""

WIDE = 10.0
"""Ratio of the largest to the smallest value from which on an axis is logarithmic."""


def trend_figure(comparison: Comparison) -> Figure | None:
    """Draw metrics against the first key with three or more numeric values: a curve for each choice of all other keys.

    The metric by which variants are sorted, and one of the test samples of which more is better, where there is one.
    Bars are 95 % intervals of the mean over seeds.

    Args:
        comparison: its rows in any order.

    Returns:
        The figure; None where no key has so many values, or there are more curves than colours.
    """
    rows = [row for row in comparison.rows if row.figures]
    key = next((each for each in comparison.keys if len(_numbers(rows, each)) >= FEWEST), None)
    if key is None:
        return None
    curves = _curves(rows, comparison.keys, key)
    if len(curves) > len(SERIES):
        return None
    shown, values = _shown(comparison), _numbers(rows, key)
    width = 3.7 * len(shown) + 0.7
    figure = new_figure(width, 3.4)
    for axes, metric in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        for place, (name, points) in enumerate(curves.items()):
            aside = ASIDE * (place - (len(curves) - 1) / 2)
            _draw(axes, name, [(_moved(value, aside, values), row) for value, row in points], metric, STYLES[place])
        _finish(axes, key, metric, values)
    style: dict[str, Any] = {"fontsize": FONT, "fontweight": "bold"}
    figure.suptitle("Mean over seeds, 95 % interval", x=0.01, ha="left", **style)
    if len(curves) > 1:
        columns = max(1, int(width / (HANDLE + LETTER * max(map(len, curves)))))
        labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(*labels, loc="outside lower left", ncols=columns, fontsize=SMALL)
    return figure


def _number(row: Row, key: str) -> float | None:
    value = row.variant.values.get(key)
    return float(value) if isinstance(value, (int, float)) and is_number(value) else None


def _numbers(rows: Sequence[Row], key: str) -> list[float]:
    """List the values of a key, smallest first; none where they are not all numbers."""
    values = {_number(row, key) for row in rows}
    return [] if None in values else sorted(value for value in values if value is not None)


def _curves(rows: Sequence[Row], keys: Sequence[str], key: str) -> dict[str, list[tuple[float, Row]]]:
    """Collect the rows that differ in one key alone, each with its number, by what the other keys call them."""
    others: dict[str, list[tuple[float, Row]]] = defaultdict(list)
    short = short_keys(keys)
    for row in rows:
        number = _number(row, key)
        if number is not None:
            name = call({each: value for each, value in row.variant.values.items() if each != key}, short)
            others[name].append((number, row))
    return {name: sorted(points, key=lambda point: point[0]) for name, points in sorted(others.items())}


def _shown(comparison: Comparison) -> list[str]:
    """Choose the metrics to draw: the one that decides, and the first of the test samples of which more is better."""
    better = (name for name in comparison.metrics if name.endswith("/test") and higher_is_better(name))
    return list(dict.fromkeys([comparison.sort, *([first] if (first := next(better, "")) else [])]))


def _draw(axes: Axes, name: str, points: Sequence[tuple[float, Row]], metric: str, style: dict[str, Any]) -> None:
    found = [(value, row.figures[metric].within(*limits(metric))) for value, row in points if metric in row.figures]
    means = [its.mean for _, its in found]
    below = [0.0 if its.low is None else its.mean - its.low for _, its in found]
    above = [0.0 if its.high is None else its.high - its.mean for _, its in found]
    axes.errorbar([value for value, _ in found], means, [below, above], label=name, markersize=4, capsize=2, **style)


def _is_wide(values: Sequence[float]) -> bool:
    """Tell whether numbers, smallest first, are drawn on a logarithmic axis."""
    return values[0] > 0 and values[-1] / values[0] >= WIDE


def _moved(value: float, aside: float, values: Sequence[float]) -> float:
    """Move a number aside by a share of its axis, so that bars do not hide each other."""
    if _is_wide(values):
        return float(value * (values[-1] / values[0]) ** aside)
    return value + aside * (values[-1] - values[0])


def _finish(axes: Axes, key: str, metric: str, values: Sequence[float]) -> None:
    from matplotlib.ticker import NullLocator, PercentFormatter

    axes.set(xlabel=key, title=metric)
    if _is_wide(values):
        axes.set_xscale("log")
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.xaxis.set_minor_locator(NullLocator())
    clean(axes)
    if is_share(metric):
        axes.set_ylim(0.0, 1.02)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    elif not higher_is_better(metric):
        axes.set_yscale("log")
        label_log_axis(axes)
