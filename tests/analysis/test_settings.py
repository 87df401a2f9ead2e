"""Settings of an analysis: what is allowed, and how far an adversary may go."""

import pytest

from attnseq.analysis.settings import Settings, read_settings
from attnseq.contracts.spec import Classes, Scalar
from attnseq.core.keys import ConfigError


def test_what_is_not_said_is_usual() -> None:
    assert read_settings({"out": "figures"}) == Settings(1_000, "resampled", None)
    assert read_settings({"samples": "5", "removal": "zeroed", "epsilon": "0.5"}) == Settings(5, "zeroed", 0.5)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("samples", "0"),
        ("samples", "-3"),
        ("samples", "many"),
        ("removal", "erased"),
        ("epsilon", "0"),
        ("epsilon", "x"),
        ("epsilon", "nan"),
        ("epsilon", "2"),
    ],
)
def test_what_is_wrong_is_named(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{key}={value}: must be"):
        read_settings({key: value})


def test_what_is_usual_is_the_same_whether_it_is_said_or_not() -> None:
    number, classes = Scalar(100.0), Classes(("a", "b"))
    stored = Settings().plain(number)
    assert stored == {
        "samples": 1000,
        "removal": "resampled",
        "epsilon": 0.01,
        "epsilon_in": "deviations of the targets",
    }
    assert Settings().are(stored)
    assert Settings(epsilon=0.01).are(stored)
    assert not Settings(epsilon=0.05).are(stored)
    assert not Settings(samples=5).are(stored)
    assert Settings(epsilon=0.05).are(Settings().plain(classes))
    assert not Settings().are(Settings(epsilon=0.01).plain(classes))
    assert not Settings().are({"samples": 1000, "removal": "resampled", "epsilon": None})


def test_the_change_that_is_allowed() -> None:
    number, classes = Scalar(100.0), Classes(("a", "b"))
    assert Settings().allowed_change(number, 40.0) == pytest.approx(0.4)
    assert Settings(epsilon=0.5).allowed_change(number, 40.0) == pytest.approx(20.0)
    assert Settings().allowed_change(classes, 1.0) == pytest.approx(0.05)
