from collections.abc import Sequence

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.text import Text

from attnseq.article.figure import ReproducedRun, reproduction_figure

MEAN_T = np.array([0.1, 0.6, 0.3])
RELEVANCE_T = np.array([0.0, 3.0, 1.0])
PUBLISHED_T = [0.2, 0.5, 0.3]


def run(
    loss_E: Sequence[float] = (0.1, 0.05), published_mean_T: Sequence[float] | None = PUBLISHED_T, name: str = "MLP"
) -> ReproducedRun:
    return ReproducedRun(name, loss_E, [0.11, 0.06], MEAN_T, RELEVANCE_T, published_mean_T)


def is_text(artist: Artist) -> bool:
    return isinstance(artist, Text) and bool(artist.get_text())


def drawn(figure: Figure) -> Figure:
    figure.canvas.draw()
    return figure


def test_losses_and_attention_are_ours_and_the_article_s() -> None:
    losses, attention = drawn(reproduction_figure([run()])).axes
    curves = {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in losses.lines}
    assert curves == {"training": [0.1, 0.05], "training, published": [0.11, 0.06]}
    ours, relevance = (patch.get_data().values[::2].tolist() for patch in attention.patches[:2])
    assert (ours, relevance) == (MEAN_T.tolist(), [0, 0.75, 0.25])
    assert np.asarray(attention.lines[0].get_ydata()).tolist() == PUBLISHED_T


def test_a_column_a_run_and_published_attention_only_where_there_is_some() -> None:
    axes = reproduction_figure([run(), run(published_mean_T=None, name="LSTM")]).axes
    assert [len(each.lines) for each in axes] == [2, 2, 1, 0]
    assert "none published" in axes[3].get_title(loc="left")


def test_nothing_is_larger_than_the_heading() -> None:
    sizes = {text.get_text(): text.get_fontsize() for text in drawn(reproduction_figure([run()])).findobj(is_text)}
    assert sizes["MLP: attention"] == max(sizes.values()) == sizes["The article's run, reproduced"]


@pytest.mark.parametrize("losses", [[0.1], [0.1, float("nan")], [float("nan")], [0.1, 0.0], [1e-3, 1e30], []])
def test_any_loss_can_be_drawn(losses: list[float]) -> None:
    drawn(reproduction_figure([run(losses)]))
