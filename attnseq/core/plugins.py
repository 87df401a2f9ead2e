"""Modules that register choices of their own when they are imported: the article's, and those of users.

A user names a plugin (`plugins=[my_package.attention]`, `attnseq.load(folder, plugins=[...])`), or installs a package
that has it as an entry point of the group `attnseq.plugins`.
"""

import importlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points

GROUP = "attnseq.plugins"

MODULES = ["attnseq.article"]
"""Names of modules to import: the shipped ones, and those that users named."""

_is_loading = False


def add(modules: Iterable[str]) -> None:
    """Add modules by name; they are imported when the choices are next looked up."""
    MODULES.extend(name for name in dict.fromkeys(modules) if name not in MODULES)


@cache
def installed() -> tuple[str, ...]:
    """List the modules that installed packages name as their entry points."""
    return tuple(dict.fromkeys(point.module for point in entry_points(group=GROUP)))


def known() -> set[str]:
    """List all modules that are imported, or will be."""
    return {*MODULES, *installed()}


def load() -> None:
    """Import all plugins that are not imported yet.

    Raises:
        ConfigError: one cannot be imported.
    """
    global _is_loading
    if _is_loading:  # a plugin that looks up choices while it is imported must not start this again
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
    except Exception as error:  # a user's module may raise anything
        if name in MODULES:
            MODULES.remove(name)  # so that a caller who catches the error can go on without it
        missing = isinstance(error, ModuleNotFoundError) and error.name == name.partition(".")[0]
        advice = "; is it installed, or its folder on PYTHONPATH?" if missing else ""
        raise ConfigError(f"plugins={name}: cannot be imported ({type(error).__name__}: {error}){advice}") from error
