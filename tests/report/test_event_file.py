"""Event files as TensorBoard itself reads them: whole after every write, in their order."""

import errno
import time
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard.summary import Summary, scalar

from attnseq.report.event_file import EventFile


def scalars(folder: Path) -> list[tuple[int, float]]:
    accumulator = EventAccumulator(str(folder)).Reload()
    return [(event.step, event.value) for event in accumulator.Scalars("loss")]


def loss(value: float) -> Summary:
    return scalar("loss", value)


def test_every_event_is_on_disk_when_the_call_returns(tmp_path: Path) -> None:
    events = EventFile(tmp_path)
    (file,) = tmp_path.iterdir()
    for step in range(3):
        events.add(step, loss(step / 2))
        loaded = list(EventFileLoader(str(file)).Load())
        assert [event.step for event in loaded if event.HasField("summary")] == list(range(step + 1))
    assert scalars(tmp_path) == [(0, 0.0), (1, 0.5), (2, 1.0)]


def test_a_write_that_fails_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(writer: RecordWriter, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    events = EventFile(tmp_path)
    (file,) = tmp_path.iterdir()
    monkeypatch.setattr(RecordWriter, "write", full)
    with pytest.raises(OSError, match="No space left") as error:
        events.add(1, loss(0.0))
    assert error.value.filename == str(file)


def test_a_new_session_replaces_what_stood_from_its_step_on(tmp_path: Path) -> None:
    first = EventFile(tmp_path)
    for step in range(4):
        first.add(step, loss(0.0))
    second = EventFile(tmp_path)
    second.start_session(2)
    second.add(2, loss(1.0))
    assert scalars(tmp_path) == [(0, 0.0), (1, 0.0), (2, 1.0)]


@pytest.mark.parametrize("name", ["{ahead}.another-host.1.000000", "{ahead}.zz.99999.999999.v2", "1700000000.host.1.0"])
def test_a_new_file_is_read_last_whatever_the_clock_of_the_first_one_said(tmp_path: Path, name: str) -> None:
    """A run that was begun on a machine whose clock was ahead, and goes on here."""
    first = EventFile(tmp_path)
    (file,) = tmp_path.iterdir()
    for step in range(3):
        first.add(step, loss(0.0))
    file.rename(tmp_path / ("events.out.tfevents." + name.format(ahead=int(time.time()) + 10**6)))
    for session in (1, 2):  # whoever goes on twice, does so in order, too
        again = EventFile(tmp_path)
        again.start_session(session)
        again.add(session, loss(session))
    assert scalars(tmp_path) == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_files_of_one_second_are_read_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    for number in range(12):
        EventFile(tmp_path).add(number, loss(number))
    assert len(list(tmp_path.iterdir())) == 12
    assert scalars(tmp_path) == [(number, float(number)) for number in range(12)]
