"""The place of multirun.yaml where swept keys are part of the sweep's folder, as with `name=a,b`."""

from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

FILE = "multirun.yaml"


class SweepFolders(Callback):
    """Puts multirun.yaml into every folder with runs of the sweep, and into no other.

    Hydra knows one folder of a sweep: that of the config before any swept value is filled in.
    """

    def __init__(self) -> None:
        self._sweep: DictConfig | None = None
        self._before: bytes | None = None
        self._folders: set[Path] = set()

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Note the sweep's config, and what an earlier sweep left."""
        self._sweep = config
        file = _folder(config) / FILE
        self._before = file.read_bytes() if file.exists() else None

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Write the sweep's config into a folder if Hydra does not."""
        folder = _folder(config)
        if self._sweep is None or folder in self._folders:
            return
        self._folders.add(folder)
        if folder != _folder(self._sweep):
            folder.mkdir(parents=True, exist_ok=True)
            OmegaConf.save(self._sweep, folder / FILE)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Restore Hydra's folder if no run lies in it."""
        folder = _folder(config)
        if folder in self._folders:
            return
        if self._before is None:
            (folder / FILE).unlink(missing_ok=True)
        else:
            (folder / FILE).write_bytes(self._before)
        if not any(folder.iterdir()):
            folder.rmdir()


def _folder(config: DictConfig) -> Path:
    """Return the sweep's folder, absolute, since a job may have changed the working directory (hydra.job.chdir)."""
    return Path(config.hydra.runtime.cwd, config.hydra.sweep.dir)
