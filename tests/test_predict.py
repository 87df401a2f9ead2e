"""`attnseq.predict`: a row a sequence of a new file, on standard output or in a file; bad input in one line."""

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_configs import TABLE, tiny_config

import attnseq
from attnseq import predict
from attnseq.runs.job import Job
from attnseq.runs.run import run
from attnseq.tables.examples import VENDORED

Predict = Callable[..., tuple[int, str, str]]


@pytest.fixture
def start(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Predict:
    """`start(*arguments)`: exit status, standard output, standard error."""

    def begin(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["attnseq-predict", *map(str, arguments)])
        status = 0
        try:
            predict.main()
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return begin


@pytest.fixture
def forecast(tmp_path: Path, no_pictures: None) -> Path:
    """A run that was trained on windows of ten years."""
    run(Job(tiny_config("table"), tmp_path / "run"))
    return tmp_path / "run"


@pytest.fixture
def years(tmp_path: Path) -> Path:
    """The last twelve years that there are: three windows, the last of which ends with the file."""
    path = tmp_path / "years.csv"
    header, *rows = (VENDORED / "sunspots.csv").read_text().splitlines()
    path.write_text("\n".join([header, *rows[-12:]]) + "\n")
    return path


def test_a_row_a_window_with_truth_where_it_is_known(start: Predict, forecast: Path, years: Path) -> None:
    status, out, err = start(forecast, years)
    assert (status, err) == (0, "")
    rows = list(csv.DictReader(out.splitlines()))
    assert list(rows[0]) == ["id", "prediction", "truth", *(f"attention -{lag}" for lag in range(10, 0, -1))]
    assert [(row["id"], row["truth"]) for row in rows] == [("2006", "7.5"), ("2007", "2.9"), ("2008", "")]
    seen = attnseq.load(forecast).predict(years)
    assert [float(row["prediction"]) for row in rows] == pytest.approx(seen.prediction.tolist(), rel=1e-7)
    assert float(rows[1]["attention -1"]) == pytest.approx(seen.attention[1, -1], rel=1e-5)


def test_out_names_a_file(start: Predict, forecast: Path, years: Path, tmp_path: Path) -> None:
    out = tmp_path / "seen.tsv"
    assert start(forecast, years, f"out={out}") == (0, f"{out}: 3 sequences\n", "")
    assert out.read_text().splitlines()[0].startswith("id\tprediction\ttruth\tattention -10\t")
    for wrong in (years, tmp_path, ""):
        status, _, err = start(forecast, years, f"--out={wrong}")
        assert (status, err) == (2, f"out={wrong}: must name a file, and another one than FILE\n")
    status, _, err = start(forecast, years, f"out={tmp_path / 'nowhere' / 'seen.csv'}")
    assert (status, err) == (1, f"{tmp_path / 'nowhere' / 'seen.csv'}: No such file or directory\n")


def test_positions_that_a_sequence_does_not_have_are_empty(start: Predict, tmp_path: Path, no_pictures: None) -> None:
    rows = [
        f"{who},{step},{who % 2 + step / 9},{'b' if who % 2 else 'a'}"
        for who in range(20)
        for step in range(2 + who % 2)
    ]
    (tmp_path / "mine.csv").write_text("\n".join(["who,t,x,kind", *rows]) + "\n")
    keys = TABLE | {"path": str(tmp_path / "mine.csv"), "target": "kind", "time": "t", "window": 0, "id": "who"}
    run(Job(tiny_config("table", **{f"dataset.{key}": value for key, value in keys.items()}), tmp_path / "run"))
    status, out, _ = start(tmp_path / "run", tmp_path / "mine.csv")
    found = list(csv.DictReader(out.splitlines()))
    assert status == 0
    assert [row["truth"] for row in found[:3]] == ["a", "b", "a"]
    assert {row["prediction"] for row in found} <= {"a", "b"}
    assert [row["attention 2"] == "" for row in found] == [who % 2 == 0 for who in range(20)]


def test_bad_input_is_one_line(start: Predict, forecast: Path, finished: Path, years: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.csv"
    short.write_text("YEAR,SUNACTIVITY\n1,2\n")
    other = tmp_path / "other.csv"
    other.write_text("YEAR,SUNS\n1,2\n")
    for arguments, status, line in (
        ((forecast, short), 2, f"{short}: has 1 rows; dataset.window=10 need 10"),
        ((forecast, other), 2, "dataset.features=SUNACTIVITY: no such column"),
        ((forecast, "none.csv"), 2, "none.csv: no such file"),
        ((finished, years), 2, f"{years}: the task reads no files"),
        ((forecast, years, years), 2, "one FILE at a time, not 2"),
        ((tmp_path, years), 1, f"{tmp_path}: no run's folder"),
    ):
        got, out, err = start(*arguments)
        assert (got, out, err.count("\n")) == (status, "", 1), err
        assert err.startswith(line) or line in err
