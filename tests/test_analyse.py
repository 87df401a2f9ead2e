"""`attnseq.analyse`: runs analysed, shown again, gone on with; what is wrong in one line."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from run_folders import run_config, write_run, write_unfinished
from tiny_configs import tiny_config

from attnseq import analyse
from attnseq.analysis import showing
from attnseq.runs.analysis_file import FILE
from attnseq.runs.job import Job
from attnseq.runs.reading import find_runs
from attnseq.runs.run import run

Start = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def start(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Start:
    """`start(*arguments)`: exit status, lines of standard output, standard error; in an empty folder."""

    def begin(*arguments: str | Path) -> tuple[int, list[str], str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["attnseq-analyse", *map(str, arguments)])
        status = 0
        try:
            analyse.main()
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return begin


@pytest.fixture
def runs(folder: Path, no_pictures: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two seeds of one model, and one of another, below the folder that the test runs in."""
    monkeypatch.setattr(showing, "variant_picture", lambda *arguments: b"picture")
    for model, seed in (("mlp_attention", 1), ("mlp_attention", 2), ("mlp_plain", 1)):
        path = folder / "outputs" / "tiny" / model / f"seed={seed}"
        run(Job(tiny_config("abs_difference", model, seed=seed), path))
    return folder / "outputs"


def contents(folder: Path) -> dict[str, Any]:
    return {str(path.relative_to(folder)): json.loads(path.read_text()) for path in sorted(folder.rglob(FILE))}


def test_all_are_analysed_written_and_shown_again(start: Start, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, lines, err = start("outputs", "samples=20")
    assert (status, err) == (0, "")
    assert [line for line in lines if line.startswith("2 runs of mlp_attention")]
    found = contents(runs)
    assert len(found) == 3
    numbers = [its["numbers"] for its in found.values()]
    assert not any(name.startswith("stability") for its in numbers for name in its)
    table = (runs / "analysis.md").read_text()
    assert table.startswith("| mean over seeds | what it is | better |")
    (row,) = (line for line in table.splitlines() if line.startswith("| stability/divergence |"))
    assert float(row.split("|")[4]) > 0
    assert row.split("|")[5].strip() == "-"
    assert len(list(runs.glob("analysis_*.png"))) == 2
    monkeypatch.setattr(showing, "analyse_population", lambda *arguments: pytest.fail("analysed again"))
    again, shown, _ = start("outputs", "samples=20")
    assert again == 0
    assert shown == [line for line in lines if "analysed)" not in line]
    assert contents(runs) == found


def test_what_is_finished_stays_after_ctrl_c(start: Start, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wholly, calls = showing.analyse_population, []

    def interrupted(*arguments: Any) -> Any:
        calls.append(len(arguments[0]))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return wholly(*arguments)

    monkeypatch.setattr(showing, "analyse_population", interrupted)
    status, _, err = start("outputs", "samples=20")
    assert (status, err.count("\n")) == (130, 1)
    assert len(contents(runs)) == 2
    assert start("outputs", "samples=20")[0] == 0
    assert calls == [2, 1, 1]


def test_other_settings_and_overwrite_analyse_anew(start: Start, runs: Path) -> None:
    start(runs / "tiny" / "mlp_plain", "samples=20", "out=elsewhere")
    (first,) = contents(runs).values()
    start(runs / "tiny" / "mlp_plain", "samples=10", "out=elsewhere")
    (second,) = contents(runs).values()
    assert second["settings"]["samples"] == 10
    assert second["numbers"] != first["numbers"]
    _, lines, _ = start(runs / "tiny" / "mlp_plain", "samples=10", "overwrite=true", "out=elsewhere")
    assert lines[0].startswith("one run of ")
    assert contents(runs) == {"tiny/mlp_plain/seed=1/analysis.json": second}


def test_a_run_that_is_trained_again_is_analysed_again(start: Start, runs: Path) -> None:
    path = runs / "tiny" / "mlp_plain" / "seed=1"
    start(path, "samples=20")
    run(Job(tiny_config("abs_difference", "mlp_plain", seed=1, overwrite=True), path))
    assert find_runs([path])[0].analysis == {}
    _, lines, _ = start(path, "samples=20")
    assert lines[0].startswith("one run of ")


def test_runs_that_cannot_be_analysed_are_named(start: Start, runs: Path) -> None:
    write_unfinished(runs / "half", run_config(), 1)
    (runs / "tiny" / "mlp_attention" / "seed=2" / "checkpoint.pt").unlink()
    status, _, err = start("outputs", "samples=20")
    assert status == 1
    assert sorted(line.rpartition(": ")[2] for line in err.splitlines()) == ["missing", "unfinished"]
    assert len(contents(runs)) == 2


def test_nothing_to_analyse(start: Start, folder: Path) -> None:
    (folder / "outputs").mkdir()
    status, _, err = start("outputs")
    assert status == 1
    assert err == "outputs: no finished run that could be analysed\n"


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("samples=0", "1 to"),
        ("removal=erased", "resampled, zeroed, removed"),
        ("epsilon=3", "<= 1"),
        ("overwrite=maybe", "true, false"),
        ("plugins=no_such_module", "cannot be imported"),
    ],
)
def test_bad_input_is_one_line(start: Start, folder: Path, option: str, words: str) -> None:
    write_run(folder / "outputs" / "run")
    status, _, err = start("outputs", option)
    assert (status, err.count("\n")) == (2, 1)
    assert err.startswith(option)
    assert words in err
