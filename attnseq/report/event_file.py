"""A TensorBoard event file, written by TensorBoard's own record writer, without the thread of `SummaryWriter`.

A sweep has a file for each run: with hundreds of threads and queues, handing events over costs more than writing them.
TensorBoard's message types are imported for the file format; in the tests its own readers check the files.
"""

from __future__ import annotations

import itertools
import os
import re
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from attnseq.core.files import named_in_errors
from attnseq.report import tags

Logged = tuple[int, Sequence[Summary]]
"""A step, and what is logged of it."""

_NUMBER = itertools.count()

_SECOND = re.compile(r"events\.out\.tfevents\.(\d+)\.")


class EventFile:
    """Appends to a new event file, which is open only while it is written to.

    Args:
        folder: the run's folder; it exists.
        name: of the file; "" for one that is read after all others of the folder.
    """

    def __init__(self, folder: str | Path, name: str = ""):
        # name the file later than all others, since TensorBoard reads files by name; a clock may have been ahead
        named = [int(found[1]) for path in Path(folder).iterdir() if (found := _SECOND.match(path.name))]
        second = max([int(time.time()), *(earlier + 1 for earlier in named)])
        last = f"events.out.tfevents.{second:010d}.{socket.gethostname()}.{os.getpid()}.{next(_NUMBER):06d}"
        self._path = Path(folder) / (name or last)
        self._write(Event(file_version="brain.Event:2"))

    def start_session(self, step: int) -> None:
        """Tell TensorBoard to forget what earlier files of the folder hold from `step` on."""
        self._write(Event(step=step, session_log=SessionLog(status=SessionLog.START)))

    def add(self, step: int, *summaries: Summary) -> None:
        """Write summaries as one event; it is in the file when this returns, whatever happens then.

        Args:
            step: of the event.
            summaries: what it holds.
        """
        self.add_all([(step, summaries)])

    def add_all(self, logged: Sequence[Logged]) -> None:
        """Write an event for each step, as `add` does; one write is cheaper than several."""
        events = [Event(step=step) for step, _ in logged]
        for event, (_, summaries) in zip(events, logged, strict=True):
            for summary in summaries:
                event.summary.value.extend(summary.value)
        self._write(*events)

    def copy(self, events: Iterable[Event]) -> None:
        """Append events of another file unchanged, with the times at which they were first written."""
        with named_in_errors(self._path), self._path.open("ab") as file:
            writer = RecordWriter(file)
            for event in events:
                writer.write(event.SerializeToString())

    def _write(self, *events: Event) -> None:
        now = time.time()
        for event in events:
            event.wall_time = now
        self.copy(events)


def read_events(folder: Path) -> list[Event]:
    """Read what TensorBoard shows of a run's event files: what no later file says to forget.

    Args:
        folder: the run's.
    """
    kept: list[Event] = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for event in _records(path):
            if event.session_log.status == SessionLog.START:
                kept = [earlier for earlier in kept if earlier.step < event.step]
            elif event.HasField("summary"):
                kept.append(event)
    return kept


def is_of(event: Event, group: str) -> bool:
    """Tell whether an event logs a group of tags, see `attnseq.report.tags`."""
    return any(tags.is_of(value.tag, group) for value in event.summary.value)


def events_of_epochs(folder: Path, epochs: int) -> list[Event]:
    """Read what a finished run's event files hold of its epochs: no config, and nothing that was measured at the end.

    Args:
        folder: the run's.
        epochs: how many it had.
    """
    return [
        event
        for event in read_events(folder)
        if is_of(event, tags.STEPS) or (1 <= event.step <= epochs and not is_of(event, tags.TEST))
    ]


def _records(path: Path) -> Iterator[Event]:
    """Yield a file's events up to one that was cut off. TensorBoard's reader adds up checksums, in Python: for long."""
    with path.open("rb") as file:
        while len(header := file.read(12)) == 12:  # a length, and its checksum
            (length,) = struct.unpack("<Q", header[:8])
            content = file.read(length)
            if len(content) < length or len(file.read(4)) < 4:
                return
            yield Event.FromString(content)
