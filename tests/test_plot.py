"""`attnseq.plot`: a run's pictures drawn again from its folder, in any form; what cannot be drawn in one line."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from run_folders import run_config, write_diverged, write_run, write_unfinished
from tiny_configs import tiny_config

from attnseq import plot
from attnseq.runs.job import Job
from attnseq.runs.run import run

Plot = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def start(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Plot:
    """`start(*arguments)`: exit status, lines of standard output, standard error; in an empty folder."""

    def begin(*arguments: str | Path) -> tuple[int, list[str], str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["attnseq-plot", *map(str, arguments)])
        status = 0
        try:
            plot.main()
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return begin


@pytest.fixture
def two(folder: Path, no_pictures: None) -> Path:
    """Two runs whose pictures are of one pixel, below the folder that the test runs in."""
    for model in ("mlp_attention", "lstm_plain"):
        run(Job(tiny_config("abs_difference", model), folder / "outputs" / "tiny" / model / "seed=1"))
    return folder / "outputs"


def files(path: Path) -> list[str]:
    return sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())


def test_what_training_wrote_is_drawn_again_as_it_was(start: Plot, tmp_path: Path) -> None:
    path = tmp_path / "run"
    run(Job(tiny_config("abs_difference"), path))
    before = {name: (path / name).read_bytes() for name in ("attention.png", "loss.png")}
    for name in before:
        (path / name).unlink()
    assert start(path) == (0, [str(path / name) for name in before], "")
    assert {name: (path / name).read_bytes() for name in before} == before


def test_runs_keep_their_places_below_the_folder_that_is_asked_for(start: Plot, two: Path, folder: Path) -> None:
    untouched = files(two)
    status, lines, err = start("outputs", "format=pdf,svg", "out=paper/figures")
    assert (status, err) == (0, "")
    assert files(folder / "paper" / "figures") == sorted(
        f"{name}.{form}"
        for form in ("pdf", "svg")
        for name in ("lstm_plain/seed=1/loss", "mlp_attention/seed=1/attention", "mlp_attention/seed=1/loss")
    )
    assert sorted(lines) == sorted(f"paper/figures/{name}" for name in files(folder / "paper" / "figures"))
    assert files(two) == untouched


def test_a_single_run_has_no_folder_of_its_own_and_one_that_is_named_twice_is_drawn_once(
    start: Plot, two: Path, folder: Path
) -> None:
    status, lines, _ = start("outputs/tiny/lstm_plain", "outputs/tiny/lstm_plain/seed=1", "out=here")
    assert (status, lines) == (0, ["here/loss.png"])
    assert files(folder / "here") == ["loss.png"]


def test_of_a_run_that_is_not_finished_there_are_its_losses(start: Plot, folder: Path, no_pictures: None) -> None:
    run(Job(tiny_config("abs_difference"), folder / "run"))
    (folder / "run" / "result.json").unlink()
    assert start("run", "format=svg") == (0, ["run/loss.svg"], "")


def test_what_cannot_be_drawn_is_named_and_the_others_are_drawn(start: Plot, two: Path) -> None:
    write_unfinished(two / "begun", run_config(), 0)
    damaged = write_run(two / "damaged")
    (damaged / "result.json").write_text("{")
    write_diverged(two / "old", run_config())  # its config lacks keys
    status, lines, err = start("outputs", "format=svg")
    assert status == 1
    assert len(lines) == 3
    first, second, third = err.splitlines()
    assert str(two / "begun") in first
    assert second == "outputs/damaged/result.json: damaged (JSONDecodeError)"
    assert third.startswith(f"{two / 'old'}: ")


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["."], 1, "no runs in ."),
        (["nowhere"], 2, "argument FOLDER: nowhere: no such folder"),
        ([".", "format=jpg"], 2, "format=jpg: unknown; allowed are png, pdf, svg"),
        ([".", "format="], 2, "format=: unknown; allowed are png, pdf, svg"),
        ([".", "out=~/figures"], 2, "out=~/figures: no shell fills in ~"),
        ([".", "dpi=300"], 2, "argument FOLDER: dpi=300: no such folder"),
        ([".", "plugins=no_such_package"], 2, "plugins=no_such_package: cannot be imported ("),
    ],
)
def test_bad_input_is_one_line(start: Plot, arguments: list[str], status: int, line: str) -> None:
    found, out, err = start(*arguments)
    assert (found, out) == (status, [])
    assert err.startswith(line)
    assert err.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_named(
    start: Plot, two: Path, folder: Path, read_only: Callable[[Path], None]
) -> None:
    read_only(folder / "out")
    status, _, err = start("outputs", "out=out")
    assert status == 1
    assert err == f"{Path('out') / 'lstm_plain' / 'seed=1'}: Read-only file system\n"
