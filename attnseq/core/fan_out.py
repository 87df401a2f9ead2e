"""Calls for the runs of a population, several at a time: for work that waits for the disk or leaves Python's lock."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

R = TypeVar("R")

WRITERS = 8
"""Threads. A flush to disk takes some milliseconds, in which other threads can write their files."""


def for_each(function: Callable[..., R], *columns: Iterable[Any]) -> list[R]:
    """Call `function` for each run, several at a time, and return the results in the order of the runs.

    Args:
        function: called with a value of each column.
        columns: of the same length, with a value for each run.

    Raises:
        ValueError: the columns' lengths differ.
        Whatever `function` raises; calls for other runs may have been made by then.
    """
    rows = list(zip(*columns, strict=True))
    if len(rows) == 1:
        return [function(*rows[0])]
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(lambda row: function(*row), rows))
