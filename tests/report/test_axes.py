"""What all pictures share: few and plain labels, room around a single point, files that are whole or not there."""

from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from attnseq.report.axes import label_log_axis, new_figure, save, whole_ticks, wrapped


@pytest.mark.parametrize("count", [1, 2, 10, 20, 21, 40, 1000])
def test_whole_ticks_begin_at_zero_and_are_few(count: int) -> None:
    ticks = whole_ticks(count)
    assert ticks[0] == 0
    assert len(ticks) <= 20
    assert count - 1 - ticks[-1] < max(2, ticks[1] if count > 1 else 1)
    assert len({b - a for a, b in pairwise(ticks)}) <= 1


@pytest.mark.parametrize("side", ["x", "y"])
def test_points_close_together_have_room_around_them_and_plain_labels(side: str) -> None:
    axes = new_figure(4, 3).add_subplot()
    axes.set(**{f"{side}scale": "log"})
    axes.plot([0.01, 0.0101], [0.01, 0.0101], "o")
    label_log_axis(axes, side)
    low, high = getattr(axes, f"get_{side}lim")()
    assert low < 0.01 / 1.5
    assert high > 0.01 * 1.5
    axes.figure.canvas.draw()
    labels = [label.get_text() for label in getattr(axes, f"get_{side}ticklabels")()]
    assert "0.01" in labels
    assert not any("$" in label or "e-" in label for label in labels)


def test_many_decades_keep_a_label_a_decade() -> None:
    axes = new_figure(4, 3).add_subplot()
    axes.set(yscale="log", ylim=(1e-6, 1.0))
    label_log_axis(axes)
    axes.figure.canvas.draw()
    assert 3 <= len([tick for tick in axes.get_yticks() if 1e-6 <= tick <= 1.0]) <= 8


@pytest.mark.parametrize("width", [5, 20, 30, 100])
def test_a_name_keeps_all_its_letters_and_breaks_after_commas_where_it_can(width: int) -> None:
    name = "lstm_attention,hidden_size=128,attention=feature_wise"
    lines = wrapped(name, width).splitlines()
    assert "".join(lines) == name
    assert max(map(len, lines)) <= width
    assert width < 30 or all(line.endswith(",") for line in lines[:-1])


def test_saved_whole_and_over_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("old")
    save(new_figure(2, 1), path)
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", (400, 200))
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]


def test_a_save_that_fails_leaves_the_old_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_text("old")

    def disk_full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", disk_full)
    with pytest.raises(OSError, match="no space"):
        save(new_figure(2, 1), path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]
