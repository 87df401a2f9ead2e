import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from attnseq.report import pictures, plot
from attnseq.report.canvas import ATTENTION, BRIGHTEST, INK, RELEVANCE, VALIDATION
from attnseq.report.pictures import SCALE, attention_image, heatmap_image, loss_image

MEAN_T, RELEVANCE_T = [0.1, 0.6, 0.3], [0, 3, 1]
LONG = (
    "lstm_attention,abs_difference,hidden_size=128,attention=feature_wise,train_size=100000,length=40,score=luong,lr=1"
)
Row = dict[str, float]


def inside(image: Image.Image, scale: int = SCALE) -> npt.NDArray[np.uint8]:
    """The plot area of a picture with a title of one line, as indices of the palette; no legend is in it."""
    area_HxW = np.asarray(image)[scale * plot.TOP : scale * (plot.TOP + plot.HEIGHT), scale * plot.LEFT :]
    return area_HxW[:, : -scale * plot.RIGHT]


def heights(image: Image.Image, colour: int, scale: int = SCALE) -> npt.NDArray[np.int64]:
    """Pixels of a colour in each column of the plot area."""
    return (inside(image, scale) == colour).sum(0)


def rows(train: list[float], validation: list[float] | None = None) -> list[Row]:
    pairs = zip(train, train if validation is None else validation, strict=True)
    return [{"epoch": i, "loss/train": loss, "loss/validation": held} for i, (loss, held) in enumerate(pairs, 1)]


def marker_rows(image: Image.Image, colour: int, epochs: int) -> list[float]:
    """The middle row of a colour where each epoch's marker is."""
    area_HxW = inside(image)
    columns = [round((epoch + 0.5) * area_HxW.shape[1] / epochs) for epoch in range(epochs)]
    return [float(np.flatnonzero(area_HxW[:, column] == colour).mean()) for column in columns]


@pytest.mark.parametrize("scale", [1, 2])
def test_bars_are_as_high_as_their_values(scale: int) -> None:
    image = attention_image(MEAN_T, RELEVANCE_T, "a run", scale=scale)
    full = plot.HEIGHT * scale / plot.linear_ticks(0.75)[-1]
    assert heights(image, ATTENTION, scale).max() == pytest.approx(0.6 * full, abs=1)
    assert heights(image, RELEVANCE, scale).max() == pytest.approx(0.75 * full, abs=1)
    # each bar is a row of equally high columns, with none between two bars
    bars = sorted(set(heights(image, ATTENTION, scale)) - {0})
    assert bars == pytest.approx([value * full for value in sorted(MEAN_T)], abs=1)


def test_no_relevance_no_orange() -> None:
    assert (np.asarray(attention_image(MEAN_T, None, "a run")) == RELEVANCE).sum() == 0


def test_a_diverged_run_has_no_bars() -> None:
    assert heights(attention_image([np.nan, np.nan], [1, 1], "a run"), ATTENTION).sum() == 0


def test_published_attention_is_a_diamond_at_its_height() -> None:
    without, image = (attention_image([0.4, 0.1], None, "a run", published) for published in (None, [0.1, 0.4]))
    assert (inside(without)[:-2] == INK).sum() == 0
    rows_N, columns_N = np.nonzero(inside(image)[:-2] == INK)
    left = columns_N < inside(image).shape[1] / 2
    for half, value in ((left, 0.1), (~left, 0.4)):
        expected = (1 - value / plot.linear_ticks(0.4)[-1]) * plot.HEIGHT * SCALE
        assert np.median(rows_N[half]) == pytest.approx(max(expected, 5), abs=6)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="3 positions"):
        attention_image(MEAN_T, [1, 2], "a run")
    with pytest.raises(ValueError, match="published"):
        attention_image(MEAN_T, None, "a run", [0.5, 0.5])


@pytest.mark.parametrize("positions", [1, 4, 10, 40, 64, 300])
def test_any_length_fits(positions: int) -> None:
    attention = attention_image(np.full(positions, 1 / positions), np.ones(positions), "a run", scale=1)
    for image in (attention, heatmap_image(np.full((positions, 10), 0.1), "a run")):
        assert image.height == plot.TOP + plot.HEIGHT + plot.BOTTOM
        assert 600 <= image.width <= 1100
    # equal shares of a long sequence are bars that can be seen
    assert heights(attention, ATTENTION, 1).max() > plot.HEIGHT / 2
    assert (heights(attention, ATTENTION, 1) > 0).sum() >= positions


def test_a_long_title_makes_room_for_itself() -> None:
    short, long = (loss_image(rows([0.1, 0.2]), None, title) for title in ("a run", LONG))
    lines = len(plot.wrap(LONG, pictures.WIDTH, plot.TITLE_SIZE))
    assert lines > 1
    assert long.height == short.height + (lines - 1) * plot.TITLE_LINE * SCALE
    assert (np.asarray(long)[-SCALE * plot.HEIGHT :] == np.asarray(short)[-SCALE * plot.HEIGHT :]).all()


def test_a_falling_loss_falls() -> None:
    middle = marker_rows(loss_image(rows([0.5, 0.1, 0.03, 0.02], [np.nan] * 4), None, "a run"), ATTENTION, 4)
    assert middle == sorted(middle)


def test_decades_are_equally_far_apart() -> None:
    image = loss_image(rows([np.nan] * 4, [1e-1, 1e-2, 1e-3, 1e-4]), None, "a run")
    steps = np.diff(marker_rows(image, VALIDATION, 4))
    assert steps == pytest.approx([steps.mean()] * 3, abs=2)
    assert steps.mean() == pytest.approx(plot.HEIGHT * SCALE / 3.3, abs=2)


def test_published_losses_are_rings_around_ours() -> None:
    losses = [0.5, 0.1, 0.03]
    without, image = (loss_image(rows(losses, [np.nan] * 3), given, "a run") for given in (None, losses))
    assert (inside(without)[:-2] == INK).sum() == 0
    rings, markers = (marker_rows(image, colour, 3) for colour in (INK, ATTENTION))
    assert rings == pytest.approx(markers, abs=2)


@pytest.mark.parametrize("epochs", [1, 10, 300, 1000])
def test_curves_reach_from_the_first_epoch_to_the_last(epochs: int) -> None:
    image = loss_image(rows([0.1 / epoch for epoch in range(1, epochs + 1)], [np.nan] * epochs), None, "a run")
    columns = np.flatnonzero(heights(image, ATTENTION))
    slot = pictures.WIDTH * SCALE / epochs
    assert columns[0] == pytest.approx(slot / 2, abs=8)
    assert columns[-1] == pytest.approx(pictures.WIDTH * SCALE - slot / 2, abs=8)


def test_a_missing_loss_is_a_gap() -> None:
    image = loss_image(rows([0.1, 0.1, np.nan, 0.1, 0.1], [np.nan] * 5), None, "a run")
    columns = np.flatnonzero(heights(image, ATTENTION))
    assert np.diff(columns).max() == pytest.approx(2 * pictures.WIDTH * SCALE / 5, abs=16)


@pytest.mark.parametrize("losses", [[], [np.nan], [np.inf, 0.0], [-1.0]])
def test_without_a_loss_the_picture_says_so(losses: list[float]) -> None:
    area_HxW = inside(loss_image(rows(losses), None, "a run"))
    assert (area_HxW[:-2] == INK).sum() > 100
    assert np.isin(area_HxW, (ATTENTION, VALIDATION)).sum() == 0


@pytest.mark.parametrize("losses", [[0.1], [0.1, 0.1], [0.1, np.nan], [0.1, 0.0], [1e-3, 1e30], [5e-324, 1e308]])
def test_any_loss_can_be_drawn(losses: list[float]) -> None:
    assert (inside(loss_image(rows(losses), None, "a run")) == VALIDATION).sum() > 0


def test_a_column_that_is_missing_is_left_out() -> None:
    image = loss_image([{"epoch": 1, "loss/train": 0.1}], None, "a run")
    assert heights(image, ATTENTION).sum() > 0
    assert heights(image, VALIDATION).sum() == 0


def test_heatmap_is_brightest_where_the_weight_is() -> None:
    heatmap_TxD = np.zeros((4, 10))
    heatmap_TxD[3, 9] = 0.7
    area_HxW = inside(heatmap_image(heatmap_TxD, "a run"), 1)
    row, column = np.argwhere(area_HxW == BRIGHTEST).mean(0)
    assert row < area_HxW.shape[0] / 10  # digit 9 is on top
    assert column > area_HxW.shape[1] * 3 / 4  # position 3 is on the right


def test_saved_whole_small_and_over_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "attention.png"
    path.write_text("old")
    image = attention_image(MEAN_T, RELEVANCE_T, "a run", MEAN_T)
    pictures.save(image, path)
    with Image.open(path) as saved:
        assert (saved.format, saved.mode) == ("PNG", "P")
        assert (np.asarray(saved.convert("RGB")) == np.asarray(image.convert("RGB"))).all()
    assert path.stat().st_size < 30_000
    assert [each.name for each in tmp_path.iterdir()] == ["attention.png"]


def test_a_save_that_fails_leaves_the_old_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "attention.png"
    path.write_text("old")

    def disk_full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", disk_full)
    with pytest.raises(OSError, match="no space"):
        pictures.save(attention_image(MEAN_T, RELEVANCE_T, "a run"), path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["attention.png"]


def test_a_run_does_not_load_matplotlib() -> None:
    program = (
        "import sys, attnseq.report.pictures as p; p.attention_image([1.0], [1.0], 'a run');"
        "p.loss_image([{'epoch': 1, 'loss/train': 0.1}], None, 'a run'); assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
