"""Finding the modules that a command line names with `plugins=`, before composing, which needs their choices."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from attnseq.core.keys import ConfigError
from attnseq.runs.config_files import set_value

KEY = "plugins"


def named_plugins(overrides: Sequence[str], config_dir: Path | None = None) -> list[str]:
    """List the modules that a command line names, or else those of the experiments that it chooses.

    A text that does not parse names none: composition says what is wrong with it.

    Args:
        overrides: of the command line, including sweeps.
        config_dir: of the user's own configs.

    Raises:
        ConfigError: the value is not a list, or an experiment's file is not YAML.
    """
    parsed = list(_parsed(overrides))
    given = [each for each in parsed if each.key_or_group == KEY and not each.is_delete()]
    for each in given:
        if not isinstance(each.value(), list):  # else what a plugin has would be said to be unknown
            raise ConfigError(f"{each.input_line}: takes a list in brackets, such as {KEY}=[a,b], and no sweep")
    if given:
        return _names(given[-1].value())
    folders = [Path(name.removeprefix("file://")) for each in parsed for name in _searchpath(each)]
    own = (*([config_dir] if config_dir else []), *folders)
    chosen = [choice for each in parsed if each.key_or_group == "experiment" for choice in _choices(each)]
    try:
        values = [set_value("experiment", choice, KEY, own) for choice in chosen]
    except Exception as error:  # the YAML parser and the file system raise many
        raise ConfigError(f"experiment={','.join(chosen)}: cannot be read ({' '.join(str(error).split())})") from None
    return list(dict.fromkeys(name for value in values for name in _names(value)))


def _parsed(overrides: Sequence[str]) -> Iterator[Override]:
    parser = OverridesParser.create()
    for text in overrides:
        try:
            yield from parser.parse_overrides([text])
        except HydraException:
            continue


def _names(value: Any) -> list[str]:
    """Return the names in a list; none where the value is not a list."""
    if OmegaConf.is_list(value):
        value = OmegaConf.to_container(value)
    return [str(name) for name in value] if isinstance(value, list) else []


def _searchpath(override: Override) -> list[str]:
    return _names(override.value()) if override.key_or_group == "hydra.searchpath" else []


def _choices(override: Override) -> list[str]:
    """List the choices of a group that an override makes: one, or one for each job of a sweep."""
    if override.is_sweep_override():
        return [str(text) for text in override.sweep_string_iterator()]
    value = override.value()
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
