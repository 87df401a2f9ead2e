"""Errors of Hydra in one line, and the quoting that helps, which a shell and Hydra take as it is promised."""

import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import MissingConfigException, OverrideParseException

from attnseq.commandline.explaining import explain, with_quotes


def parse(override: str) -> object:
    (parsed,) = OverridesParser.create().parse_overrides([override])
    return parsed.value()


def test_a_sweeper_that_is_not_installed_is_named_with_its_extra() -> None:
    """As Hydra says it where there is no plugin; here there may be one."""
    missing = MissingConfigException("Could not find 'hydra/sweeper/optuna'", "hydra/sweeper/optuna", ["basic"])
    assert explain(missing) == 'hydra/sweeper=optuna needs Optuna: pip install "attnseq[optuna]"'


@pytest.mark.parametrize("value", ["#1", "a=b", "a,b", "outputs/mlp_attention,epochs=3/seed=1", "it's", "a b ü", "[1"])
def test_the_advised_quoting_gives_the_value_as_it_was_meant(value: str) -> None:
    _, _, advised = with_quotes(f"name={value}").partition(": ")
    (argument,) = shlex.split(advised)
    assert parse(argument) == value


@pytest.mark.parametrize("override", ["seed", "=3", 'name=a"b', "name=a\\"])
def test_where_quotes_do_not_help_none_are_advised(override: str) -> None:
    assert with_quotes(override) == ""


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("name=#1", ["name=#1: ", "in quotes"]),
        ("name=a=b", ["name=a=b: mismatched input '='", "in quotes"]),
        ("hydra.run.dir=~/x", ["hydra.run.dir=~/x: ", "$HOME"]),
        ("seed", ["'seed'", "EQUAL"]),
    ],
)
def test_what_does_not_parse_is_said_with_the_quoting_that_helps(override: str, parts: list[str]) -> None:
    with pytest.raises(OverrideParseException) as error:
        parse(override)
    line = explain(error.value)
    assert "Exception" not in line
    for part in parts:
        assert part in line
