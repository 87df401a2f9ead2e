import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from attnseq.report import figures
from attnseq.report.records import ReproducedRun

MEAN_T = [0.1, 0.6, 0.3]
RELEVANCE_T = [0, 3, 1]


def reproduction(losses: list[float] | None = None, relevance_T: Sequence[float] = RELEVANCE_T) -> Figure:
    loss_E = [0.1, 0.05] if losses is None else losses
    return figures.reproduction_figure(
        [ReproducedRun("MLP", loss_E, [0.11, 0.06], MEAN_T, relevance_T, [0.2, 0.5, 0.3])]
    )


def test_attention_beside_relevance_shares_and_published_markers() -> None:
    axes = reproduction().axes[1]
    attention, relevance = axes.containers
    assert [bar.get_height() for bar in attention] == MEAN_T
    assert [bar.get_height() for bar in relevance] == [0, 0.75, 0.25]
    assert np.asarray(axes.lines[0].get_ydata()).tolist() == [0.2, 0.5, 0.3]
    assert axes.get_xticks().tolist() == [0, 1, 2]


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="3 positions"):
        reproduction(relevance_T=[1, 2])


def test_losses_on_a_log_scale() -> None:
    axes = reproduction().axes[0]
    assert axes.get_yscale() == "log"
    curves = {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in axes.lines}
    assert curves == {"training": [0.1, 0.05], "training, published": [0.11, 0.06]}


@pytest.mark.parametrize("losses", [[0.1], [0.1, float("nan")], [float("nan")], [0.1, 0.0], [1e-3, 1e30], []])
def test_any_loss_can_be_drawn(losses: list[float]) -> None:
    assert figures.to_image(reproduction(losses)).shape[2] == 3


def test_reproduction_draws_published_attention_only_where_there_is_some() -> None:
    runs = [
        ReproducedRun("MLP", [0.1, 0.2], [0.1, 0.3], MEAN_T, RELEVANCE_T, MEAN_T),
        ReproducedRun("LSTM", [0.1, 0.2], [0.1, 0.3], MEAN_T, RELEVANCE_T),
    ]
    axes = figures.reproduction_figure(runs, "both").axes
    assert [len(each.lines) for each in axes] == [2, 2, 1, 0]
    assert "none published" in axes[3].get_title(loc="left")


def test_saved_whole_small_and_over_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "attention.png"
    path.write_text("old")
    figure = reproduction()
    figures.save(figure, path)
    with Image.open(path) as image:
        height, width, _ = figures.to_image(figure).shape
        assert (image.format, image.size) == ("PNG", (width, height))
    assert path.stat().st_size < 60_000
    assert [each.name for each in tmp_path.iterdir()] == ["attention.png"]


def test_a_save_that_fails_leaves_the_old_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "attention.png"
    path.write_text("old")

    def disk_full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", disk_full)
    with pytest.raises(OSError, match="no space"):
        figures.save(reproduction(), path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["attention.png"]


def test_pixels_are_fresh_rgb() -> None:
    image_HxWx3 = figures.to_image(reproduction())
    assert image_HxWx3.dtype == np.uint8
    blue = (image_HxWx3 == (0, 114, 178)).all(-1).sum()
    orange = (image_HxWx3 == (230, 159, 0)).all(-1).sum()
    assert blue == pytest.approx(orange, rel=0.1)  # both sum to one


def test_matplotlib_is_imported_by_those_who_draw_only() -> None:
    program = (
        "import sys, attnseq.report.figures as f, attnseq.report.records as r; assert 'matplotlib' not in sys.modules;"
        "f.to_image(f.reproduction_figure([r.ReproducedRun('a', [1.0], [1.0], [1.0], [1.0])]));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
