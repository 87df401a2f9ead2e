"""Written dates, by hand: each form, what it depends on, and what is no date."""

from datetime import date, timedelta

import pytest

from attnseq.datasets.date_forms import FIRST, FORMS, ISO, LAST, longest, read

Places = list[int]

SOURCES: dict[str, list[Places]] = {
    "3 May 1998": [[6], [7], [8], [9], [2, 3, 4], [2, 3, 4], [0], [0]],
    "May 3, 1998": [[7], [8], [9], [10], [0, 1, 2], [0, 1, 2], [4], [4]],
    "03 Sep 1998": [[7], [8], [9], [10], [3, 4, 5], [3, 4, 5], [0], [1]],
    "Sep 30, 1998": [[8], [9], [10], [11], [0, 1, 2], [0, 1, 2], [4], [5]],
    "3-Sep-1998": [[6], [7], [8], [9], [2, 3, 4], [2, 3, 4], [0], [0]],
    "03.05.1998": [[6], [7], [8], [9], [3], [4], [0], [1]],
    "3.5.1998": [[4], [5], [6], [7], [2], [2], [0], [0]],
    "30.12.1998": [[6], [7], [8], [9], [3], [4], [0], [1]],
    "1998/05/03": [[0], [1], [2], [3], [5], [6], [8], [9]],
    "Sunday, 12.4.2009": [[13], [14], [15], [16], [11], [11], [8], [9]],
    "Sunday, April 12, 2009": [[18], [19], [20], [21], [8, 9, 10, 11, 12], [8, 9, 10, 11, 12], [14], [15]],
    "Sun 12 Apr 2009": [[11], [12], [13], [14], [7, 8, 9], [7, 8, 9], [4], [5]],
}
"""Written dates: positions of the digits of the year, then for the two of the month, then for the two of the day."""
ISO_OF = {
    "3 May 1998": "1998-05-03",
    "May 3, 1998": "1998-05-03",
    "03 Sep 1998": "1998-09-03",
    "Sep 30, 1998": "1998-09-30",
    "3-Sep-1998": "1998-09-03",
    "03.05.1998": "1998-05-03",
    "3.5.1998": "1998-05-03",
    "30.12.1998": "1998-12-30",
    "1998/05/03": "1998-05-03",
    "Sunday, 12.4.2009": "2009-04-12",
    "Sunday, April 12, 2009": "2009-04-12",
    "Sun 12 Apr 2009": "2009-04-12",
}


@pytest.mark.parametrize("text", ISO_OF)
def test_what_each_answer_digit_depends_on(text: str) -> None:
    reading = read(text)
    assert reading is not None
    assert reading.date.isoformat() == ISO_OF[text]
    answers = [place for place, letter in enumerate(ISO) if letter != "-"]
    assert [(answer, list(places)) for answer, places in reading.sources()] == list(
        zip(answers, SOURCES[text], strict=True)
    )


def test_every_form_is_among_them() -> None:
    assert all(any(form.read(text) for text in ISO_OF) for form in FORMS)


def test_what_is_written_is_read_again_and_means_one_day_alone() -> None:
    days = [FIRST, LAST, *(date(1999, 1, 1) + timedelta(number) for number in range(4 * 365 + 2))]
    meant: dict[str, date] = {}
    for day in days:
        for form in FORMS:
            text = form.write(day)
            assert meant.setdefault(text, day) == day
            reading = form.read(text)
            assert reading is not None
            assert reading.date == day
            copied = {answer: text[places[0]] for answer, places in reading.sources() if len(places) == 1}
            written = day.isoformat()
            for answer, digit in copied.items():
                alone = written[answer] == "0" and copied.get(answer + 1) == digit != "0"
                assert digit == written[answer] or alone
    assert date(2000, 2, 29) in meant.values()


@pytest.mark.parametrize(
    "text",
    [
        *("", "May 1998", "3 May 98", "3 May 1998 ", "3 Mai 1998", "31.02.2009", "29.2.1900", "0.5.1998", "3.13.1998"),
        *("03 May 1998x", "003.05.1998", "Monday, 12.4.2009", "sunday, 12.4.2009", "1998/5/3", "\u0663 May 1998"),
    ],
)
def test_what_is_no_date_or_in_no_form_is_not_read(text: str) -> None:
    assert read(text) is None


def test_the_longest() -> None:
    assert longest() == len("Wednesday, September 30, 2009")
