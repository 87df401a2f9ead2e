"""The time of a step is a mean in which an epoch's end is no jump, and which forgets what was long ago."""

import pytest

from attnseq.report.pace import POINTS, Pace


def paced(seconds: list[float], start: int = 0) -> Pace:
    now = 0.0
    pace = Pace(start, now)
    for step, each in enumerate(seconds, start + 1):
        now += each
        pace.look(step, now)
    return pace


def test_nothing_is_known_before_the_first_step() -> None:
    assert Pace(7, 0.0).seconds_a_step is None


def test_steps_of_earlier_attempts_do_not_count() -> None:
    assert paced([2.0], start=500).seconds_a_step == pytest.approx(2.0)


def test_an_end_of_an_epoch_is_part_of_the_mean() -> None:
    epoch = [0.1] * 100 + [10.1]
    for rest in range(0, 101, 10):
        assert paced(epoch * 20 + epoch[:rest]).seconds_a_step == pytest.approx(0.2, rel=0.12)


def test_what_was_long_ago_is_forgotten() -> None:
    assert paced([10.0] * 100 + [1.0] * 2000).seconds_a_step == pytest.approx(1.0, rel=0.01)


def test_few_looks_are_kept_of_a_long_run() -> None:
    pace = paced([0.2] * 50_000)
    assert len(pace._looks) <= 2 * POINTS
    assert pace.seconds_a_step == pytest.approx(0.2)
