"""Standard output and standard error that never end a command: their troubles are no reason to lose a result.

The reader may have left (`| head -1`), the disk may be full (`> /dev/full`), a stream may be closed (`>&-`), or the
encoding may lack letters of a name (`PYTHONIOENCODING=ascii`).
"""

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from attnseq.commandline.arguments import fail


@contextmanager
def enduring_output() -> Iterator[None]:
    """Make writing to `sys.stdout` and `sys.stderr` never fail; also a decorator for a command's `main`.

    If nothing else went wrong, but standard output got less than it should have, the program fails at the end with one
    line and exit status 1. A reader that left has read what it wanted: that is no failure.
    """
    before = sys.stdout, sys.stderr
    _open_closed_descriptors()
    lost: list[str] = []
    sys.stdout, sys.stderr = out, err = _enduring(sys.stdout, lost), _enduring(sys.stderr, [])
    try:
        try:
            yield
        except SystemExit as end:
            if end.code:
                raise
        out.flush()
        if lost:
            fail(f"standard output: {lost[0]}; what was to be read there is lost, files are not", 1)
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before


def _open_closed_descriptors() -> None:
    """Open closed descriptors 0 to 2 to nowhere, since the next files that are opened would get these numbers.

    A checkpoint, say, would then contain what libraries and child processes write to standard output and error.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets this number, the lowest that is free


def _enduring(stream: TextIO | None, lost: list[str]) -> TextIO:
    """Make a stream that writes where `stream` does, and never fails.

    Args:
        stream: None where it was closed when Python started.
        lost: gets the reason why something was not written.
    """
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if not isinstance(stream, io.TextIOWrapper):  # leave a notebook's or a test's stream alone
        return stream
    with suppress(OSError):
        stream.flush()
    raw = getattr(stream.buffer, "raw", stream.buffer)  # bypass the buffer, which would keep what cannot be written
    return io.TextIOWrapper(
        io.BufferedWriter(_Enduring(raw, lost)),
        encoding=stream.encoding,
        errors="backslashreplace" if stream.errors == "strict" else stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Enduring(io.RawIOBase):
    """Writes to another stream without a buffer, and drops what cannot be written."""

    def __init__(self, stream: Any, lost: list[str]):
        self._stream, self._lost = stream, lost

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return bool(self._stream.isatty())

    def fileno(self) -> int:
        return int(self._stream.fileno())

    def write(self, data: Any) -> int:
        try:
            written = self._stream.write(data)
            if written is None:  # the descriptor does not wait for its slow reader
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            return int(written)
        except BrokenPipeError:
            pass
        except OSError as error:
            self._lost[:] = [error.strerror or str(error)]
        return len(data)


@contextmanager
def quiet_stop() -> Iterator[None]:
    """End the program at Ctrl-C with exit status 130 and no traceback; also a decorator for `main` of a command."""
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None
