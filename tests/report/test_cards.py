"""Pictures for TensorBoard's cards: their size, and what is drawn where."""

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from attnseq.report import cards
from attnseq.report.style import ATTENTION, RELEVANCE
from attnseq.training.attention_summary import Alignment

NAMES = ["0 distractor", "1 a hundreds", "2 a tens"]


def pixels(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


def count(png: bytes, colour: str) -> int:
    """Pixels of exactly this colour."""
    wanted = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return int((pixels(png) == wanted).all(axis=-1).sum())


def test_bars_are_as_long_as_weights() -> None:
    one = cards.bars("mlp", "seed 1", [0.2, 0.4, 0.4], names=NAMES)
    other = cards.bars("mlp", "seed 1", [0.2, 0.4, 0.2], names=NAMES)
    legend = count(cards.bars("mlp", "seed 1", [np.nan, 0.0, 0.0], names=NAMES), ATTENTION)
    assert count(one, RELEVANCE) == 0
    longer, shorter = (count(png, ATTENTION) - legend for png in (one, other))
    assert shorter / longer == pytest.approx(0.8, abs=0.03)


def test_relevance_has_the_total_of_weights_that_are_no_shares() -> None:
    """Element-wise weights of a position may sum to 1.5: relevance beside them must not look smaller than it is."""
    weights_T = np.array([0.5, 1.0, 0.0])
    drawn = cards.bars("mlp", "seed 1", weights_T, [1, 2, 0], NAMES)
    without = cards.bars("mlp", "seed 1", [0.0, 0.0, np.nan], [0, 0, 0], NAMES)
    blue, orange = (count(drawn, colour) - count(without, colour) for colour in (ATTENTION, RELEVANCE))
    assert blue == pytest.approx(orange, rel=0.15)  # edges of bars are blended


def test_relevance_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="3 positions"):
        cards.bars("mlp", "seed 1", [0.2, 0.4, 0.4], [1, 2])


@pytest.mark.parametrize("positions", [1, 10, 200])
def test_cards_are_small(positions: int) -> None:
    weights_TxR = np.random.default_rng(0).random((positions, 50))
    name = "lstm_attention," * 20
    for png in (cards.bars(name, "seed 1", weights_TxR[:, 0]), cards.heatmap(name, "seed 1", weights_TxR, "token")):
        height, width, _ = pixels(png).shape
        assert width == 444
        assert height < 800
        assert len(png) < 100_000


def test_heads_stand_side_by_side_each_with_its_number() -> None:
    weights_TxR = np.full((4, 12), 0.25)
    figures: list[Figure] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cards, "_png", figures.append)
        cards.heatmap("transformer", "seed 1", weights_TxR, "query position", heads=3)
        cards.heatmap("transformer", "seed 1", weights_TxR, "query position")
    apart, whole = (figure.axes[0] for figure in figures)
    assert [label.get_text() for label in apart.get_xticklabels()] == ["1", "2", "3"]
    assert apart.get_xticks().tolist() == [1.5, 5.5, 9.5]  # in the middle of four columns each
    assert [line.get_xdata()[0] for line in apart.lines] == [3.5, 7.5]  # type: ignore[index]
    assert not whole.lines


def test_a_long_name_takes_two_lines() -> None:
    heights = [pixels(cards.bars("mlp_attention," * times, "seed 1", [1.0])).shape[0] for times in (1, 6, 60)]
    assert heights[0] < heights[1] == heights[2]


def test_the_true_alignment_is_marked_once_for_each_place() -> None:
    def drawn(truth: list[list[float]] | None) -> int:
        weights = np.full((2, 4), 0.25)
        relevance = None if truth is None else np.array(truth)
        sample = Alignment("1 2 3 4: 2 1", tuple("1234"), tuple("21"), weights, relevance)
        return count(cards.alignment("seq2seq", "seed 1, epoch 2", sample), RELEVANCE)

    legend, one = drawn([[0, 0, 0, 0], [0, 0, 0, 0]]), drawn([[0, 1, 0, 0], [0, 0, 0, 0]])
    assert drawn(None) == 0
    assert drawn([[0, 1, 0, 0], [1, 0, 0, 0]]) - legend == pytest.approx(2 * (one - legend), abs=4)
    assert one > legend > 0


def test_an_answer_without_tokens_has_a_card() -> None:
    empty = Alignment("1 2: ", tuple("12"), (), np.zeros((0, 2)), None)
    assert count(cards.alignment("seq2seq", "seed 1", empty), RELEVANCE) == 0
