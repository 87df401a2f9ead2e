"""Writing numbers in few characters: a mean with its interval, values that must be told apart, many whole numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from attnseq.comparison.intervals import LEVEL, Interval
from attnseq.comparison.measures import is_share

DIGITS = 4
"""Most digits of a mean: a finer interval is shown as smaller than the last digit."""


def shown_as(metric: str) -> tuple[str, float]:
    """Return a metric's heading, and what its values are multiplied by: shares are shown in per cent."""
    return (f"{metric} %", 100.0) if is_share(metric) else (metric, 1.0)


def compact(interval: Interval | None, plus_minus: str = "±", scale: float = 1.0, mean_alone: bool = False) -> str:
    """Write a mean and half its interval, with one exponent for both: "1.68±0.02 e-3".

    Args:
        interval: None where there is nothing to show.
        plus_minus: what stands between the two.
        scale: what both are multiplied by.
        mean_alone: whether an interval means nothing, see `measures.is_cost`.

    Returns:
        At most 16 characters; "?" for the interval of a single value, "-" for None.
    """
    if interval is None:
        return "-"
    if mean_alone:
        return plain(interval.mean * scale)
    mean, half = interval.mean * scale, None if interval.half is None else interval.half * scale
    size = max(abs(mean), half or 0.0)
    exponent = _exponent(size, DIGITS)
    shown = 0 if -3 < exponent < 5 else exponent
    mean, place = mean / 10.0**shown, exponent - shown
    suffix = f" e{shown}" if shown else ""
    finest = max(0, DIGITS - 1 - place)
    if half is None:
        return f"{mean:.{finest}f}{plus_minus}?{suffix}"
    half /= 10.0**shown
    decimals = min(finest, max(0, 1 - math.floor(math.log10(half)))) if half > 0 else finest
    error = f"{half:.{decimals}f}"
    if half > 0 and float(error) == 0.0:
        error = f"<{10.0**-decimals:.{decimals}f}"
    return f"{mean:.{decimals}f}{plus_minus}{error}{suffix}"


def plain(value: float) -> str:
    """Write a number that has no interval: whole from 100 on, else with three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def signed(value: float) -> str:
    """Write a difference with its sign and two digits: "+0.021", "-1.6 e-3"."""
    exponent = _exponent(value, 2)
    shown = 0 if -3 < exponent < 5 else exponent
    text = f"{value / 10.0**shown:+.{max(0, 1 - exponent + shown)}f}"
    return f"{text} e{shown}" if shown else text


def _exponent(value: float, digits: int) -> int:
    """Return the exponent of a number that is rounded to so many digits: of 0.00999 and two it is -2."""
    return int(f"{value:.{digits - 1}e}".partition("e")[2])


def probability(p: float) -> str:
    """Write a p value with three decimals; one just below the level of the tests as smaller than that, not as equal."""
    if p < 1e-3:
        return "<0.001"
    alpha = 1.0 - LEVEL
    return f"{p:.3f}" if (p < alpha) == (float(f"{p:.3f}") < alpha - 1e-9) else f"<{alpha:.2g}"


def bounds(interval: Interval | None, scale: float = 1.0, mean_alone: bool = False) -> str:
    """Write a mean and the bounds of its interval, "0.00168 [0.00166, 0.0017]"; the mean where these mean nothing."""
    if interval is None:
        return "-"
    if mean_alone:
        return plain(interval.mean * scale)
    if interval.low is None or interval.high is None:
        return f"{interval.mean * scale:.4g} [?]"
    return f"{interval.mean * scale:.4g} [{interval.low * scale:.4g}, {interval.high * scale:.4g}]"


def apart(values: Iterable[float]) -> list[str]:
    """Write numbers with as few digits as tell different ones apart, but at least two: 0.0017 and 0.0018."""
    numbers = list(values)
    shown = ([f"{number:.{digits}g}" for number in numbers] for digits in range(2, 18))
    return next((texts for texts in shown if len(set(texts)) == len(set(numbers))), list(map(repr, numbers)))


def ranges(numbers: Sequence[int]) -> str:
    """Write rising whole numbers, with consecutive ones as a range: "0 to 3, 7"."""
    starts = [number for place, number in enumerate(numbers) if not place or number != numbers[place - 1] + 1]
    ends = [number for place, number in enumerate(numbers, 1) if place == len(numbers) or number + 1 != numbers[place]]
    pairs = zip(starts, ends, strict=True)
    return ", ".join(str(start) if start == end else f"{start} to {end}" for start, end in pairs)
