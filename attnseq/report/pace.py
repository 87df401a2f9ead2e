"""How fast training is, smoothed, for the time that is left."""

from collections import deque

SHARE = 0.5
"""Of the time so far that counts: what is older may have been of another speed."""

POINTS = 100
"""About so many looks are kept, evenly over that time."""


class Pace:
    """The mean time of a step over the second half of the time so far: `pace.look(step, now)`.

    An epoch's end, at which nothing moves for a while, is in the mean like the steps before it, so that the time left
    does not jump there.

    Args:
        step: steps done at the start.
        now: time of the start in seconds.
    """

    def __init__(self, step: int, now: float) -> None:
        self._began = now
        self._looks = deque([(now, step)])

    def look(self, step: int, now: float) -> None:
        """Note how far training is."""
        kept = SHARE * (now - self._began)
        if len(self._looks) < 2 or now - self._looks[-2][0] >= kept / POINTS:
            self._looks.append((now, step))
        else:
            self._looks[-1] = (now, step)
        while len(self._looks) > 2 and self._looks[1][0] <= now - kept:
            self._looks.popleft()

    @property
    def seconds_a_step(self) -> float | None:
        """The mean time of a step; None before the first one."""
        (began, first), (now, last) = self._looks[0], self._looks[-1]
        return (now - began) / (last - first) if last > first else None
