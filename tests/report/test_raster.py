import numpy as np
import numpy.typing as npt
import pytest

from attnseq.report import raster


def count(image_HxWx3: raster.ImageArray, colour: tuple[int, int, int]) -> int:
    return int((image_HxWx3 == colour).all(-1).sum())


def column_pixels(image_HxWx3: raster.ImageArray, colour: tuple[int, int, int]) -> npt.NDArray[np.int64]:
    """Columns of the plot area that hold the colour, and how many pixels each; the legend is above."""
    return (image_HxWx3[raster.TOP :] == colour).all(-1).sum(0)


def test_bars_are_as_high_as_their_values() -> None:
    image_HxWx3 = raster.attention_image([0.1, 0.6, 0.3], [0, 3, 1], "epoch 1")
    assert image_HxWx3.dtype == np.uint8
    limit = raster.axis_limit(0.6, 0.75)
    highest = column_pixels(image_HxWx3, raster.ATTENTION).max()
    assert highest == pytest.approx(0.6 / limit * raster.PLOT_HEIGHT, abs=1)
    assert column_pixels(image_HxWx3, raster.RELEVANCE).max() == pytest.approx(0.75 / limit * raster.PLOT_HEIGHT, abs=1)


def test_no_relevance_no_orange() -> None:
    assert count(raster.attention_image([0.5, 0.5], None, "epoch 1"), raster.RELEVANCE) == 0


def test_a_diverged_run_can_be_drawn() -> None:
    image_HxWx3 = raster.attention_image([np.nan, np.nan], [1, 1], "epoch 1")
    assert column_pixels(image_HxWx3, raster.ATTENTION).sum() == 0


@pytest.mark.parametrize(("largest", "limit"), [(0.45, 0.5), (0.5, 0.5), (0.51, 0.6), (1.0, 1.0), (0.01, 0.2)])
def test_the_axis_ends_at_a_tenth(largest: float, limit: float) -> None:
    assert raster.axis_limit(largest, float("nan")) == pytest.approx(limit)


@pytest.mark.parametrize("positions", [1, 4, 10, 64])
def test_any_length_fits(positions: int) -> None:
    for image_HxWx3 in (
        raster.attention_image(np.full(positions, 1 / positions), np.ones(positions), "epoch 1"),
        raster.heatmap_image(np.full((positions, 10), 0.1), "epoch 1"),
    ):
        height, width, _ = image_HxWx3.shape
        assert height == raster.TOP + raster.PLOT_HEIGHT + raster.BOTTOM
        assert 300 <= width <= 1100


def test_heatmap_is_brightest_where_the_weight_is() -> None:
    heatmap_TxD = np.zeros((4, 10))
    heatmap_TxD[3, 9] = 0.7
    image_HxWx3 = raster.heatmap_image(heatmap_TxD, "epoch 1")
    bright = np.argwhere((image_HxWx3 == (253, 231, 37)).all(-1))
    row, column = bright.mean(0)
    assert row < raster.TOP + raster.PLOT_HEIGHT / 10  # digit 9 is on top
    assert column > raster.LEFT + 3 * 54  # position 3 is on the right
