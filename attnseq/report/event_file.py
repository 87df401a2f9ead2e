"""A TensorBoard event file, written by TensorBoard's own record writer, without the thread of `SummaryWriter`.

A sweep has a file for each run: with hundreds of threads and queues, handing events over costs more than writing them.
TensorBoard's message types are imported for the file format; in the tests its own readers check the files.
"""

from __future__ import annotations

import itertools
import os
import re
import socket
import time
from collections.abc import Iterable
from pathlib import Path

from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard import RecordWriter

from attnseq.core.files import named_in_errors

_NUMBER = itertools.count()

_SECOND = re.compile(r"events\.out\.tfevents\.(\d+)\.")


class EventFile:
    """Appends to a new event file, which is open only while it is written to.

    Args:
        folder: the run's folder; it exists.
    """

    def __init__(self, folder: str | Path):
        # name the file later than all others, since TensorBoard reads files by name; a clock may have been ahead
        named = [int(found[1]) for path in Path(folder).iterdir() if (found := _SECOND.match(path.name))]
        second = max([int(time.time()), *(earlier + 1 for earlier in named)])
        name = f"events.out.tfevents.{second:010d}.{socket.gethostname()}.{os.getpid()}.{next(_NUMBER):06d}"
        self._path = Path(folder) / name
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
        event = Event(step=step)
        for summary in summaries:
            event.summary.value.extend(summary.value)
        self._write(event)

    def copy(self, events: Iterable[Event]) -> None:
        """Append events of another file unchanged, with the times at which they were first written."""
        with named_in_errors(self._path), self._path.open("ab") as file:
            writer = RecordWriter(file)
            for event in events:
                writer.write(event.SerializeToString())

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        with named_in_errors(self._path), self._path.open("ab") as file:
            RecordWriter(file).write(event.SerializeToString())


def events_of_epochs(folder: Path, epochs: int) -> list[Event]:
    """Read what a run's event files hold of its first epochs: no config, and nothing logged after the last epoch.

    Args:
        folder: the run's.
        epochs: how many.
    """
    kept: list[Event] = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for event in RawEventFileLoader(str(path)).Load():
            parsed = Event.FromString(event)
            if parsed.session_log.status == SessionLog.START:
                kept = [earlier for earlier in kept if earlier.step < parsed.step]  # TensorBoard forgets these, too
            elif 1 <= parsed.step <= epochs:
                kept.append(parsed)
    return kept
