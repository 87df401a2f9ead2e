"""Letting a sweep go on where Hydra's sweeper cannot write multirun.yaml, which it does before it starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf


@contextmanager
def multirun_yaml_where_possible() -> Iterator[None]:
    """Let a sweep start even if its folder cannot be written: it may be finished, and only shown.

    Hydra's basic sweeper would end in a traceback, and has no option against it. Runs that cannot be trained are
    refused when the sweep locks their folders, and each run's `.hydra/` says what multirun.yaml would.
    """
    save = OmegaConf.save

    def save_where_possible(config: Any, f: Any, resolve: bool = False) -> None:
        try:
            save(config, f, resolve)
        except OSError:
            if not isinstance(f, Path) or f.name != "multirun.yaml":
                raise

    OmegaConf.save = save_where_possible  # type: ignore[method-assign]
    try:
        yield
    finally:
        OmegaConf.save = save  # type: ignore[method-assign]
