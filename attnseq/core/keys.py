"""The keys of a config: how a value that is not allowed is refused."""

import math
from collections.abc import Collection


class ConfigError(ValueError):
    """A value that the config does not allow; the message is one line that names the key and what is allowed."""


def check_range(key: str, value: float, low: float, high: float = math.inf, open_low: bool = False) -> None:
    """Raise ConfigError unless low <= value <= high (low < value where `open_low`); NaN and infinity never pass."""
    if math.isfinite(value) and (low < value if open_low else low <= value) and value <= high:
        return
    bound = f"> {low}" if open_low else f">= {low}"
    raise ConfigError(f"{key}={value}: must be {bound}" + (f" and <= {high}" if high < math.inf else ""))


def check_choice(key: str, value: str, choices: Collection[str]) -> None:
    """Raise ConfigError unless value is one of choices."""
    if value not in choices:
        raise ConfigError(f"{key}={value}: must be one of {', '.join(choices)}")
