"""A file that is written atomically is the old one or the new one, and no other is left behind."""

import errno
import os
from pathlib import Path

import pytest

from attnseq.core.files import write_atomically


def test_atomic_write_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "result.json"
    write_atomically(path, b"old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_flushed_before_it_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    fsync, replace = os.fsync, os.replace

    def recorded_fsync(descriptor: int) -> None:
        events.append("fsync")
        fsync(descriptor)

    def recorded_replace(source: str, target: Path) -> None:
        assert Path(source).read_bytes() == b"content"
        assert Path(source).parent == target.parent  # a rename is atomic within one file system only
        events.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    write_atomically(tmp_path / "result.json", b"content")
    assert events[:2] == ["fsync", "replace"]


def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")  # as of a write: without a name

    with pytest.raises(FileNotFoundError) as missing:
        write_atomically(tmp_path / "nowhere" / "result.json", b"")
    assert missing.value.filename == str(tmp_path / "nowhere" / "result.json")
    for call in ("fsync", "replace", "chmod"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, full)
            with pytest.raises(OSError, match="No space left") as error:
                write_atomically(tmp_path / "result.json", b"")
        assert (error.value.errno, error.value.filename) == (errno.ENOSPC, str(tmp_path / "result.json"))
    assert not list(tmp_path.iterdir())


def test_the_disk_is_waited_for_only_where_that_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: pytest.fail("waited"))
    write_atomically(tmp_path / "loss.png", b"new", durable=False)
    assert (tmp_path / "loss.png").read_bytes() == b"new"
