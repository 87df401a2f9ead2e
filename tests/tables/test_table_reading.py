"""Sequences of a file in each layout, and files that do not fit.

Shapes: N sequences, T positions, F features.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attnseq.core.keys import ConfigError
from attnseq.tables import arrangement
from attnseq.tables.files import open_file
from attnseq.tables.form import LONG, WIDE, WINDOWS, Form
from attnseq.tables.reading import Known, Sequences, read_sequences

LONG_FILE = "who,t,x,z,y,part,r\np,1,1,10,u,a,0\np,2,2,20,u,a,1\nq,1,3,30,v,b,2\nq,3,5,50,v,b,0\nq,2,4,40,v,b,0\n"
OF_LONG = Form(LONG, "y", ("x", "z"), id="who", time="t", split="part", relevance="r")


def read(folder: Path, text: str, form: Form, known: Known | None = None) -> Sequences:
    (folder / "mine.csv").write_text(text)
    return read_sequences(open_file(str(folder / "mine.csv")), form, known)


def values(sequences: Sequences) -> Any:
    """values_NxTxF."""
    return sequences.features.values[sequences.arrangement.cells_NxT]


def test_long(tmp_path: Path) -> None:
    found = read(tmp_path, LONG_FILE, OF_LONG)
    assert values(found)[1].tolist() == [[3, 30], [4, 40], [5, 50]]
    assert values(found)[0, :2].tolist() == [[1, 10], [2, 20]]
    assert found.arrangement.lengths_N.tolist() == [2, 3]
    assert found.answers is not None
    assert (found.answers.values.tolist(), found.answers.names) == ([0, 1], ("u", "v"))
    assert found.splits_N is not None
    assert found.splits_N.tolist() == ["a", "b"]
    assert found.relevance_C is not None
    assert found.relevance_C[found.arrangement.cells_NxT[1]].tolist() == [2, 0, 0]
    assert read(tmp_path, LONG_FILE, replace(OF_LONG, features=())).columns == ("x", "z")  # what else has no use


def test_what_differs_within_a_sequence_is_refused(tmp_path: Path) -> None:
    text = LONG_FILE.replace("q,3,5,50,v,b", "q,3,5,50,u,b")
    with pytest.raises(ConfigError, match=r"line 5, column y: u, but v in another row of who=q$"):
        read(tmp_path, text, OF_LONG)
    text = LONG_FILE.replace("q,3,5,50,v,b", "q,3,5,50,v,a")
    with pytest.raises(ConfigError, match=r"line 5, column part: a, but b in another row of who=q$"):
        read(tmp_path, text, OF_LONG)


def test_wide_numbers_and_categories(tmp_path: Path) -> None:
    found = read(tmp_path, "y,a,b\n0.5,1,2\n1.5,3,4\n", Form(WIDE, "y"))
    assert values(found).tolist() == [[[1], [2]], [[3], [4]]]
    assert found.arrangement.position_names == ("a", "b")
    named = read(tmp_path, "y,a,b,n\n0.5,up,down,2\n1.5,up,,1\n", Form(WIDE, "y", lengths="n"))
    assert named.features.names == ("down", "up")
    assert values(named)[0].tolist() == [[1], [0]]
    assert named.arrangement.lengths_N.tolist() == [2, 1]


def test_windows_of_a_series_see_their_own_past(tmp_path: Path) -> None:
    found = read(tmp_path, "t,y\n1,10\n2,20\n3,30\n4,40\n", Form(WINDOWS, "y", time="t", window=2))
    assert values(found).tolist() == [[[10], [20]], [[20], [30]]]
    assert found.answers is not None
    assert found.answers.values.tolist() == [30, 40]


@pytest.mark.parametrize(("width", "shape"), [(1, (3, 4)), (2, (3, 4, 2))])
def test_arrays(width: int, shape: tuple[int, ...], tmp_path: Path) -> None:
    array = np.arange(12.0 * width).reshape(shape)
    np.savez(tmp_path / "mine.npz", x=array, y=np.arange(3), n=[4, 1, 4], r=np.ones((3, 4)))
    form = Form(WIDE, "y", lengths="n", relevance="r")
    found = read_sequences(open_file(str(tmp_path / "mine.npz")), form)
    assert values(found)[[0, 2]].tolist() == array.reshape(3, 4, width)[[0, 2]].tolist()
    assert found.arrangement.position_names == ("0", "1", "2", "3")
    assert found.relevance_C is not None
    assert found.relevance_C.tolist() == [1] * 12
    array[1, 2] = np.nan  # behind the end of its sequence
    np.savez(tmp_path / "mine.npz", x=array, y=np.arange(3), n=[4, 1, 4])
    assert np.isfinite(values(read_sequences(open_file(str(tmp_path / "mine.npz")), replace(form, relevance="")))).any()
    np.savez(tmp_path / "mine.npz", x=array, y=np.arange(3))
    with pytest.raises(ConfigError, match=r"mine\.npz, row 2, column x\[2"):
        read_sequences(open_file(str(tmp_path / "mine.npz")), Form(WIDE, "y"))


def test_relevance_may_stand_in_a_second_file(tmp_path: Path) -> None:
    second = tmp_path / "counts.csv"
    second.write_text("name,a,b\np,0,1\nq,2,0\n")
    form = Form(WIDE, "y", ("a", "b"), id="name", relevance=str(second))
    text = "name,a,b,y\np,1,2,5\nq,3,4,6\n"
    found = read(tmp_path, text, form)
    assert found.relevance_C is not None
    assert found.relevance_C[found.arrangement.cells_NxT].tolist() == [[0, 1], [2, 0]]
    second.write_text("name,a,b\nq,0,1\np,2,0\n")
    with pytest.raises(ConfigError, match=r"counts\.csv: must have the rows of .*mine\.csv, in their order$"):
        read(tmp_path, text, form)
    second.write_text("name,a,b\np,0,1\nq,-2,0\n")
    with pytest.raises(ConfigError, match=r"counts\.csv, line 3, column a: -2: relevance is 0 or more$"):
        read(tmp_path, text, form)


@pytest.mark.parametrize(
    ("text", "form", "problem"),
    [
        ("y,n\n1,2\n", Form(WIDE, "y", id="n"), "no column is left for dataset.features; it has y, n"),
        ("y,a\n1,2\n", Form(WIDE, "y", group="g"), "dataset.group=g: no such column in "),
        ("y,a\n1,2\n", Form(WIDE, "y", ("b",)), "dataset.features=b: no such column in "),
        ("y,a\n1,2\n", Form(WIDE, "y", ("a", "y")), "dataset.features=y: holds the answers"),
        ("y,a\n1,2\n", Form(WIDE, "y", ("a", "a")), "dataset.features=a: named twice"),
        ("y,a,b,i\n1,u,v,1\n", Form(LONG, "y", id="i"), "dataset.features: categories are one column, not 2"),
        ("y,a,i\n1,2,1\n", Form(LONG, "y", id="i", relevance="r"), "dataset.relevance=r: no such column in "),
    ],
)
def test_a_form_that_is_not_the_files_is_refused(text: str, form: Form, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(problem)):
        read(tmp_path, text, form)


def test_what_would_take_too_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrangement, "LARGEST", 11)
    problem = "2 sequences of up to 3 positions with 2 features: more than 11 numbers"
    with pytest.raises(ConfigError, match=rf"mine\.csv: {problem}$"):
        read(tmp_path, LONG_FILE, OF_LONG)


def test_a_trained_model_reads_what_has_no_answer_yet(tmp_path: Path) -> None:
    known = Known(None, None)
    found = read(tmp_path, "t,y\n1,10\n2,20\n3,30\n", Form(WINDOWS, "y", ("y",), time="t", window=2), known)
    assert found.answers is not None
    assert found.answers.values[0] == 30
    assert np.isnan(found.answers.values[1])
    assert read(tmp_path, "a\n1\n", Form(WIDE, "", ("a",)), Known(None, None)).answers is None


@pytest.mark.parametrize("arrays", [{"x": np.zeros((2, 3, 4, 5))}, {"x": np.zeros((2, 3)), "z": np.zeros((2, 3))}])
def test_inputs_are_one_array(arrays: dict[str, Any], tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", y=[1, 2], **arrays)
    with pytest.raises(ConfigError, match=r"^dataset\.features: must be one array, N x T or N x T x F, not x \(2, 3"):
        read_sequences(open_file(str(tmp_path / "mine.npz")), Form(WIDE, "y"))
