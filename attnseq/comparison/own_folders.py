"""Folders in which a command replaces what it wrote before, and touches nothing of anybody else's."""

from collections.abc import Callable
from pathlib import Path


class NotOwnError(ValueError):
    """A folder that has other things in it; the message is one line."""


def check_own(folder: Path, is_ours: Callable[[Path], bool]) -> list[Path]:
    """List the folders in a folder, all of which an earlier call has written.

    Args:
        folder: which need not exist.
        is_ours: tells whether something in such a folder was written by an earlier call.

    Raises:
        NotOwnError: there is anything else.
        OSError: a folder cannot be listed.
    """
    found = list(folder.iterdir()) if folder.exists() else []
    for path in found:
        if path.is_symlink() or not path.is_dir() or not all(map(is_ours, path.iterdir())):
            raise NotOwnError(f"{folder}: must be empty, or written by this command; {path.name} is something else")
    return found


def clear(folder: Path) -> None:
    """Remove a folder with its files, and links as such."""
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
