"""Ranges and choices: what passes, and the one line that names the key and what is allowed."""

import math

import pytest

from attnseq.core.keys import ConfigError, check_choice, check_range


@pytest.mark.parametrize("value", [1, 5, 10])
def test_in_range(value: float) -> None:
    check_range("key", value, 1, 10)


@pytest.mark.parametrize("value", [0.999, 10.001, math.nan, math.inf, -math.inf])
def test_out_of_range(value: float) -> None:
    with pytest.raises(ConfigError, match=r"^key=.*: must be >= 1 and <= 10$"):
        check_range("key", value, 1, 10)


def test_an_open_bound_is_not_in_the_range() -> None:
    with pytest.raises(ConfigError, match=r"^key=0: must be > 0$"):
        check_range("key", 0, 0, open_low=True)


def test_choice() -> None:
    check_choice("key", "b", ("a", "b"))
    with pytest.raises(ConfigError, match=r"^key=c: must be one of a, b$"):
        check_choice("key", "c", ("a", "b"))
