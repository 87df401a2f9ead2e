"""What is done for every run of a population keeps the runs' order, and nothing that goes wrong is swallowed."""

import threading

import pytest
from processes import LIMIT

from attnseq.core.fan_out import WRITERS, for_each


def test_values_come_in_the_order_of_the_runs_whoever_is_done_first() -> None:
    done = [threading.Event() for _ in range(6)]
    done[5].set()

    def last_first(number: int, text: str) -> str:
        assert done[number + 1].wait(LIMIT)
        done[number].set()
        return f"{number}{text}"

    assert for_each(last_first, range(5), "abcde") == ["0a", "1b", "2c", "3d", "4e"]
    assert for_each(str, []) == []


def test_runs_are_written_side_by_side_and_one_alone_without_a_thread() -> None:
    together = threading.Barrier(WRITERS, timeout=LIMIT)  # passes when so many wait at it at once
    for_each(lambda _: together.wait(), range(WRITERS))
    assert for_each(lambda _: threading.current_thread(), [0]) == [threading.current_thread()]


def test_an_error_reaches_the_caller() -> None:
    def fail(number: int) -> None:
        if number == 3:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        for_each(fail, range(5))
    with pytest.raises(ValueError, match="zip"):
        for_each(lambda *row: row, range(3), range(2))
