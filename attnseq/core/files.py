"""Files that are whole or not there, even if the process that writes them ends; errors that say which file it was."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def named_in_errors(path: Path) -> Iterator[None]:
    """Make every OSError inside the block name `path`: Python's own names a temporary file, or none if a write fails.

    Args:
        path: of what is written.
    """
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def write_atomically(path: Path, content: bytes, durable: bool = True) -> None:
    """Write a file such that it is always either the old one or wholly the new one.

    Args:
        path: of the file; its folder exists.
        content: of the file.
        durable: wait for the disk, so that this holds after a power cut; not needed for what can be made again.

    Raises:
        OSError: for instance, the disk is full; it names `path`, the old file is untouched, and nothing else is left.
    """
    with named_in_errors(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        if durable and hasattr(os, "O_DIRECTORY"):  # the rename, too, must reach the disk
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
