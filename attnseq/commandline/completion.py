"""Completing values of keys that have names to choose from: `trainer.compile=` to auto, true, false.

Hydra's shell completion knows keys and the choices of groups, but of a key no more than its present value.
"""

import os
from collections.abc import Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnseq.commandline.composition import compose_config
from attnseq.core.keys import ConfigError, Key
from attnseq.runs.config import RunConfig

SEPARATORS = {"query=bash": " ", "query=zsh": " ", "query=fish": "\n"}
"""What stands between the answers to a shell's question."""


def completed(overrides: Sequence[str], config_dir: Path | None = None) -> str | None:
    """Answer a shell that asks for the values of a key.

    Args:
        overrides: beside --shell-completion, such as `query=bash`; the line to complete is in COMP_LINE, where shells
            put it.
        config_dir: of the user's own configs.

    Returns:
        Whole words, such as `trainer.compile=auto`; None where Hydra has the answer.
    """
    separator = next((SEPARATORS[each] for each in overrides if each in SEPARATORS), None)
    line = os.environ.get("COMP_LINE", "")
    _, *words = line.split() or [""]
    if separator is None or not words or line[-1].isspace() or "=" not in words[-1]:
        return None
    key, _, begun = words[-1].partition("=")
    values = _values(key, [word for word in words[:-1] if "=" in word], config_dir)
    return separator.join(f"{key}={value}" for value in values if value.startswith(begun)) if values else None


def _values(key: str, others: Sequence[str], config_dir: Path | None) -> list[str]:
    """List the values of a key; none where it may be anything, or there is none."""
    group, _, name = key.rpartition(".")
    schema: Any = RunConfig
    if group:
        schema = _schema(group, others, config_dir) or _schema(group, (), config_dir)
    found = [each for each in (fields(schema) if schema else ()) if each.name == name]
    return _names(found[0]) if found else []


def _schema(group: str, overrides: Sequence[str], config_dir: Path | None) -> Any:
    """Return the schema of a group's choice; None where nothing composes, since a line is not yet whole."""
    try:
        config = compose_config(overrides, config_dir)
        return OmegaConf.get_type(config, group) if group in config else None
    except (ConfigError, HydraException, OmegaConfBaseException):
        return None


def _names(of: Field[Any]) -> list[str]:
    of_field: Key | None = of.metadata.get(Key)
    if of_field is not None and of_field.choices is not None:
        return list(of_field.choices if not callable(of_field.choices) else of_field.choices())
    return ["true", "false"] if of.type in (bool, "bool") else []
