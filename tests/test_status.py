"""Every run is listed with its state, counted in the last line, and none is touched."""

import sys

import pytest
from processes import lock_holder
from run_folders import run_config, write_diverged, write_run, write_unfinished, written_at

from attnseq import status


@pytest.fixture
def start(monkeypatch, capsys):
    """`start(*arguments)`: (exit status, lines on stdout, lines on stderr) of the command."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["attnseq-status", *map(str, arguments)])
        code = 0
        try:
            status.main()
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        return code, printed.out.splitlines(), printed.err.splitlines()

    return run


def snapshot(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_states_and_counts(start, folder):
    write_run(folder / "runs/a")
    write_unfinished(folder / "runs/b", run_config(seed=2), epochs=1)
    write_diverged(folder / "runs/c", run_config(seed=3))
    (folder / "runs/d").mkdir()
    (folder / "runs/d/result.json").write_text("{")
    write_unfinished(folder / "runs/e", run_config(seed=5), epochs=2)
    written_at(folder / "runs/e", 2.0**32)  # the file server's clock goes ahead: no time has passed since
    with lock_holder(folder / "runs/e/.lock"):
        before = snapshot(folder)
        code, out, err = start("runs")
    assert (code, err) == (0, [])
    assert out[0].split() == ["state", "epochs", "loss", "s/epoch", "left", "age", "run"]
    assert [line.split()[:2] for line in out[1:6]] == [
        ["finished", "3/3"],
        ["unfinished", "1/3"],
        ["diverged", "1/3"],
        ["damaged", "-"],
        ["training", "2/3"],
    ]
    assert [line[59:] for line in out[1:6]] == [
        "runs/a",
        "runs/b",
        "runs/c",
        "runs/d (runs/d/result.json: damaged (JSONDecodeError))",
        "runs/e",
    ]
    losses, speeds, left = zip(*(line.split()[2:5] for line in out[1:6] if "damaged" not in line), strict=True)
    assert losses[1] == "0.010000"
    assert set(speeds) == {"1.5"}
    assert left[:3] == ("-",) * 3
    assert left[3] == "0:02"  # of an epoch of 1.5 s that has just begun
    assert out[6:] == ["5 runs: 1 finished, 1 diverged, 1 unfinished, 1 damaged, 1 training"]
    assert snapshot(folder) == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["missing"], 2, "argument FOLDER: missing: no such folder; usage: attnseq-status FOLDER ..."),
        ([""], 2, "an argument is empty: '' (a shell variable that is not set?)"),
        ([], 2, "the following arguments are required: FOLDER; usage: attnseq-status FOLDER ..."),
        ([".", "--finished"], 2, "unrecognized arguments: --finished; usage: attnseq-status FOLDER ..."),
        (["."], 1, ".: no runs"),
    ],
)
def test_what_cannot_be_listed(start, folder, arguments, code, said):
    assert start(*arguments) == (code, [], [said])


def test_help(start):
    code, out, _ = start("-h")
    assert code == 0
    assert any("Nothing is written" in line for line in out)
