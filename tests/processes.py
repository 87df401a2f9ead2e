"""Waiting for what other processes and threads do: for an event each time, never for so many seconds."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

LIMIT = 900.0
"""Seconds after which a test gives up on an event: far beyond what a slow and busy machine takes for any of them."""

HOLDER = "import sys, filelock\nwith filelock.FileLock(sys.argv[1]): print(flush=True); sys.stdin.read()"


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Until something has happened that can be seen; it fails where the process that does it ends without it."""
    end = time.monotonic() + LIMIT
    while not happened():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def insist(function: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """What `function` returns, of some attempts: Ray gives its own parts 15 to 30 seconds to start, on any machine."""
    for _ in range(9):
        with suppress(Exception):
            return function(*arguments, **named)
    return function(*arguments, **named)


@contextmanager
def lock_holder(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Within it, another process holds the lock of a file, until it is killed."""
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        yield process
