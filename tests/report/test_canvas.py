import numpy as np
import numpy.typing as npt
import pytest
from PIL import ImageColor

from attnseq.report import canvas
from attnseq.report.canvas import ATTENTION, GRID, INK, RELEVANCE, VALIDATION, Canvas


def pixels(drawn: Canvas) -> npt.NDArray[np.uint8]:
    return np.asarray(drawn.image())


@pytest.mark.parametrize("number", range(len(canvas.RGB)))
def test_a_colour_of_the_palette_is_the_one_of_its_name(number: int) -> None:
    drawn = Canvas(4, 4)
    drawn.box(0, 0, 4, 4, (INK, ATTENTION, RELEVANCE, VALIDATION, GRID)[number])
    assert drawn.image().convert("RGB").getpixel((1, 1)) == ImageColor.getrgb(canvas.RGB[number])


def test_the_brightest_shade_is_the_last() -> None:
    assert (canvas.shade(0.0), canvas.shade(1.0)) == (canvas.DARKEST, canvas.BRIGHTEST)
    drawn = Canvas(2, 2)
    drawn.box(0, 0, 2, 2, canvas.BRIGHTEST)
    assert drawn.image().convert("RGB").getpixel((0, 0)) == canvas.VIRIDIS_5x3[-1]


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("y", [10.0, 10.5, 11.0, 11.5])
def test_a_thin_line_is_one_point_wide_wherever_it_lies(scale: int, y: float) -> None:
    drawn = Canvas(20, 20, scale)
    drawn.box(0, y - 0.5, 20, y + 0.5, GRID)
    assert (pixels(drawn) == GRID).any(1).sum() == scale


def test_what_lies_beyond_the_edges_is_lost() -> None:
    drawn = Canvas(20, 20)
    for place in (-50, -2, 0, 19, 21, 70):
        drawn.marker(place, 10, "disc", ATTENTION)
        drawn.marker(10, place, "diamond", INK)
        drawn.text(place, place, "text")
        drawn.text_upwards(place, 10, "text")
        drawn.box(place, place, place + 5, place + 5, ATTENTION)
        drawn.curve([np.array([[place, -9.0], [place + 30.0, 40.0]])], ATTENTION, 2)
    assert pixels(drawn).shape == (20, 20)


def test_a_curve_passes_through_its_points_and_has_no_seams() -> None:
    drawn = Canvas(600, 100, 2)
    points_Nx2 = np.array([[5.0, 90.0], [300.0, 50.0], [595.0, 10.0]])
    drawn.curve([points_Nx2], ATTENTION, 2)
    drawn_HxW = pixels(drawn)
    assert all(drawn_HxW[round(2 * y), round(2 * x)] == ATTENTION for x, y in points_Nx2[1:-1])
    thickness_W = (drawn_HxW == ATTENTION).sum(0)[12:-12]
    assert 2 <= thickness_W.min() <= thickness_W.max() <= 5


def test_a_piece_of_one_point_is_a_dot() -> None:
    drawn = Canvas(20, 20, 2)
    drawn.curve([np.array([[10.0, 10.0]]), np.empty((0, 2))], ATTENTION, 4)
    rows, columns = np.nonzero(pixels(drawn))
    assert (rows.mean(), columns.mean()) == pytest.approx((20, 20), abs=1)


def test_a_ring_is_hollow_and_a_diamond_white_inside() -> None:
    drawn = Canvas(60, 30, 2)
    drawn.box(0, 0, 60, 30, ATTENTION)
    drawn.marker(15, 15, "ring", INK)
    drawn.marker(45, 15, "diamond", INK)
    drawn_HxW = pixels(drawn)
    assert drawn_HxW[30, 30] == ATTENTION
    assert drawn_HxW[30, 90] == canvas.WHITE
    assert (drawn_HxW[:, :60] == INK).sum() > 0
    assert (drawn_HxW[:, 60:] == INK).sum() > 0


def test_text_upwards_is_text_turned() -> None:
    along, upwards = Canvas(80, 80), Canvas(80, 80)
    along.text(40, 40, "share", anchor="mm")
    upwards.text_upwards(40, 40, "share")
    assert (np.sort(pixels(along), None) == np.sort(pixels(upwards), None)).all()
    rows, columns = np.nonzero(pixels(upwards))
    assert np.ptp(rows) > np.ptp(columns)
    assert rows.mean() == pytest.approx(40, abs=2)


def test_dashes_lie_on_the_curve_and_cover_their_share_of_it() -> None:
    points_Nx2 = np.array([[0.0, 0.0], [30.0, 40.0], [130.0, 40.0]])
    dashes = canvas.dashed(points_Nx2, 6, 4)
    assert len(dashes) == 15
    lengths = [np.hypot(*np.diff(dash, axis=0).T).sum() for dash in dashes]
    assert lengths == pytest.approx([6.0] * 15)
    for x, y in np.concatenate(dashes):
        assert y == pytest.approx(np.interp(x, *points_Nx2.T))


def test_dashes_of_a_long_curve_are_long_not_many() -> None:
    points_Nx2 = np.stack([np.arange(1000.0), np.tile([0.0, 200.0], 500)], axis=1)
    assert len(canvas.dashed(points_Nx2, 6, 4)) <= canvas.MOST_DASHES + 1
