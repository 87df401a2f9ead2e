"""Runs are found at any depth, and what is damaged says so without hiding the rest."""

import os
from pathlib import Path

import pytest
from filelock import FileLock
from processes import lock_holder
from run_folders import run_config, write_diverged, write_run, write_unfinished

from attnseq.runs.reading import find_runs, is_locked, read_run, run_folders


def test_runs_at_any_depth_in_natural_order(tmp_path):
    for name in ("a/b/seed=10", "a/b/seed=2", "c"):
        write_run(tmp_path / name)
    (tmp_path / "empty").mkdir()
    (tmp_path / ".hidden").mkdir()
    write_run(tmp_path / ".hidden" / "seed=1")
    found = [run.path.relative_to(tmp_path).as_posix() for run in find_runs([tmp_path])]
    assert found == ["a/b/seed=2", "a/b/seed=10", "c"]


def test_a_folder_within_another_is_not_read_twice(tmp_path):
    write_run(tmp_path / "a" / "seed=1")
    assert len(find_runs([tmp_path, tmp_path / "a"])) == 1


def found_below(folder):
    return [run.path.relative_to(folder).as_posix() for run in find_runs([folder])]


def test_links_to_variants_are_followed(tmp_path):
    for name in ("outputs/a/seed=1", "outputs/b/seed=1", "outputs/c/seed=1"):
        write_run(tmp_path / name)
    (tmp_path / "selected").mkdir()
    for name in ("a", "b"):
        (tmp_path / "selected" / name).symlink_to(tmp_path / "outputs" / name)
    (tmp_path / "selected" / "one").symlink_to(Path("../outputs/c/seed=1"))
    assert found_below(tmp_path / "selected") == ["a/seed=1", "b/seed=1", "one"]


def test_a_run_is_found_once_and_by_a_path_without_links_where_there_is_one(tmp_path):
    write_run(tmp_path / "real" / "seed=1")
    for name in ("again", "zagain"):
        (tmp_path / name).symlink_to("real")
    assert found_below(tmp_path) == ["real/seed=1"]
    (tmp_path / "elsewhere").symlink_to(tmp_path)
    assert found_below(tmp_path / "elsewhere") == ["real/seed=1"]


def test_links_that_lead_back_to_themselves_or_nowhere_end(tmp_path):
    write_run(tmp_path / "a" / "seed=1")
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "over").symlink_to("../a")
    (tmp_path / "a" / "over").symlink_to("../b")
    (tmp_path / "itself").symlink_to("itself")
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / ".hidden").symlink_to("a")
    assert found_below(tmp_path) == ["a/seed=1"]
    assert found_below(tmp_path / "b") == ["over/seed=1"]


@pytest.mark.parametrize("name", ["result.json", "checkpoint.pt", ".hydra/config.yaml"])
def test_each_of_three_files_makes_a_folder_a_run(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    assert list(run_folders(tmp_path)) == [tmp_path]


def test_a_finished_run(tmp_path):
    run = read_run(write_run(tmp_path / "run", run_config("lstm_attention", 7), loss=0.5))
    assert (run.state, run.epochs, run.total_epochs, run.problem) == ("finished", 3, 3, "")
    assert run.config["model.attention"] == "time"
    assert run.config["seed"] == 7
    assert run.result["loss/validation"] == 0.5


def test_a_diverged_run_has_no_losses_and_is_not_damaged(tmp_path):
    run = read_run(write_diverged(tmp_path / "run", run_config()))
    assert (run.state, run.epochs, run.total_epochs) == ("diverged", 1, 3)


def test_an_unfinished_run_is_read_from_hydras_config_and_its_history(tmp_path):
    folder = write_unfinished(tmp_path / "run", run_config(dataset__seed=3), epochs=2)
    with (folder / "history.csv").open("a") as file:
        file.write("3,0.1,0.")  # a line that a kill cut off
    run = read_run(folder)
    assert (run.state, run.epochs, run.total_epochs) == ("unfinished", 2, 3)
    assert run.config["dataset.seed"] == 3


def test_a_run_that_has_only_begun(tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"PK\x05\x06" + bytes(18))
    run = read_run(tmp_path)
    assert (run.state, run.epochs, run.total_epochs, run.config) == ("unfinished", 0, None, {})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("result.json", b"{"),
        ("result.json", b"\xff\xfe"),
        ("result.json", b"[]"),
        ("result.json", b'{"status": "done"}'),
        ("result.json", b'{"status": "finished", "config": "text of an earlier version"}'),
        ("result.json", b'{"status": "finished", "config": {"model": {"name": "m"}}}'),
        (".hydra/config.yaml", b"a: [1"),
        (".hydra/config.yaml", b"just text"),
        ("checkpoint.pt", b"half a file"),
    ],
)
def test_a_damaged_file_is_named_in_one_line(tmp_path, name, content):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    run = read_run(tmp_path)
    assert run.state == "damaged"
    assert str(tmp_path / name) in run.problem
    assert "\n" not in run.problem


@pytest.mark.parametrize("loss", [None, "much", float("nan"), True])
def test_a_finished_run_whose_loss_is_no_number_is_damaged(tmp_path, loss):
    run = read_run(write_run(tmp_path / "run", result={"loss/test": loss}))
    assert run.state == "damaged"


def test_a_damaged_history_is_one_damaged_run(tmp_path):
    folder = write_unfinished(tmp_path / "run", run_config(), epochs=1)
    (folder / "history.csv").write_text("epoch\nfirst\n")
    assert read_run(folder).state == "damaged"


def test_a_lock_is_seen_while_a_process_holds_it_and_nothing_is_written(tmp_path):
    assert not is_locked(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with lock_holder(tmp_path / ".lock"):
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)
    with FileLock(tmp_path / ".lock", timeout=0):
        pass  # the probe let go of it


def test_a_lock_that_may_not_be_opened_is_not_held_by_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".lock").touch()

    def refuse(*_: object) -> int:  # root may open every file
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert not is_locked(tmp_path)
