"""Numbers and times are short, and say their unit."""

import pytest

from attnseq.report.formats import format_age, format_loss, format_metric, format_seconds, format_speed


@pytest.mark.parametrize("value", [0.0, 0.5, -0.5, 999.99999, -123456.0, 1e-9, -1e-300, float("nan"), float("-inf")])
def test_any_metric_is_short(value: float) -> None:
    assert len(format_metric(value)) <= 10


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (999.9999999, "1.0000e+03"),
        (0.0269, "0.026900"),
        (1.3361e-4, "1.3361e-04"),
        (0.0, "0.0000e+00"),
        (float("nan"), "nan"),
        (1e30, "1.0000e+30"),
    ],
)
def test_losses_are_readable_at_any_size(loss: float, text: str) -> None:
    assert format_loss(loss) == text
    assert len(text) <= 10


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (75, "1:15"), (3599.7, "1:00:00"), (7261, "2:01:01")])
def test_time_spans(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


ROUNDED = [(59.4, "59 s"), (59.7, "1 min"), (3569, "59 min"), (3599, "1 h"), (84_500, "23 h"), (86_399, "1 d")]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (720, "12 min"), (7300, "2 h"), (9e5, "10 d"), *ROUNDED]
)
def test_ages(seconds: float, text: str) -> None:
    assert format_age(seconds) == text


@pytest.mark.parametrize(
    ("speed", "text"),
    [
        (7.4, "7"),
        (9999.4, "9,999"),
        (9999.6, "10k"),
        (999_600, "1M"),
        (999_600_000, "1G"),
        (24_100, "24.1k"),
        (999_400, "999k"),
        (3_872_655, "3.87M"),
    ],
)
def test_speeds(speed: float, text: str) -> None:
    assert format_speed(speed) == text
