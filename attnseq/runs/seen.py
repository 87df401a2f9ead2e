"""Paths as they are printed."""

from pathlib import Path

from hydra.core.hydra_config import HydraConfig


def as_seen(path: Path) -> Path:
    """A path as it is right where the user's shell stands: relative where it lies below that folder.

    Args:
        path: absolute.
    """
    start = Path.cwd()
    if HydraConfig.initialized():
        hydra = HydraConfig.get()
        if hydra.job.chdir and start == Path(hydra.runtime.output_dir):  # Hydra went there, the shell did not
            start = Path(hydra.runtime.cwd)
    return path.relative_to(start) if path.is_relative_to(start) else path
