"""multirun.yaml, which Hydra's sweeper writes before it starts: no sweep ends for want of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf


@contextmanager
def multirun_yaml_where_possible() -> Iterator[None]:
    """Within it, a sweep whose folder cannot be written starts all the same: it may be finished, and only shown.

    Hydra's basic sweeper would end in a traceback, and there is nothing to tell it otherwise. What cannot be trained is
    refused when the sweep takes the runs' folders, and each run's `.hydra/` says what multirun.yaml would.
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
