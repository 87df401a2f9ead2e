"""`attnseq.board`: links by name, a server that answers, bad input in one line; `test_board_browser.py` looks at it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import LIMIT, wait_until
from run_folders import run_config, write_run

from attnseq import board
from attnseq.report.event_file import EventFile
from attnseq.report.summaries import scalar

Start = Callable[..., tuple[int, str, str]]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Start:
    """`start(*arguments)`: exit status, standard output and standard error of the command."""

    def begin(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["attnseq-board", *arguments])
        status = 0
        try:
            board.main()
        except SystemExit as end:
            status = int(end.code or 0)
        return status, *capsys.readouterr()

    return begin


@pytest.fixture
def runs(folder: Path) -> Path:
    """Two runs with events in outputs/, which lies in the test's folder."""
    for seed in (1, 2):
        EventFile(write_run(folder / "outputs/mlp" / f"seed={seed}", run_config(seed=seed))).add(1, scalar("loss", 0.5))
    return folder / "outputs"


def test_links_without_a_server(start: Start, runs: Path) -> None:
    assert start("outputs", "out=links") == (0, "2 runs in links\n", "")
    assert sorted(path.name for path in Path("links").iterdir()) == ["seed=1", "seed=2"]
    assert start("outputs/mlp/seed=2", "out=links") == (0, "1 run in links\n", "")
    assert [path.name for path in Path("links").iterdir()] == ["mlp_attention seed=2"]


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["nowhere"], 2, "argument FOLDER: nowhere: no such folder"),
        (["outputs", "color=red"], 2, "argument FOLDER: color=red: no such folder"),
        (["empty"], 1, "empty: no runs with TensorBoard events"),
        (["outputs", "port=eighty"], 2, "port=eighty: must be 0 (any that is free) to 65535"),
        (["outputs", "port=65536"], 2, "port=65536: must be 0"),
        (
            ["outputs", "out=outputs"],
            2,
            "out=outputs: must be empty, or written by this command; mlp is something else",
        ),
        (["outputs", "out=~/links"], 2, "out=~/links: no shell fills in ~"),
        ([], 2, "the following arguments are required: FOLDER; usage: attnseq-board FOLDER ... [port=...] [host=...]"),
    ],
)
def test_bad_input_is_one_line(
    start: Start, runs: Path, folder: Path, arguments: list[str], status: int, line: str
) -> None:
    (folder / "empty").mkdir()
    found, out, err = start(*arguments)
    assert (found, out) == (status, "")
    assert err.startswith(line)
    assert err.count("\n") == 1


def test_a_port_that_is_taken_is_named(start: Start, runs: Path) -> None:
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        status, out, err = start("outputs", f"port={port}")
    assert (status, out) == (1, "")
    assert str(port) in err
    assert err.count("\n") == 1


def test_a_host_that_is_none_is_named(start: Start, runs: Path) -> None:
    status, out, err = start("outputs", "port=0", "host=no.such.host.invalid")
    assert (status, out) == (1, "")
    assert err.startswith("TensorBoard cannot be started at no.such.host.invalid: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_shows_runs_and_new_ones_until_it_is_stopped(
    number: signal.Signals, runs: Path, folder: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(Path(board.__file__).parents[1]), "TMPDIR": str(temporary)}
    program = "from attnseq import board; board.REFRESH_SECONDS = 0.1; board.main()"
    command = [sys.executable, "-c", program, "outputs", "port=0"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"^2 runs, called by what differs: (http://\S+) ", process.stdout.readline())
        assert found

        def shown() -> list[str]:
            with urllib.request.urlopen(f"{found[1]}data/runs", timeout=LIMIT) as answer:
                return sorted(json.load(answer))

        wait_until(lambda: shown() == ["seed=1", "seed=2"], process)
        EventFile(write_run(runs / "lstm/seed=1", run_config("lstm_attention", 1))).add(1, scalar("loss", 0.25))
        names = ["lstm_attention seed=1", "mlp_attention seed=1", "mlp_attention seed=2"]
        wait_until(lambda: shown() == names, process)
        process.send_signal(number)
        assert process.wait(timeout=LIMIT) == 0
    assert not list(temporary.glob("attnseq_board_*"))


def test_help_loads_no_tensorboard_and_no_pytorch() -> None:
    program = """
import sys
sys.argv = ["attnseq-board", "--help"]
from attnseq import board
board.main()
print(sorted({"torch", "tensorboard", "hydra"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT, check=True)
    lines = done.stdout.splitlines()
    assert lines[0] == "usage: attnseq-board FOLDER ... [port=...] [host=...] [out=...]"
    assert lines[-1] == "[]"
