"""Files of every kind give the same columns; what is wrong with one is a line that names it."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from attnseq.core.keys import ConfigError
from attnseq.tables.arrangement import moments
from attnseq.tables.files import open_file

ROWS = {"id": ["007", "b", "b"], "x": [1.0, 2.5, -3.0], "n": [1, 2, 3], "y": ["u", "v", "u"]}


def written(folder: Path, ending: str) -> Path:
    """A file of these rows."""
    import pandas

    path, frame = folder / f"mine{ending}", pandas.DataFrame(ROWS)
    if ending == ".parquet":
        frame.to_parquet(path)
    elif ending == ".npz":
        np.savez(path, **{name: np.array(values) for name, values in ROWS.items()})
    else:
        frame.to_csv(path, sep="\t" if ending == ".tsv" else ",", index=False)
    return path


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".npz"])
def test_every_kind_of_file_gives_the_same_columns(ending: str, tmp_path: Path) -> None:
    source = open_file(str(written(tmp_path, ending)))
    assert source.names == list(ROWS)
    columns = source.read(["id", "x", "y"], {"id"})
    assert columns.rows == 3
    assert "n" not in columns
    for name in ("id", "x", "y"):
        assert columns[name].tolist() == ROWS[name]
    assert columns["id"].dtype == columns["y"].dtype == object


def text_file(folder: Path, text: str | bytes) -> str:
    path = folder / "mine.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ": empty; its first line must name the columns"),
        ("a,b\n", ": no rows below the header"),
        ("a,a\n1,2\n", ", line 1: names 'a' twice"),
        ("a,\n1,2\n", ", line 1: column 2 has no name"),
        ("a,b\n1,2\n1,2,3\n", ", line 3: has 3 cells; the header names 2"),
        ("a,b\n1,2,3\n1,2,3\n", ": each row has more cells than the header names"),
        (b"a,b\n1,\xff\n", r": cannot be read ('utf-8' codec can't decode byte 0xff"),
        ('a,b\n1,"2\n', ": cannot be read (EOF inside string"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(text: str | bytes, problem: str, tmp_path: Path) -> None:
    path = text_file(tmp_path, text)
    with pytest.raises(ConfigError, match=f"^{re.escape(path + problem)}.*$") as refused:
        open_file(path).read(open_file(path).names, set())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none.csv", "none.csv: no such file"),
        ("mine.xls", "mine.xls: must be a file that ends with .csv, .tsv, .parquet, .npz"),
        ("folder.csv", "folder.csv: not a file"),
    ],
)
def test_a_path_that_names_no_such_file_is_refused(
    name: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.csv").mkdir()
    with pytest.raises(ConfigError, match=f"^{re.escape(problem)}$"):
        open_file(name)


def test_errors_name_the_line_of_the_file_whatever_stands_above(tmp_path: Path) -> None:
    path = text_file(tmp_path, 'a,b\n1,"two\nlines"\n\n \n2,x\n')
    columns = open_file(path).read(["a", "b"], set())
    assert columns["b"].tolist() == ["two\nlines", "x"]
    assert str(columns.wrong(0, "b", "odd")) == f"{path}, line 3, column b: odd"
    assert str(columns.wrong(1, "b", "odd")) == f"{path}, line 6, column b: odd"


def test_a_short_row_and_an_empty_cell_are_missing_and_na_is_a_text(tmp_path: Path) -> None:
    columns = open_file(text_file(tmp_path, "a,b,c\n1,NA,3\n2\n")).read(["a", "b", "c"], set())
    assert columns["b"].tolist() == ["NA", ""]
    assert np.isnan(columns["c"]).tolist() == [False, True]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert open_file(text_file(tmp_path, "\ufeffa,b\n1,2\n")).names == ["a", "b"]


@pytest.mark.parametrize(
    ("ending", "package", "extra"), [(".csv", "pandas", "pandas"), (".parquet", "pyarrow", "parquet")]
)
def test_a_reader_that_is_not_installed_is_named_with_its_extra(
    ending: str, package: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, ending)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ConfigError, match=rf'mine\{ending}: reading it needs {package}: pip install "attnseq\[{extra}\]"$'
    ):
        open_file(str(path)).read(open_file(str(path)).names, set())


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"x": np.zeros((2, 3)), "y": np.zeros(3)}, "array y: has 3 rows, but x has 2"),
        ({"x": np.zeros(2, dtype=complex)}, "array x: must hold numbers or texts, a row a sequence"),
        ({"x": np.zeros(())}, "array x: must hold numbers or texts, a row a sequence"),
    ],
)
def test_arrays_that_are_no_columns_are_refused(arrays: dict[str, np.ndarray], problem: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", **arrays)
    source = open_file(str(tmp_path / "mine.npz"))
    with pytest.raises(ConfigError, match=re.escape(problem)):
        source.read(source.names, set())


def test_a_fingerprint_is_of_what_is_in_the_file(tmp_path: Path) -> None:
    path = text_file(tmp_path, "a\n1\n")
    before = open_file(path).fingerprint()
    assert re.fullmatch("[0-9a-f]{16}", before)
    text_file(tmp_path, "a\n12\n")
    assert open_file(path).fingerprint() != before
    text_file(tmp_path, "a\n1\n")
    assert open_file(path).fingerprint() == before


def test_types_of_pandas_become_numbers_or_texts(tmp_path: Path) -> None:
    import pandas

    frame = pandas.DataFrame(
        {
            "day": pandas.to_datetime(["2024-01-02", "2024-01-01 12:30"], format="ISO8601"),
            "count": pandas.array([3, None], dtype="Int64"),
            "good": [True, False],
            "kind": pandas.Categorical(["b", "a"]),
        }
    )
    frame.to_parquet(tmp_path / "mine.parquet")
    columns = open_file(str(tmp_path / "mine.parquet")).read(list(frame.columns), set())
    assert columns["good"].tolist() == ["True", "False"]
    assert columns["kind"].tolist() == ["b", "a"]
    assert columns["count"][0] == 3
    assert np.isnan(columns["count"][1])
    assert np.argsort(moments(columns, "day")).tolist() == [1, 0]
