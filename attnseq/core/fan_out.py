"""Does for every run of a population what waits for the disk, or leaves Python's lock, several at a time."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

R = TypeVar("R")

WRITERS = 8
"""Threads. A flush to disk takes some milliseconds, in which other threads can write their files."""


def for_each(function: Callable[..., R], *columns: Iterable[Any]) -> list[R]:
    """What `function` returns for each run, in their order.

    Args:
        function: called with a value of each column.
        columns: of the same length, a value a run.

    Raises:
        ValueError: the columns' lengths differ.
        Whatever `function` raises; other runs' calls may have been made by then.
    """
    rows = list(zip(*columns, strict=True))
    if len(rows) == 1:
        return [function(*rows[0])]
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(lambda row: function(*row), rows))
