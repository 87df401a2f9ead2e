"""Ctrl-C and other signals that end a program: training ends at the next safe point, with a checkpoint."""

import signal
from types import FrameType, TracebackType
from typing import Any

NOTICES = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGUSR1") if hasattr(signal, name))
"""A closed terminal, and a batch system's warning; Windows has neither. They may come twice without asking for more
haste: both the shell and the system report a closed terminal."""

STOPPING = (signal.SIGINT, signal.SIGTERM, *NOTICES)


class Interrupted(BaseException):
    """Training was asked to stop; `status` is the exit status, 128 + the signal's number.

    Like KeyboardInterrupt, it is no `Exception`, so that no library swallows it.
    """

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


class FailedFast(Interrupted):
    """A sweep stops because one of its runs failed or diverged, as `hydra.launcher.fail_fast=true` asks."""

    def __init__(self, reason: str):
        BaseException.__init__(self, reason)
        self.status = 1


class StopSignals:
    """Remembers the first signal of `STOPPING` that comes inside the block, for `check`. A second one ends the program
    at once, unless it is one of `NOTICES`.

    A signal that was ignored before stays ignored: SIGHUP under `nohup`, SIGINT in a script's background job. Outside
    the main thread, where Python allows no handlers, no signal is remembered.

    Args:
        fail_fast: whether a run that is lost is a reason to stop, too.
    """

    def __init__(self, fail_fast: bool = False) -> None:
        self._fail_fast, self._lost = fail_fast, ""
        self._received: int | None = None
        self._previous: dict[int, Any] = {}
        self._immediate = False

    def __enter__(self) -> "StopSignals":
        try:
            for number in STOPPING:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._previous[number] = signal.signal(number, self._remember)
        except ValueError:  # not the main thread
            pass
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def immediate(self, on: bool) -> None:
        """Switch whether a signal raises `Interrupted` wherever the program is: on while there is nothing to lose."""
        self._immediate = on
        if on:
            self.check()

    @property
    def received(self) -> bool:
        """Whether a signal has come, or a run is lost and that is a reason to stop."""
        return self._received is not None or bool(self._lost)

    def lost(self, reason: str) -> None:
        """Take note that a run failed or diverged; with `fail_fast` that is a reason to stop.

        Args:
            reason: names the run and what became of it.
        """
        if self._fail_fast:
            self._lost = self._lost or reason

    def check(self) -> None:
        """Raise `Interrupted` if a signal has come, or `FailedFast` where a run is lost and that is a reason to stop.

        Raises:
            Interrupted: with the signal's exit status, or 1.
        """
        if self._received is not None:
            raise Interrupted(self._received)
        if self._lost:
            raise FailedFast(self._lost)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if self._immediate or (self._received is not None and number not in NOTICES):
            raise Interrupted(number)
        self._received = self._received or number
