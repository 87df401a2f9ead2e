"""Paths as they are printed."""

from pathlib import Path

from hydra.core.hydra_config import HydraConfig


def as_seen(path: Path) -> Path:
    """Make a path relative where it lies below the folder of the user's shell, so that it works there.

    Args:
        path: absolute.
    """
    start = Path.cwd()
    if HydraConfig.initialized():
        hydra = HydraConfig.get()
        if hydra.job.chdir and start == Path(hydra.runtime.output_dir):  # Hydra changed it, the shell did not
            start = Path(hydra.runtime.cwd)
    return path.relative_to(start) if path.is_relative_to(start) else path
