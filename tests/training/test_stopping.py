"""Ctrl-C and SIGTERM: the first is remembered, the second ends the program, handlers are given back."""

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from attnseq.training.stopping import Interrupted, StopSignals

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[dict[int, Any]]:
    """Handlers of our own, which must be in place again afterwards, so that no stray signal ends the tests."""
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def miss(*_: object) -> None:
        raise AssertionError("the signal went past StopSignals")

    mine: dict[int, Any] = dict.fromkeys(SIGNALS, miss)
    for number, handler in mine.items():
        signal.signal(number, handler)
    yield mine
    after = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        signal.signal(number, handler)
    assert after == mine


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_is_remembered_until_asked_for(number: signal.Signals, status: int) -> None:
    with StopSignals() as stop:
        stop.check()
        signal.raise_signal(number)
        assert stop.received
        with pytest.raises(Interrupted, match=number.name) as caught:
            stop.check()
    assert caught.value.status == status


@pytest.mark.parametrize("second", SIGNALS)
def test_the_second_ends_the_program_at_once(second: signal.Signals) -> None:
    with StopSignals() as stop:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted) as caught:
            signal.raise_signal(second)
        assert stop.received
    assert caught.value.status == 128 + second


def test_immediate_raises_where_the_program_stands_while_it_is_on() -> None:
    with StopSignals() as stop:
        stop.immediate(True)
        with pytest.raises(Interrupted) as caught:
            signal.raise_signal(signal.SIGTERM)
        assert caught.value.status == 143
        stop.immediate(False)
        stop.check()  # what was raised at once is not remembered
        signal.raise_signal(signal.SIGTERM)
        assert stop.received


def test_immediate_raises_for_what_came_before() -> None:
    with StopSignals() as stop:
        signal.raise_signal(signal.SIGINT)
        stop.immediate(False)
        with pytest.raises(Interrupted):
            stop.immediate(True)


def test_handlers_are_restored_also_after_an_error(handlers: dict[int, Any]) -> None:
    with StopSignals():
        assert all(signal.getsignal(number) != handlers[number] for number in SIGNALS)
    assert all(signal.getsignal(number) == handlers[number] for number in SIGNALS)
    with pytest.raises(RuntimeError, match="inside"), StopSignals():
        raise RuntimeError("inside")
    assert all(signal.getsignal(number) == handlers[number] for number in SIGNALS)


def test_a_thread_without_handlers_hears_nothing_and_goes_on() -> None:
    heard: list[bool] = []

    def work() -> None:
        with StopSignals() as stop:
            stop.immediate(True)
            stop.check()
            heard.append(stop.received)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard == [False]
