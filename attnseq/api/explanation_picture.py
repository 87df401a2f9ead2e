"""What a model makes of sequences, as a picture: a panel for each of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from attnseq.api.explanation import Array, Explained
from attnseq.api.run import Run
from attnseq.report.alignment_panel import AlignmentPanel
from attnseq.report.panels import AttentionPanel, Bars, Positions, share_top
from attnseq.report.records import relevance_share
from attnseq.report.sheet import SAMPLE_WIDTH, WIDTH, Sheet, sheet_width
from attnseq.report.style import drawing
from attnseq.runs.picturing import heading_of, positions_of
from attnseq.runs.reading import attention_is_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 20
"""Sequences that a picture shows: more would be higher than a file of dots can be."""

Shown = tuple[Callable[["Axes"], Any], tuple[Any, ...]]
"""What makes a panel, and the values that it shows."""


def explanation_picture(its: Explained, form: str) -> bytes:
    """Draw a panel for each sequence: its alignment, or a bar a position.

    Args:
        its: what a model makes of them.
        form: one of `style.FORMATS`.

    Raises:
        ValueError: the model has no attention, or there are too many sequences; the message is one line.
    """
    count = len(its.symbols)
    if its.seen.attention is None or not its.run.model.attends:
        raise ValueError(f"{its.run.path}: the model has no attention to draw")
    if count > MOST:
        raise ValueError(f"out: a picture shows at most {MOST} sequences, not {count}")
    width = sheet_width(max(map(len, its.symbols)))
    heading = heading_of(its.run.config, name_of(its.run)).lines(width)
    captions = [
        shorten(its.line(number), round(SAMPLE_WIDTH * width / WIDTH), placeholder=" ...") for number in range(count)
    ]
    shown = [_aligned(its, number) or _barred(its, number) for number in range(count)]
    with drawing():
        makers = [make for make, _ in shown]
        sheet = Sheet(width, [len(part.splitlines()) for part in heading], makers, captions)
        sheet.show(heading, [values for _, values in shown])
        return sheet.file(form)


def name_of(run: Run) -> str:
    """Return a run's name: what its result calls it or, where it has none yet, its folder."""
    return str(run.record.result.get("variant", run.path.parent.name))


def _aligned(its: Explained, number: int) -> Shown | None:
    alignment = its.alignment(number)
    if alignment is None:
        return None
    truth = alignment.relevance_KxT
    common: dict[str, Any] = {"inputs": alignment.inputs, "answers": len(alignment.answers), "truth": truth is not None}
    return partial(AlignmentPanel, **common), (alignment.weights_KxT, alignment.answers, truth)


def _barred(its: Explained, number: int) -> Shown:
    share = _is_share(its)
    weights_T, beside_T = _bars(its, number, share)
    roles = positions_of(its.run.task).roles if its.is_named(number) else ()
    marked = () if beside_T is None else tuple(np.flatnonzero(beside_T > 0).tolist())
    positions = Positions(tuple(its.symbols[number]), roles[: len(weights_T)], marked, "input")
    top = share_top(*(values for each in range(len(its.symbols)) for values in _bars(its, each, share)))
    bars = Bars(relevance=beside_T is not None, share=share, label="attention")
    return partial(AttentionPanel, positions=positions, top=top, bars=bars), (weights_T, beside_T)


def _bars(its: Explained, number: int, share: bool) -> tuple[Array, Array | None]:
    """Return the weight of each position and, of the same total, its exact relevance; that of shares is 1."""
    weights_T, relevance_T = its.bars(number)
    if relevance_T is None:
        return weights_T, None
    return weights_T, relevance_share(relevance_T, len(weights_T)) * (1.0 if share else weights_T.sum())


def _is_share(its: Explained) -> bool:
    """Tell whether weights are shares: of a run without a result their sums tell it."""
    result, weights_BxT = its.run.record.result, its.seen.position_attention
    if "attention/mean" in result or weights_BxT is None:
        return attention_is_share(result)
    return np.allclose(weights_BxT.sum(axis=-1), 1.0, atol=1e-3)
