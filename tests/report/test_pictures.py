import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from attnseq.report.panels import Positions
from attnseq.report.pictures import Pictures
from attnseq.report.sheet import Heading
from attnseq.report.style import ATTENTION, BAND, DPI, RELEVANCE
from attnseq.training.attention_summary import Alignment

MEAN_T, RELEVANCE_T = [0.1, 0.6, 0.3], [0, 3, 1]
RUN = Heading("A model: a task, seed 1", "a run")
LONG = (
    "lstm_attention,abs_difference,hidden_size=128,attention=feature_wise,train_size=100000,length=40,score=luong,lr=1"
)
Row = dict[str, float]


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return Pictures()


def pixels(png: bytes) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(png)) as image:
        assert (image.format, image.mode) == ("PNG", "P")
        return np.asarray(image.convert("RGB"))


def heights(png: bytes, colour: str) -> npt.NDArray[np.int64]:
    """Pixels of a colour in each column of a picture, below its legend; edges may be paler, lines lie behind."""
    rgb = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    image_HxWx3 = pixels(png)[round(0.2 * len(pixels(png))) :].astype(int)
    return (np.abs(image_HxWx3 - rgb).max(-1) < 60).sum(0)


def rows(train: list[float], validation: list[float] | None = None) -> list[Row]:
    pairs = zip(train, train if validation is None else validation, strict=True)
    return [{"epoch": i, "loss/train": loss, "loss/validation": held} for i, (loss, held) in enumerate(pairs, 1)]


def test_bars_are_as_high_as_their_values(pictures: Pictures) -> None:
    png = pictures.attention(RUN, MEAN_T, RELEVANCE_T)
    attention, relevance = heights(png, ATTENTION), heights(png, RELEVANCE)
    assert attention.max() / relevance.max() == pytest.approx(0.6 / 0.75, rel=0.02)
    bars = [half.max() for half in np.array_split(attention, 3)]
    np.testing.assert_allclose(bars / bars[1], np.array(MEAN_T) / 0.6, atol=0.02)


def test_what_was_drawn_before_leaves_no_trace(pictures: Pictures) -> None:
    fresh = Pictures().attention(RUN, MEAN_T, RELEVANCE_T)
    pictures.attention(Heading("Another"), [0.2, 0.2, 0.6], [3, 1, 0])
    assert pictures.attention(RUN, MEAN_T, RELEVANCE_T) == fresh
    fresh = Pictures().loss(RUN, rows([0.5, 0.1]))
    pictures.loss(Heading("Another"), rows([0.4, 0.11]))
    assert pictures.loss(RUN, rows([0.5, 0.1])) == fresh


def test_threads_draw_one_after_the_other(pictures: Pictures) -> None:
    means = [[0.6, share, 0.4 - share] for share in np.linspace(0, 0.4, 12)]
    alone = [pictures.attention(RUN, mean_T) for mean_T in means]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda mean_T: pictures.attention(RUN, mean_T), means)) == alone


def test_a_diverged_run_has_no_bars(pictures: Pictures) -> None:
    assert heights(pictures.attention(RUN, [np.nan, np.nan], [1, 1]), ATTENTION).sum() == 0


def test_lengths_that_differ_are_refused(pictures: Pictures) -> None:
    with pytest.raises(ValueError, match="3 positions"):
        pictures.attention(RUN, MEAN_T, [1, 2])
    with pytest.raises(ValueError, match="published"):
        pictures.attention(RUN, MEAN_T, None, [0.5, 0.5])


@pytest.mark.parametrize("positions", [1, 10, 64, 300])
def test_any_length_fits(pictures: Pictures, positions: int) -> None:
    attention = pictures.attention(RUN, np.full(positions, 1 / positions), np.ones(positions))
    height, width, _ = pixels(attention).shape
    assert 1.5 < width / height < 4
    # equal shares of a long sequence can be seen
    assert (heights(attention, ATTENTION) > 0).sum() >= min(positions, 64)


def test_a_long_name_makes_room_for_itself(pictures: Pictures) -> None:
    short, long = (pixels(pictures.loss(Heading("A model", name), rows([0.1, 0.2]))) for name in ("a run", LONG))
    assert long.shape[0] > short.shape[0]
    assert long.shape[1] == short.shape[1]


@pytest.mark.parametrize(
    "losses", [[], [np.nan], [np.inf, 0.0], [-1.0], [0.1], [0.1, 0.1], [0.1, np.nan], [1e-3, 1e30], [5e-324, 1e308]]
)
def test_any_loss_can_be_drawn(pictures: Pictures, losses: list[float]) -> None:
    assert pixels(pictures.loss(RUN, rows(losses), losses)).size


def test_a_column_that_is_missing_is_left_out(pictures: Pictures) -> None:
    png = pictures.loss(RUN, [{"epoch": 1, "loss/train": 0.1}], loss_name="cross-entropy")
    assert heights(png, ATTENTION).sum() > 0


def test_positions_that_count_have_a_band_behind_them(pictures: Pictures) -> None:
    png = pictures.attention(RUN, MEAN_T, RELEVANCE_T)
    wanted = [int(BAND[place : place + 2], 16) for place in (1, 3, 5)]
    image_HxWx3 = pixels(png)[round(0.4 * len(pixels(png))) : round(0.7 * len(pixels(png)))].astype(int)
    columns = (np.abs(image_HxWx3 - wanted).max(-1) < 3).sum(0) > 0
    first, second, third = np.array_split(columns[round(0.13 * len(columns)) :], 3)
    assert first.mean() < 0.05  # edges of letters and bars
    assert second.mean() > 0.2
    assert third.mean() > 0.2


def test_what_stands_at_a_position_makes_room_for_itself(pictures: Pictures) -> None:
    positions = Positions(("0", "1", "2"))
    named = positions._replace(roles=("distractor", "a tens", "a ones"))
    without, with_roles = (
        pixels(pictures.attention(RUN, MEAN_T, RELEVANCE_T, None, each)) for each in (positions, named)
    )
    assert with_roles.shape[0] > without.shape[0]


def test_relevance_beside_what_is_no_share_has_its_total(pictures: Pictures) -> None:
    png = pictures.attention(RUN, [0.2, 1.2, 0.6], RELEVANCE_T, is_share=False)
    assert heights(png, ATTENTION).max() / heights(png, RELEVANCE).max() == pytest.approx(1.2 / 1.5, rel=0.02)


def test_files_are_of_200_dots_an_inch(pictures: Pictures) -> None:
    with Image.open(io.BytesIO(pictures.attention(RUN, MEAN_T))) as image:
        assert image.info["dpi"] == pytest.approx((DPI, DPI), abs=0.1)
    assert DPI == 200


def test_white_stays_white(pictures: Pictures) -> None:
    assert pixels(pictures.attention(RUN, MEAN_T, RELEVANCE_T))[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize(("form", "start"), [("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_drawings_are_the_same_whatever_was_drawn_before(form: str, start: bytes) -> None:
    fresh, used = Pictures(form), Pictures(form)
    used.attention(Heading("Another"), [0.5, 0.2, 0.3], [1, 1, 1])
    drawn = [each.attention(RUN, MEAN_T, RELEVANCE_T) for each in (fresh, used)]
    assert drawn[0] == drawn[1]
    assert drawn[0].startswith(start)
    assert b"<image" not in drawn[0]  # bars and letters, not a picture of them


@pytest.mark.parametrize("answers", [0, 1, 10, 40])
def test_an_alignment_is_dark_where_the_weight_is(pictures: Pictures, answers: int) -> None:
    weights_KxT = np.zeros((answers, 4))
    weights_KxT[-1:, 3] = 1
    png = pictures.alignment(RUN, Alignment("a: b", tuple("a b,"), ("b",) * answers, weights_KxT))
    height, width, _ = pixels(png).shape
    columns = np.flatnonzero(heights(png, ATTENTION)[: round(0.84 * width)])  # left of the colours' own axis
    assert (len(columns) > 0) == (answers > 0)
    assert all(column > 0.6 * width for column in columns)
    assert height > 20 * answers


def test_the_sample_stands_in_a_line_of_its_own(pictures: Pictures) -> None:
    weights_KxT = np.full((1, 2), 0.5)
    none, one, two = (
        len(pixels(pictures.alignment(Heading("A model", name), Alignment(line, ("a", "b"), ("c",), weights_KxT))))
        for name, line in (("a run", ""), ("a run", "ab: c"), (LONG, "ab: c"))
    )
    assert none < one < two
    long, longer = (Alignment("12," * times, ("a", "b"), ("c",), weights_KxT) for times in (60, 600))
    assert len(pixels(pictures.alignment(RUN, long))) == len(pixels(pictures.alignment(RUN, longer)))


def test_matplotlib_is_imported_by_those_who_draw_only() -> None:
    program = (
        "import sys; from attnseq.report.pictures import Pictures;"
        "from attnseq.report.sheet import Heading; pictures = Pictures();"
        "assert 'matplotlib' not in sys.modules; pictures.attention(Heading('a run'), [1.0]);"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
