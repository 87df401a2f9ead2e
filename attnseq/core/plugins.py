"""Modules that register choices of their own when they are imported: the article's, and those of users.

A user's is named (`plugins=[my_package.attention]`, `attnseq.load(folder, plugins=[...])`), or is an entry point of the
group `attnseq.plugins` of an installed package.
"""

import importlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points

GROUP = "attnseq.plugins"

MODULES = ["attnseq.article"]
"""What is imported, by name: the shipped ones, and those that were named."""

_is_loading = False


def add(modules: Iterable[str]) -> None:
    """Name modules; they are imported when next somebody looks what there is to choose from."""
    MODULES.extend(name for name in dict.fromkeys(modules) if name not in MODULES)


@cache
def installed() -> tuple[str, ...]:
    """Modules that installed packages name as their entry points."""
    return tuple(dict.fromkeys(point.module for point in entry_points(group=GROUP)))


def known() -> set[str]:
    """All modules that are imported, or will be."""
    return {*MODULES, *installed()}


def load() -> None:
    """Import them, those that are not yet.

    Raises:
        ConfigError: one cannot be imported.
    """
    global _is_loading
    if _is_loading:  # one that is being imported looks itself what there is
        return
    _is_loading = True
    try:
        for name in (*MODULES, *installed()):
            _import(name)
    finally:
        _is_loading = False


def _import(name: str) -> None:
    from attnseq.core.keys import ConfigError

    try:
        importlib.import_module(name)
    except Exception as error:  # whatever a user's module does
        if name in MODULES:
            MODULES.remove(name)  # who catches the error may go on with what there is
        missing = isinstance(error, ModuleNotFoundError) and error.name == name.partition(".")[0]
        advice = "; is it installed, or its folder on PYTHONPATH?" if missing else ""
        raise ConfigError(f"plugins={name}: cannot be imported ({type(error).__name__}: {error}){advice}") from error
