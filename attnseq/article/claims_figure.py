"""The claims in one picture: losses seed by seed, the MLP's attention, what moves the answer, and long sequences.

Shapes: S seeds, T positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnseq.article import published
from attnseq.article.claim_runs import ATTENTIONS, CONTROLS, LENGTHS
from attnseq.article.claims import LOSS
from attnseq.report.axes import clean, label_log_axis, new_figure
from attnseq.report.panels import mark
from attnseq.report.style import ATTENTION, DASHES, FAINT, FONT, INK, RELEVANCE, SERIES, SMALL, drawing

if TYPE_CHECKING:  # Matplotlib takes a second or two to import: only who draws pays for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from attnseq.article.evidence import Evidence


def claims_figure(evidence: Evidence, is_quick: bool) -> Figure:
    """Draw four panels; one whose runs are missing stays empty.

    Args:
        evidence: of all runs.
        is_quick: whether the runs are smaller than those that the claims are about, which is said.
    """
    with drawing():
        figure = new_figure(10.4, 7.6)
        (losses, weights), (moved, lengths) = figure.subplots(2, 2)
        _draw_losses(losses, evidence)
        _draw_weights(weights, evidence)
        _draw_moved(moved, evidence)
        _draw_lengths(lengths, evidence)
        heading = "The article's claims over seeds" + (", a quick version" if is_quick else "")
        figure.suptitle(heading, fontweight="bold", fontsize=FONT)
    return figure


def _draw_losses(axes: Axes, evidence: Evidence) -> None:
    labels = [f"lstm {kind}" for kind in (*ATTENTIONS, *CONTROLS)]
    shown = [label for label in (*labels, "mlp") if evidence.result(label, LOSS)]
    for place, label in enumerate(shown):
        values = list(evidence.result(label, LOSS).values())
        axes.plot(values, [place] * len(values), "o", color=ATTENTION, markersize=4.5, alpha=0.5, markeredgewidth=0)
        axes.plot(np.exp(np.mean(np.log(values))), place, "|", color=INK, markersize=12, markeredgewidth=1.6)
    if not shown:
        return
    axes.set_xscale("log")
    axes.set(xlabel="mean squared error of the test samples", ylim=(len(shown) - 0.5, -0.5))
    axes.set_yticks(range(len(shown)), [_named(label) for label in shown], fontsize=SMALL)
    axes.tick_params(axis="y", length=0)
    axes.set_title("Loss: a dot a seed, the bar is the geometric mean", loc="left")
    clean(axes, "x")
    label_log_axis(axes, "x")


def _named(label: str) -> str:
    model, _, attention = label.partition(" ")
    return ", ".join(filter(None, (model.upper(), attention)))


def _draw_weights(axes: Axes, evidence: Evidence) -> None:
    attention = evidence.attention("mlp")
    if not attention:
        return
    weights_SxT = np.array(list(attention.values()))
    positions_T = np.arange(weights_SxT.shape[1])
    mark(axes, np.flatnonzero(evidence.relevance("mlp")).tolist())
    for weights_T in weights_SxT:
        axes.plot(positions_T, weights_T, "o", color=ATTENTION, markersize=3.5, alpha=0.35, markeredgewidth=0)
    axes.plot(positions_T, weights_SxT.mean(axis=0), "_", color=INK, markersize=16, label="mean over seeds")
    if len(positions_T) == len(published.MLP_MEAN_ATTENTION_T):
        axes.plot(positions_T, published.MLP_MEAN_ATTENTION_T, "x", color=RELEVANCE, markersize=7, label="the article")
    axes.set(xlabel="position, from 0", ylabel="mean weight", xticks=positions_T)
    axes.set_title("The MLP's attention: a dot a seed", loc="left")
    axes.legend(fontsize=SMALL)
    clean(axes)


def _draw_moved(axes: Axes, evidence: Evidence) -> None:
    drawn = [("lstm time", "LSTM with attention"), ("lstm none", "LSTM without"), ("mlp", "MLP with attention")]
    for place, (label, name) in enumerate(drawn):
        moved = list(evidence.by_position(label, "leave_one_out").values())
        if moved:
            mean_T = np.mean(moved, axis=0)
            style = {"color": SERIES[place], "linestyle": DASHES[place], "marker": "o", "markersize": 4}
            axes.plot(np.arange(len(mean_T)), mean_T, label=name, **style)  # type: ignore[arg-type]
    exact = next(iter(evidence.by_position("lstm time", "expected_change").values()), None)
    if exact is not None:
        axes.plot(np.arange(len(exact)), exact, "_", color=FAINT, markersize=16, label="the exact answer")
    if axes.lines:
        axes.set_yscale("log")
        axes.set(xlabel="position, from 0", ylabel="units of the answer", xticks=range(len(axes.lines[0].get_xdata())))  # type: ignore[arg-type]
        axes.set_title("How far a digit that is drawn anew moves the answer", loc="left")
        axes.legend(fontsize=SMALL)
        clean(axes)


def _draw_lengths(axes: Axes, evidence: Evidence) -> None:
    for place, (kind, name) in enumerate((("additive", "with attention"), ("none", "without"))):
        shares = {n: list(evidence.result(f"reverse {kind} {n}", "exact/test").values()) for n in LENGTHS}
        known = {length: values for length, values in shares.items() if values}
        if known:
            means = [100 * float(np.mean(values)) for values in known.values()]
            axes.plot(list(known), means, color=SERIES[place], linestyle=DASHES[place], marker="o", label=name)
            for length, values in known.items():
                dots = {"color": SERIES[place], "alpha": 0.4, "markersize": 3.5, "markeredgewidth": 0}
                axes.plot([length] * len(values), [100 * value for value in values], "o", **dots)  # type: ignore[arg-type]
    if axes.lines:
        axes.set(xlabel="symbols to reverse", ylabel="exact answers, %", xticks=LENGTHS, ylim=(-4, 104))
        axes.set_title("Encoder-decoder: long sequences", loc="left")
        axes.legend(fontsize=SMALL)
        clean(axes)
