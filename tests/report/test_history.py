import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from attnseq.report import history
from attnseq.report.records import EpochRecord

MakeRecord = Callable[..., EpochRecord]


def test_rows_read_back_bit_for_bit(tmp_path: Path, make_record: MakeRecord) -> None:
    path = tmp_path / "history.csv"
    records = [make_record(epoch) for epoch in (1, 2)]
    for record in records:
        history.append(path, record)
    rows = history.read(path)
    assert [row["epoch"] for row in rows] == [1, 2]
    for row, record in zip(rows, records, strict=True):
        assert {name: row[name] for name in record.row} == record.row
        assert [row[f"attention/position_{t}"] for t in range(3)] == record.attention["attention"].mean_T.tolist()
        assert row["seconds"] == 2.25


@pytest.mark.parametrize("keep", [0, 1, 2, 3, 9])
def test_truncated_and_continued_equals_uninterrupted(tmp_path: Path, make_record: MakeRecord, keep: int) -> None:
    whole, resumed = tmp_path / "whole.csv", tmp_path / "resumed.csv"
    for path in (whole, resumed):
        for epoch in (1, 2, 3):
            history.append(path, make_record(epoch))
    history.truncate(resumed, keep)
    assert len(history.read(resumed) if resumed.exists() else []) == min(keep, 3)
    for epoch in range(min(keep, 3) + 1, 4):
        history.append(resumed, make_record(epoch))
    assert resumed.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["resumed.csv", "whole.csv"]


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_row_cut_off_by_a_kill_is_as_if_it_had_not_been(tmp_path: Path, make_record: MakeRecord, cut: int) -> None:
    path = tmp_path / "history.csv"
    for epoch in (1, 2):
        history.append(path, make_record(epoch))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    rows = history.read(path)
    assert [row["epoch"] for row in rows] == [1, 2][: len(rows)]
    assert len(rows) < 2
    for epoch in range(len(rows) + 1, 3):
        history.append(path, make_record(epoch))
    assert path.read_bytes() == whole


def test_truncating_nothing_makes_nothing(tmp_path: Path) -> None:
    history.truncate(tmp_path / "history.csv", 3)
    assert not list(tmp_path.iterdir())


def test_an_epoch_is_not_written_twice(tmp_path: Path, make_record: MakeRecord) -> None:
    path = tmp_path / "history.csv"
    history.append(path, make_record(2))
    with pytest.raises(ValueError, match="already holds epoch 2"):
        history.append(path, make_record(2))


def test_other_columns_are_refused(tmp_path: Path, make_record: MakeRecord) -> None:
    path = tmp_path / "history.csv"
    history.append(path, make_record(1, positions=3))
    before = path.read_bytes()
    with pytest.raises(ValueError, match="other columns"):
        history.append(path, make_record(2, positions=4))
    assert path.read_bytes() == before


def test_a_write_that_fails_names_the_file(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "history.csv"
    history.append(path, make_record(1))
    monkeypatch.setattr(os, "fsync", full)
    for write in (lambda: history.append(path, make_record(2)), lambda: history.truncate(path, 1)):
        with pytest.raises(OSError, match="No space left") as error:
            write()
        assert error.value.filename == str(path)


def test_no_history_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no history"):
        history.read(tmp_path / "history.csv")
