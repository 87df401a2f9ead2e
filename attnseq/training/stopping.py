"""Ctrl-C and SIGTERM: training ends at the next safe point, with a checkpoint."""

import signal
from types import FrameType, TracebackType
from typing import Any


class Interrupted(BaseException):
    """Training was asked to stop; `status` is the exit status, 128 + the signal's number.

    Like KeyboardInterrupt it is no `Exception`, so that no library swallows it.
    """

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


class StopSignals:
    """Within it, the first Ctrl-C or SIGTERM is remembered for `check`; a second one ends the program at once.

    Outside the main thread, where Python allows no handlers, nothing is ever remembered.
    """

    def __init__(self) -> None:
        self._received: int | None = None
        self._previous: dict[int, Any] = {}
        self._immediate = False

    def __enter__(self) -> "StopSignals":
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
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
        """While on, a signal raises `Interrupted` where the program stands, as nothing is under way."""
        self._immediate = on
        if on:
            self.check()

    @property
    def received(self) -> bool:
        """Whether a signal came."""
        return self._received is not None

    def check(self) -> None:
        """Raise `Interrupted` if a signal came.

        Raises:
            Interrupted: with the signal's exit status.
        """
        if self._received is not None:
            raise Interrupted(self._received)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if self._immediate or self._received is not None:
            raise Interrupted(number)
        self._received = number
