"""Dates as people write them, in English: each form is written and read by one template. No locale is asked.

Shapes: T positions of a written date.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import cached_property, lru_cache
from string import Formatter
from typing import NamedTuple

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

FIRST, LAST = date(1900, 1, 1), date(2099, 12, 31)
"""Dates that samples have."""

ISO = "YYYY-MM-DD"
"""How an answer is written."""

_FIELDS = {
    "year": r"(?P<year>[0-9]{4})",
    "month": r"(?P<month>[0-9]{1,2})",
    "month_name": r"(?P<month>[A-Z][a-z]+)",
    "month_short": r"(?P<month>[A-Z][a-z]{2})",
    "day": r"(?P<day>[0-9]{1,2})",
    "weekday": r"[A-Z][a-z]+",
    "weekday_short": r"[A-Z][a-z]{2}",
}


class Reading(NamedTuple):
    """A date that was read, and where its parts stand.

    Args:
        date: the date.
        year: positions of its four digits.
        month: positions of its one or two digits, or of the letters of its name.
        day: positions of its one or two digits.
        in_words: whether the month has a name.
    """

    date: date
    year: range
    month: range
    day: range
    in_words: bool

    def sources(self) -> Iterator[tuple[int, range]]:
        """Yield answer positions, of `ISO`, with the positions that each depends on; hyphens depend on none.

        A digit that is copied depends on its own position. Both digits of a month depend on all letters of its name.
        Both digits of a number of one digit, such as the 03 of "3 May", depend on that digit's position: that it stands
        alone makes the 0.
        """
        yield from ((place, self.year[place : place + 1]) for place in range(4))
        for first, written, in_words in ((5, self.month, self.in_words), (8, self.day, False)):
            is_copied = len(written) == 2 and not in_words
            for place in range(2):
                yield first + place, written[place : place + 1] if is_copied else written


class Form:
    """A way to write dates.

    Args:
        template: of `str.format`, with the fields year, month, month_name, month_short, day, weekday, weekday_short.
    """

    def __init__(self, template: str):
        self.template = template

    def write(self, day: date) -> str:
        """Write a date."""
        name, weekday = MONTHS[day.month - 1], WEEKDAYS[day.weekday()]
        return self.template.format(
            year=day.year,
            month=day.month,
            month_name=name,
            month_short=name[:3],
            day=day.day,
            weekday=weekday,
            weekday_short=weekday[:3],
        )

    def read(self, text: str) -> Reading | None:
        """Read a date; None unless it is written in exactly this form, and exists, on that weekday."""
        found = self._pattern.fullmatch(text)
        if found is None:
            return None
        month, in_words = found["month"], not found["month"].isdigit()
        number = _SHORT.get(month[:3], 0) if in_words else int(month)
        try:
            day = date(int(found["year"]), number, int(found["day"]))
        except ValueError:  # there is no such day
            return None
        if self.write(day) != text:  # a 0 too many or too few, or another weekday
            return None
        year, written_month, written_day = (range(*found.span(part)) for part in ("year", "month", "day"))
        return Reading(day, year, written_month, written_day, in_words)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = Formatter().parse(self.template)
        return re.compile("".join(re.escape(text) + (_FIELDS[field] if field else "") for text, field, *_ in parts))


FORMS = tuple(
    map(
        Form,
        (
            "{day} {month_name} {year}",  # 3 May 1998
            "{month_name} {day}, {year}",  # May 3, 1998
            "{day:02} {month_short} {year}",  # 03 Sep 1998
            "{month_short} {day}, {year}",  # Sep 3, 1998
            "{day}-{month_short}-{year}",  # 3-Sep-1998
            "{day:02}.{month:02}.{year}",  # 03.05.1998
            "{day}.{month}.{year}",  # 3.5.1998
            "{year}/{month:02}/{day:02}",  # 1998/05/03
            "{weekday}, {day}.{month}.{year}",  # Sunday, 3.5.1998
            "{weekday}, {month_name} {day}, {year}",  # Sunday, May 3, 1998
            "{weekday_short} {day} {month_short} {year}",  # Sun 3 May 1998
        ),
    )
)
"""None is ambiguous: between dots the day comes first, between slashes the year."""

_SHORT = {name[:3]: number for number, name in enumerate(MONTHS, 1)}


@lru_cache(1 << 15)  # validation samples are read after every epoch
def read(text: str) -> Reading | None:
    """Read a date in any of `FORMS`; None where it is in none of them."""
    return next(filter(None, (form.read(text) for form in FORMS)), None)


def longest() -> int:
    """Compute T, characters of the longest date in any form."""
    a_year = (
        date(FIRST.year, month, day) for month in range(1, 13) for day in range(22, 29)
    )  # two digits, all weekdays
    return max(len(form.write(day)) for day in a_year for form in FORMS)
