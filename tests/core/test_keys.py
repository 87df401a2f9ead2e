"""Keys: what passes, the one line that names the key and what is allowed, and what stands beside it in a YAML file."""

import math
from dataclasses import dataclass, fields
from typing import Any

import omegaconf
import pytest
from omegaconf import OmegaConf

from attnseq.core.keys import MISSING, ConfigError, check_choice, check_range, check_values, comment, comments, key

ADDED = ["own"]


@dataclass
class Base:
    name: str = MISSING
    size: int = key("samples", low=1, high=10)


@dataclass
class Schema(Base):
    rate: float = key("of Adam", low=0, open_low=True, note="the paper's alpha")
    noise: float = key("deviation", low=0)
    share: float = key("of all", low=0, high=1, open_low=True)
    kind: str = key("where it stands", choices={"near": "beside", "far": ""})
    order: str = key("of samples", choices=lambda: ["random", *ADDED])
    note: str = key("any text")

    def __post_init__(self) -> None:
        check_values(self, "group.")


GOOD = {"name": "x", "size": 3, "rate": 0.1, "noise": 0.0, "share": 1, "kind": "far", "order": "own", "note": ""}


def test_a_schema_is_filled_in_by_omegaconf_and_then_checked() -> None:
    assert MISSING == omegaconf.MISSING
    schema: Any = OmegaConf.structured(Schema)
    assert OmegaConf.missing_keys(schema) == set(GOOD)
    filled: Any = OmegaConf.to_object(OmegaConf.merge(schema, GOOD))
    assert filled == Schema(**GOOD)  # type: ignore[arg-type]
    with pytest.raises(omegaconf.errors.ValidationError):
        schema.size = "many"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"size": 0}, "group.size=0: must be >= 1 and <= 10"),
        ({"size": 11, "rate": 0}, "group.size=11: must be >= 1 and <= 10"),
        ({"rate": 0}, "group.rate=0: must be > 0"),
        ({"noise": -1}, "group.noise=-1: must be >= 0"),
        ({"share": 2}, "group.share=2: must be > 0 and <= 1"),
        ({"kind": "off"}, "group.kind=off: must be one of near, far"),
        ({"order": "off"}, "group.order=off: must be one of random, own"),
    ],
)
def test_the_first_value_that_is_not_allowed_is_named(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError) as error:
        Schema(**GOOD | changes)
    assert str(error.value) == line


def test_comments_say_meaning_range_and_what_else_there_is_to_know() -> None:
    assert {field.name: comment(field) for field in fields(Schema)} == {
        "name": "",
        "size": "samples: 1 to 10",
        "rate": "of Adam: greater than 0; the paper's alpha",
        "noise": "deviation: 0 or more",
        "share": "of all: greater than 0, at most 1",
        "kind": "where it stands: near (beside), far",
        "order": "of samples",
        "note": "any text",
    }
    assert list(comments(Base, "group.")) == ["group.size: samples: 1 to 10"]


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
