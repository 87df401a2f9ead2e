"""The keys of a config: each states its range, unit and meaning once.

Checks of values, error messages, `--help` and the comments of the YAML files take them from there. A schema is a
dataclass:

    @dataclass
    class TrainerConfig:
        learning_rate: float = key("of Adam", low=0, open_low=True)

        def __post_init__(self) -> None:
            check_values(self, "trainer.")
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

MISSING: Any = "???"
"""OmegaConf's mark of a value that a YAML file must fill in, written out: some commands do not load OmegaConf."""


class ConfigError(ValueError):
    """A value that the config does not allow; the message is one line that names the key and what is allowed."""


@dataclass(frozen=True)
class Key:
    """What a key means, and which values it may have.

    Args:
        doc: its meaning and unit.
        low: the smallest value of a number; None where any value of the field's type will do.
        high: the largest.
        open_low: whether `low` itself is left out.
        choices: allowed names, each with its meaning ("" where the name says it). Where others may add names: a
            function that returns them, called whenever a value is checked.
        note: what else there is to know.
    """

    doc: str
    low: float | None = None
    high: float = math.inf
    open_low: bool = False
    choices: Mapping[str, str] | Callable[[], Collection[str]] | None = None
    note: str = ""

    @property
    def allowed(self) -> str:
        """The values that are always allowed, in words; "" where there is nothing to say."""
        if isinstance(self.choices, Mapping):
            return ", ".join(f"{name} ({meaning})" if meaning else name for name, meaning in self.choices.items())
        if self.low is None:
            return ""
        if self.open_low:
            return f"greater than {self.low}" + (f", at most {self.high}" if self.high < math.inf else "")
        return f"{self.low} to {self.high}" if self.high < math.inf else f"{self.low} or more"


def key(doc: str, **limits: Any) -> Any:
    """Make a field of a schema, whose value stands in a YAML file; for the arguments see `Key`."""
    return field(default=MISSING, metadata={Key: Key(doc, **limits)})


def check_values(config: Any, prefix: str) -> None:
    """Raise ConfigError for the first value of a schema that its key does not allow.

    Args:
        config: an object of the schema; fields of base classes are checked first.
        prefix: of its keys, such as "trainer."; "" for keys of the run.
    """
    for each in fields(config):
        of_field: Key | None = each.metadata.get(Key)
        if of_field is None:
            continue
        name, value = f"{prefix}{each.name}", getattr(config, each.name)
        if of_field.low is not None:
            check_range(name, value, of_field.low, of_field.high, of_field.open_low)
        if of_field.choices is not None:
            choices = of_field.choices
            check_choice(name, value, choices if isinstance(choices, Mapping) else choices())


def comment(of: Field[Any]) -> str:
    """Say what a field means and may be, as the comment above it in a YAML file does; "" for one without a key."""
    of_field: Key | None = of.metadata.get(Key)
    if of_field is None:
        return ""
    return of_field.doc + (of_field.allowed and f": {of_field.allowed}") + (of_field.note and f"; {of_field.note}")


def comments(schema: Any, prefix: str) -> Iterator[str]:
    """Write a line for each key of a schema: "trainer.epochs: passes over the training samples: 1 to 1000000"."""
    return (f"{prefix}{each.name}: {comment(each)}" for each in fields(schema) if Key in each.metadata)


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
