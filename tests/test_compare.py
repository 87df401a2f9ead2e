"""The command as it is started: what it prints, writes and refuses, and how lean it is."""

import contextlib
import csv
import errno
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from processes import LIMIT
from run_folders import run_config, write_diverged, write_run, write_unfinished

from attnseq import compare
from attnseq.comparison import export as comparison_files
from attnseq.core import plugins
from attnseq.metrics import METRICS

USAGE = "usage: attnseq-compare FOLDER ... [group=...] [sort=...] [metrics=...] [out=...] [tensorboard=...]"


@pytest.fixture
def start(monkeypatch, capsys):
    """`start(*arguments)`: (exit status, lines on stdout, lines on stderr) of the command."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["attnseq-compare", *map(str, arguments)])
        status = 0
        try:
            compare.main()
        except SystemExit as end:
            status = end.code
        printed = capsys.readouterr()
        return status, printed.out.splitlines(), printed.err.splitlines()

    return run


@pytest.fixture
def runs(folder):
    """A folder with two variants of two seeds."""
    for seed, loss in ((1, 0.1), (2, 0.2)):
        write_run(folder / "outputs/one/mlp" / f"seed={seed}", run_config("mlp_attention", seed), loss=loss)
        write_run(folder / "outputs/one/lstm" / f"seed={seed}", run_config("lstm_attention", seed), loss=loss / 100)
    return Path("outputs/one")


def rows(path):
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_folder_is_compared_and_gets_the_files(start, runs):
    status, out, err = start(runs)
    assert (status, err) == (0, [])
    assert out[0] == "2 variants, 4 of 4 runs finished; best first: smallest loss/validation"
    assert out[-6:] == [
        f"outputs/one/compare{ending}"
        for ending in (".csv", ".json", ".md", "_loss.png", "_final.png", "_attention.png")
    ]
    assert [row["variant"] for row in rows("outputs/one/compare.csv")] == ["lstm_attention", "mlp_attention"]


def test_curves_of_variants_go_where_they_are_asked_for(start, runs):
    status, out, err = start(runs, "tensorboard=a b/curves")
    assert (status, err) == (0, [])
    assert out[-1] == "tensorboard --logdir 'a b/curves'"
    assert sorted(path.name for path in Path("a b/curves").iterdir()) == ["lstm_attention", "mlp_attention"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("outputs", "tensorboard=outputs: must be empty, or written by this command; one is something else"),
        ("~/x", "tensorboard=~/x: no shell fills in ~ in the middle of a word; write $HOME"),
        ("", "tensorboard=: not a folder"),
    ],
)
def test_curves_are_refused_before_anything_is_written(start, runs, value, said):
    before = sorted(Path().rglob("*"))
    assert start(runs, f"tensorboard={value}") == (2, [], [said])
    assert sorted(Path().rglob("*")) == before


def test_a_second_comparison_does_not_see_the_files_of_the_first(start, runs):
    assert start(runs)[:2] == start(runs)[:2]


def test_options_choose(start, runs):
    status, out, _ = start(
        runs, "group=model.name,trainer.learning_rate", "sort=loss/test", "metrics=mae/test", "out=else/where"
    )
    assert status == 0
    assert out[0].endswith("best first: smallest loss/test")
    first, _ = rows("else/where/compare.csv")
    assert first["variant"] == "lstm_attention learning_rate=0.001"
    assert {"loss/test", "mae/test"} <= first.keys()
    assert "seconds" not in first


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("group=depth", "group=depth: unknown; allowed are model.name"),
        ("sort=speed", "sort=speed: unknown; allowed are loss/validation"),
        ("metrics=loss/test,speed", "metrics=speed: unknown; allowed are loss/validation"),
        ("colour=red", f"argument FOLDER: colour=red: no such folder; {USAGE}"),
        ("--colour=red", f"unrecognized arguments: --colour=red; {USAGE}"),
        ("missing", f"argument FOLDER: missing: no such folder; {USAGE}"),
        ("", "an argument is empty"),
        ("out=", "out=: not a folder"),
        ("sort=", "sort=: unknown; allowed are loss/validation"),
        ("group=", "group=: unknown; allowed are model.name"),
        ("metrics=", "metrics=: unknown; allowed are loss/validation"),
    ],
)
def test_bad_input_is_refused_in_one_line_before_anything_is_written(start, runs, option, said):
    status, out, err = start(runs, option)
    assert (status, out, len(err)) == (2, [], 1)
    assert err[0].startswith(said)
    assert not list(runs.glob("compare*"))


def test_damaged_runs_and_empty_folders_take_a_line_each_and_the_rest_is_compared(start, runs):
    Path("outputs/two/empty").mkdir(parents=True)
    (runs / "lstm" / "seed=2" / "result.json").write_text('{"status": "fin')
    status, out, err = start(runs, "outputs/two")
    assert (status, err) == (0, ["outputs/two: no runs in it"])
    damaged = "damaged: outputs/one/lstm/seed=2/result.json: damaged (JSONDecodeError)"
    assert damaged in out
    assert damaged in Path("outputs/compare.md").read_text()
    assert [row["finished"] for row in rows("outputs/compare.csv")] == ["1", "2"]


def test_where_nothing_is_finished_one_line_says_what_there_is(start, folder):
    write_unfinished(folder / "outputs/a", run_config(), epochs=1)
    write_diverged(folder / "outputs/b", run_config(seed=2))
    status, out, err = start("outputs")
    assert (status, out) == (1, [])
    assert err == [
        "no finished run to compare; unfinished: outputs/a (1 of 3 epochs); diverged: outputs/b (epoch 2, step 7)"
    ]


def test_a_folder_without_runs(start, folder):
    (folder / "empty").mkdir()
    status, _, err = start("empty")
    assert (status, err) == (1, ["empty: no runs in it", "no finished run to compare"])


def test_a_place_that_cannot_be_written(start, runs, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "there")

    monkeypatch.setattr(Path, "mkdir", refuse)
    status, _, err = start(runs, "out=there")
    assert status == 1
    assert err == ["there: cannot be written (Permission denied): no compare.csv; out=FOLDER says where to write"]


def test_a_read_only_folder_takes_the_files_alone(start, runs, monkeypatch):
    """As a file system that is mounted read-only answers: with the name of a temporary file, which helps nobody."""

    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, "Read-only file system", f"{path}.1234.tmp")

    monkeypatch.setattr(comparison_files, "save", lambda _, path, **__: refuse(path))
    status, out, err = start(runs)
    assert status == 1
    assert any("lstm_attention" in line.split() for line in out)
    assert err == [f"{runs}: cannot be written (Read-only file system): no compare.csv; out=FOLDER says where to write"]


def test_files_are_written_before_anything_is_printed(start, runs, monkeypatch):
    """`| head` ends the printing, whatever that raises."""

    def closed(*_):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(compare, "print_comparison", closed)
    with contextlib.suppress(BrokenPipeError):
        start(runs)
    assert len(list(runs.glob("compare*"))) == 6


def test_a_usual_column_that_no_run_has_is_left_out_and_one_that_some_have_is_said(start, folder):
    write_run(folder / "outputs/run", result={"attention/entropy": None})
    write_run(
        folder / "outputs/other", run_config("lstm_attention"), result={"attention/entropy": None, "seconds": None}
    )
    status, out, _ = start("outputs")
    assert status == 0
    assert "seconds: no number from lstm_attention (all seeds)" in out
    assert not any("attention/entropy" in line for line in out)
    assert {row["seconds seeds"] for row in rows("outputs/compare.csv")} == {"0", "1"}


def test_a_plugin_that_cannot_be_imported_takes_one_line(start, runs, monkeypatch):
    monkeypatch.setattr(plugins, "MODULES", ["no_such_plugin"])
    monkeypatch.setattr(METRICS, "_is_loaded", False)
    why = "ModuleNotFoundError: No module named 'no_such_plugin'"
    line = f"plugins=no_such_plugin: cannot be imported ({why}); is it installed, or its folder on PYTHONPATH?"
    assert start(runs) == (2, [], [line])
    monkeypatch.setattr(plugins, "MODULES", list(plugins.MODULES))
    assert start("plugins=[no_such_plugin]", runs) == (2, [], [line])  # one that is named


def test_help_is_the_commands_description(start):
    status, out, _ = start("--help")
    assert status == 0
    assert any("Student's t below 30 seeds" in line for line in out)


@pytest.mark.parametrize("command", ["compare", "status"])
def test_neither_pytorch_nor_hydra_is_loaded(runs, command):
    code = f"""
import sys
from attnseq import {command}
sys.argv = ["attnseq-{command}", {str(runs)!r}]
{command}.main()
print(sorted({{"torch", "hydra", "omegaconf", "tensorboard"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_each_file_of_a_run_is_read_once(start, runs, monkeypatch):
    """What makes a thousand runs a matter of seconds, which no test should time."""
    read, read_bytes = Counter(), Path.read_bytes

    def counting(path):
        read[path.name] += 1
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", counting)
    assert start(runs)[0] == 0
    assert read == {"result.json": 4, "history.csv": 4}
