"""A run's folder: one process at a time, no result but a whole one, and no file but its own removed."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from processes import LIMIT, lock_holder

from attnseq.export import SUFFIXES
from attnseq.runs.folder import NEEDED, RunFolder, RunFolderError
from attnseq.training.checkpoint import CheckpointError

CONFIG = '{"model": {"name": "a"}, "seed": 1}'


@pytest.fixture
def run_folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "variant" / "seed=1", CONFIG)


def test_the_lock_keeps_a_second_process_out_until_the_first_is_killed(run_folder: RunFolder) -> None:
    run_folder.path.mkdir(parents=True)
    with lock_holder(run_folder.path / ".lock") as holder:
        with pytest.raises(RunFolderError, match="another process is training") as error, run_folder.lock():
            pass
        assert str(error.value).startswith(str(run_folder.path))
        assert "\n" not in str(error.value)
        assert [path.name for path in run_folder.path.iterdir()] == [".lock"]
        holder.kill()
    with run_folder.lock():
        pass


def test_a_second_holder_in_another_process_is_refused(run_folder: RunFolder) -> None:
    take = "import sys, filelock\nwith filelock.FileLock(sys.argv[1], timeout=0): print('taken')"
    with run_folder.lock():
        command = [sys.executable, "-c", take, str(run_folder.path / ".lock")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode != 0
    assert "Timeout" in done.stderr
    assert done.stdout == ""


def test_the_lock_is_free_after_an_error(run_folder: RunFolder) -> None:
    with pytest.raises(ZeroDivisionError), run_folder.lock():
        raise ZeroDivisionError
    with run_folder.lock():
        assert run_folder.path.is_dir()


def test_no_result_before_the_run_is_finished(run_folder: RunFolder) -> None:
    with run_folder.lock():
        assert run_folder.result() is None
        assert run_folder.load_checkpoint() is None


@pytest.mark.parametrize("status", ["finished", "diverged"])
def test_result_comes_back(run_folder: RunFolder, status: str) -> None:
    written = dict.fromkeys(NEEDED[status], 0.1 + 0.2) | {"status": status, "attention/mean": [0.25, 0.75]}
    with run_folder.lock():
        run_folder.write_result(written)
    assert RunFolder(run_folder.path, CONFIG).result() == written | {"config": json.loads(CONFIG)}


def test_an_older_result_is_refused_by_the_key_that_it_lacks_and_its_version(run_folder: RunFolder) -> None:
    whole = dict.fromkeys(NEEDED["finished"], 0.5) | {"status": "finished", "versions": {"attnseq": "0.0.9"}}
    with run_folder.lock():
        run_folder.write_result({key: value for key, value in whole.items() if key != "loss/test"})
    with pytest.raises(RunFolderError, match=r"without loss/test, written by attnseq 0\.0\.9; overwrite=true"):
        run_folder.result()
    newer = RunFolder(run_folder.path, CONFIG.replace('"a"', '"a", "size": 3'))
    with pytest.raises(RunFolderError, match=r"config \(without model\.size, written by attnseq 0\.0\.9\); .*name="):
        newer.result()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"done"', b"{}", b'{"status": "finished"}', b"\xff\xfe\x00", b'{"status": "finished", "con'],
    ids=["empty", "cut", "list", "text", "no keys", "no config", "not UTF-8", "cut later"],
)
def test_a_damaged_result_is_refused_and_left_alone(run_folder: RunFolder, content: bytes) -> None:
    run_folder.path.mkdir(parents=True)
    run_folder.result_path.write_bytes(content)
    with pytest.raises(RunFolderError, match=r"result\.json: damaged.*overwrite=true") as error:
        run_folder.result()
    assert "\n" not in str(error.value)
    assert run_folder.result_path.read_bytes() == content


def test_another_config_is_refused(run_folder: RunFolder) -> None:
    with run_folder.lock():
        run_folder.write_result({"status": "finished"})
        run_folder.save_checkpoint(1, 0, {"parameters": torch.zeros(2)}, 1.0, 0.5)
    before = run_folder.result_path.read_bytes(), run_folder.checkpoint_path.read_bytes()
    other = RunFolder(run_folder.path, CONFIG.replace("1", "2"))
    with pytest.raises(RunFolderError, match=r"another config.*name=.*overwrite=true"):
        other.result()
    with pytest.raises(CheckpointError, match=r"another config.*name=.*overwrite=true"):
        other.load_checkpoint()
    assert before == (run_folder.result_path.read_bytes(), run_folder.checkpoint_path.read_bytes())


def test_clear_removes_what_a_run_writes_and_nothing_else(run_folder: RunFolder) -> None:
    own = ["result.json", "checkpoint.pt", "plan.json", "history.csv", "attention.png", "loss.png"]
    own += ["attention.pdf", "loss.svg", *(f"model.{suffix}" for suffix in SUFFIXES)]
    own += ["events.out.tfevents.1700000000.host.1.0", "events.out.tfevents.1700000001.host.2.0"]
    foreign = ["notes.txt", "checkpoint.pt.bak", "my_events.out.tfevents.1", "my_model.pt2", "deeper/result.json"]
    with run_folder.lock():
        (run_folder.path / "deeper").mkdir()
        for name in own + foreign:
            (run_folder.path / name).write_text(name)
        run_folder.clear()
        left = {path.relative_to(run_folder.path).as_posix() for path in run_folder.path.rglob("*") if path.is_file()}
        assert left == {".lock", *foreign}
        run_folder.clear()


def test_what_a_killed_process_left_half_written_goes_away(run_folder: RunFolder) -> None:
    run_folder.path.mkdir(parents=True)
    for name in (".checkpoint.pt.k3x9_a", ".result.json.abcdef", ".history.csv.12.tmp", ".loss.png.7.tmp", ".notes"):
        (run_folder.path / name).write_text("half")
    with run_folder.lock():
        assert {path.name for path in run_folder.path.iterdir()} == {".lock", ".notes"}


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def test_result_holds_no_number_that_json_lacks(run_folder: RunFolder) -> None:
    values: dict[str, Any] = {"status": "diverged", "a": math.nan, "b": [1.0, math.inf, [-math.inf]], "c": 1e308}
    with run_folder.lock():
        run_folder.write_result(values)
    content = json.loads(run_folder.result_path.read_text(), parse_constant=refuse)
    expected = {"status": "diverged", "a": None, "b": [1.0, None, [None]], "c": 1e308}
    assert content == expected | {"config": json.loads(CONFIG)}
