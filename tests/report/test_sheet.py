"""How pictures are laid out: headings that fit, panels below each other that do not overlap."""

from itertools import pairwise

import pytest
from matplotlib.axes import Axes

from attnseq.report.panels import AttentionPanel, Bars, Positions, numbered
from attnseq.report.sheet import WIDTH, Heading, Sheet
from attnseq.report.style import drawing

NAME = "lstm_attention,abs_difference,hidden_size=128,attention=feature,train_size=100000,length=40,score=luong,lr=1"
HEADING = Heading("LSTM with attention to its input: the difference of two numbers, seed 4294967295", NAME, "28 " * 90)


def panel(axes: Axes) -> AttentionPanel:
    return AttentionPanel(axes, Positions(numbered(10)), 1.0, Bars())


@pytest.mark.parametrize("width", [WIDTH, 10.0])
def test_a_heading_stays_within_the_picture(width: float) -> None:
    lines = HEADING.lines(width)
    with drawing():
        sheet = Sheet(width, [len(part.splitlines()) for part in lines], [panel], [""])
        sheet.show(lines, [([0.1] * 10,)])
        sheet.figure.canvas.draw()
    edge = sheet.figure.bbox
    boxes = [text.get_window_extent() for text in sheet.heading]
    assert all(box.x1 <= edge.x1 and box.y1 <= edge.y1 for box in boxes)
    assert all(upper.y0 >= lower.y1 - 4 for upper, lower in pairwise(boxes))
    (axes,) = sheet.figure.axes
    assert axes.get_legend().get_window_extent().y1 <= boxes[-1].y0


def test_nothing_of_a_name_is_lost_but_a_long_sample_is_cut() -> None:
    words, name, sample = HEADING.lines(WIDTH)
    assert words.replace("\n", " ") == HEADING.words
    assert name.replace("\n", "") == NAME
    assert len(sample.splitlines()) == 2
    assert sample.endswith(" ...")


def test_panels_stand_below_each_other_with_their_captions() -> None:
    with drawing():
        sheet = Sheet(WIDTH, (1, 0, 0), [panel, panel, panel], ["one", "two", "three"])
        sheet.show(("A model", "", ""), [([0.1] * 10,)] * 3)
        sheet.figure.canvas.draw()
    boxes = [axes.get_tightbbox() for axes in sheet.figure.axes]
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))
    captions = [text for text in sheet.figure.texts if text.get_text() in ("one", "two", "three")]
    tops = [caption.get_window_extent().y0 for caption in captions]
    assert all(top >= box.y1 for top, box in zip(tops, boxes, strict=True))
    assert boxes[-1].y0 >= 0
    heights = {round(axes.get_position().height * sheet.figure.get_figheight(), 3) for axes in sheet.figure.axes}
    assert heights == {AttentionPanel.height}


def test_forms() -> None:
    with drawing():
        sheet = Sheet(WIDTH, (1, 0, 0), [panel], [""])
    assert [sheet.file(form)[:4] for form in ("png", "pdf", "svg")] == [b"\x89PNG", b"%PDF", b"<?xm"]
