"""Packages that register choices of their own: the article's, and later a user's."""

import importlib

MODULES = ["attnseq.article"]
"""Names of modules; importing one registers what it brings."""


def load() -> None:
    """Import them, those that are not yet.

    Raises:
        ConfigError: one cannot be imported.
    """
    from attnseq.core.keys import ConfigError

    for name in MODULES:
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever a user's module does
            raise ConfigError(f"plugins={name}: cannot be imported ({type(error).__name__}: {error})") from error
