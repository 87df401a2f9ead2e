"""What an earlier run's files have that ours would not: named in a line, with who wrote them."""

import json
from typing import Any

import pytest

from attnseq.core.version import __version__
from attnseq.training.foreign import another_config, flatten, versions, written_by

CONFIG: dict[str, Any] = {"model": {"name": "a", "size": 8}, "seed": 1}


def other(config: dict[str, Any]) -> str:
    return another_config(json.dumps(config), json.dumps(CONFIG), {"attnseq": "0.0.9"})


@pytest.mark.parametrize(
    ("theirs", "line"),
    [
        ({"model": {"name": "a", "size": 9}, "seed": 1}, "(model.size=9, now 8)"),
        ({"model": {"name": "b", "size": 9}, "seed": 1}, "(model.name=b, now a; model.size=9, now 8)"),
        ({"model": {"name": "a"}, "seed": 1}, "(without model.size, written by attnseq 0.0.9)"),
        ({**CONFIG, "more": 1}, "(with an unknown more, written by attnseq 0.0.9)"),
        ({"seed": 1, "x": 0}, "(without model.name, model.size and with an unknown x, written by attnseq 0.0.9)"),
        ({**CONFIG, **dict.fromkeys("vwxyz", 1)}, "(with an unknown v, w, x, 2 more, written by attnseq 0.0.9)"),
        ({"model": {"name": "a"}, "seed": 2}, "(seed=2, now 1; without model.size, written by attnseq 0.0.9)"),
    ],
)
def test_the_keys_that_differ_are_named(theirs: dict[str, Any], line: str) -> None:
    assert other(theirs) == f"of a run with another config {line}"


@pytest.mark.parametrize("wrote", [None, {}, {"torch": "2.13.0"}, "0.1.0"])
def test_who_does_not_say_it_is_not_made_up(wrote: Any) -> None:
    assert written_by(wrote) == "written by a version of attnseq that it does not name"


def test_our_own_versions() -> None:
    assert versions()["attnseq"] == __version__
    assert written_by(versions()) == f"written by attnseq {__version__}"


def test_flatten() -> None:
    assert flatten({"a": 1, "b": {"c": {"d": [2]}, "e": None}}) == {"a": 1, "b.c.d": [2], "b.e": None}
