"""Signals that stop: the first is remembered, a second one ends the program, handlers are given back."""

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from attnseq.training.stopping import NOTICES, STOPPING, FailedFast, Interrupted, StopSignals


@pytest.fixture(autouse=True)
def handlers() -> Iterator[dict[int, Any]]:
    """Handlers of our own, which must be in place again afterwards, so that no stray signal ends the tests."""
    before = {number: signal.getsignal(number) for number in STOPPING}

    def miss(*_: object) -> None:
        raise AssertionError("the signal went past StopSignals")

    mine: dict[int, Any] = dict.fromkeys(STOPPING, miss)
    for number, handler in mine.items():
        signal.signal(number, handler)
    yield mine
    after = {number: signal.getsignal(number) for number in STOPPING}
    for number, handler in before.items():
        signal.signal(number, handler)
    assert after == mine


def test_what_stops() -> None:
    """A closed terminal and a batch system's warning do, too, where there are such signals."""
    assert [int(number) for number in STOPPING] == ([2, 15] if os.name == "nt" else [2, 15, 1, signal.SIGUSR1])


@pytest.mark.parametrize("number", STOPPING)
def test_the_first_is_remembered_until_asked_for(number: signal.Signals) -> None:
    with StopSignals() as stop:
        stop.check()
        signal.raise_signal(number)
        assert stop.received
        with pytest.raises(Interrupted, match=number.name) as caught:
            stop.check()
    assert caught.value.status == 128 + number


@pytest.mark.parametrize("first", STOPPING)
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_second_ends_the_program_at_once(first: signal.Signals, second: signal.Signals) -> None:
    with StopSignals() as stop:
        signal.raise_signal(first)
        with pytest.raises(Interrupted) as caught:
            signal.raise_signal(second)
        assert stop.received
    assert caught.value.status == 128 + second


@pytest.mark.parametrize("notice", NOTICES)
def test_a_notice_may_come_twice(notice: signal.Signals) -> None:
    """A terminal that is closed says so several times: the checkpoint is written all the same."""
    with StopSignals() as stop:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(notice)
        with pytest.raises(Interrupted, match="SIGINT"):
            stop.check()


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_that_was_ignored_stays_ignored(number: signal.Signals, handlers: dict[int, Any]) -> None:
    """As SIGHUP is by `nohup`, and Ctrl-C of a shell's background job."""
    signal.signal(number, signal.SIG_IGN)
    with StopSignals() as stop:
        signal.raise_signal(number)
        assert not stop.received
        assert signal.getsignal(number) is signal.SIG_IGN
    assert signal.getsignal(number) is signal.SIG_IGN
    signal.signal(number, handlers[number])


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
        assert all(signal.getsignal(number) != handlers[number] for number in STOPPING)
    assert all(signal.getsignal(number) == handlers[number] for number in STOPPING)
    with pytest.raises(RuntimeError, match="inside"), StopSignals():
        raise RuntimeError("inside")
    assert all(signal.getsignal(number) == handlers[number] for number in STOPPING)


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


def test_a_lost_run_is_a_reason_to_stop_only_if_asked() -> None:
    for fail_fast in (False, True):
        stop = StopSignals(fail_fast)
        stop.lost("the first")
        stop.lost("the second")
        assert stop.received is fail_fast
    with pytest.raises(FailedFast, match=r"^the first$") as stopped:
        stop.check()
    assert stopped.value.status == 1
