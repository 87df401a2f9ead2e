"""The reproduction beside the article, and how figures become files; by Matplotlib without its global state.

Legend: T positions; images are HxWx3, uint8.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from attnseq.core.files import write_atomically
from attnseq.report.axes import ATTENTION, RELEVANCE, clean, label_log_axis, new_figure, whole_ticks
from attnseq.report.records import ReproducedRun, relevance_share

if TYPE_CHECKING:  # Matplotlib takes a second or two to import: only who draws pays for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PUBLISHED: dict[str, Any] = {"markeredgecolor": "#222222", "markeredgewidth": 1.3, "clip_on": False}


def reproduction_figure(runs: Sequence[ReproducedRun], title: str = "") -> Figure:
    """A column a run: its loss curve above, its attention below, published values drawn in where there are any.

    Args:
        runs: the tutorial's runs, left to right; one at least.
        title: over the whole figure.

    Returns:
        The figure, of 2 rows.
    """
    figure = new_figure(5.6 * len(runs), 6.4)
    axes = figure.subplots(2, len(runs), squeeze=False)
    for column, run in enumerate(runs):
        epochs = list(range(1, len(run.loss_E) + 1))
        _draw_loss(axes[0, column], epochs, run.loss_E, run.published_loss_E, f"{run.name}: training loss")
        label_log_axis(axes[0, column])
        axes[0, column].legend(frameon=False)
        heading = f"{run.name}: attention" + ("" if run.published_mean_T is not None else " (none published)")
        _draw_attention(axes[1, column], run.mean_T, run.relevance_T, run.published_mean_T, heading)
    figure.suptitle(title)
    return figure


def save(figure: Figure, path: str | Path, colours: int | None = 128) -> None:
    """Write a PNG that is either the whole new picture or the old one, never half.

    Args:
        figure: what to draw.
        path: file to write; its folder exists.
        colours: of the palette; None for all, which pictures of many thin lines need to tell them apart.
    """
    image = Image.fromarray(to_image(figure))
    if colours is not None:  # a palette makes the file a third as large, and saving takes longer
        image = image.quantize(colours)
    png = io.BytesIO()
    image.save(png, format="PNG", optimize=colours is not None)
    write_atomically(Path(path), png.getvalue(), durable=False)


def to_image(figure: Figure) -> npt.NDArray[np.uint8]:
    """The figure as pixels.

    Args:
        figure: what to draw.

    Returns:
        RGB image; (H, W, 3), uint8.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba(), dtype=np.uint8)[..., :3].copy()


def _draw_attention(
    axes: Axes,
    mean_T: npt.ArrayLike,
    relevance_T: npt.ArrayLike | None,
    published_T: npt.ArrayLike | None,
    title: str,
) -> None:
    mean = np.asarray(mean_T, dtype=np.float64)
    positions = np.arange(len(mean))
    width = 0.8 if relevance_T is None else 0.4
    left = positions - (0.0 if relevance_T is None else width / 2)
    drawn: list[Any] = [axes.bar(left, mean, width * 0.94, color=ATTENTION, label="mean attention")]
    if relevance_T is not None:
        share = relevance_share(relevance_T, len(mean))
        drawn.append(axes.bar(positions + width / 2, share, width * 0.94, color=RELEVANCE, label="exact relevance"))
    if published_T is not None:
        published = np.asarray(published_T, dtype=np.float64)
        drawn += axes.plot(
            left, published, "D", markersize=5.5, markerfacecolor="white", label="published attention", **PUBLISHED
        )
    axes.set_xticks(whole_ticks(len(mean)))
    axes.set_xlim(-0.6, len(mean) - 0.4)
    axes.set_ylim(bottom=0.0)
    axes.set(xlabel="position, from 0", ylabel="share")
    axes.set_title(title, loc="left", pad=26)
    clean(axes)
    # above the axes: any corner inside may hold a bar
    axes.legend(
        handles=drawn,
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.99),
        ncols=3,
        frameon=False,
        borderpad=0.2,
        handlelength=1.0,
        handletextpad=0.5,
        columnspacing=1.4,
    )


def _draw_loss(
    axes: Axes, epochs: Sequence[int], loss: Sequence[float], published: Sequence[float] | None, title: str
) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.plot(epochs, loss, color=ATTENTION, marker="o", markersize=3.5, label="training")
    if published is not None:
        at = range(1, len(published) + 1)
        axes.plot(at, published, "o", markersize=8, markerfacecolor="none", label="training, published", **PUBLISHED)
    axes.set_yscale("log")
    axes.set_xlim(0.5, max([*epochs, len(published or ()), 1]) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(xlabel="epoch", ylabel="mean squared error")
    axes.set_title(title, loc="left")
    clean(axes)
