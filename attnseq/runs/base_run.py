"""The base run of an adversarial model: it is read from its folder, and refused where it does not fit.

Importing this does not load PyTorch.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from attnseq.core.keys import ConfigError
from attnseq.runs.reading import FINISHED, read_run

if TYPE_CHECKING:
    from attnseq.contracts.model import Model
    from attnseq.runs.config import RunConfig

FREE = {"dataset": (), "model": ("init",)}
"""Keys of each group in which a run may differ from its base, beside those that say where a dataset's files are."""

FILES = ("result.json", "checkpoint.pt", ".hydra/config.yaml")
"""What is read of a base run."""


class BaseRun(NamedTuple):
    """A finished run.

    Args:
        config: of it.
        model: as it was trained, on the CPU; not to be changed.
        digest: of its parameters.
    """

    config: RunConfig
    model: Model
    digest: str


def base_digest(config: RunConfig) -> str:
    """Digest the parameters of a run's base; "" where it has none.

    Raises:
        ConfigError: as `read_base`.
    """
    return read_base(config.trainer.base_run).digest if config.trainer.base_run else ""


def base_model(config: RunConfig) -> Model | None:
    """Return a copy of the model of a run's base, on the CPU; None where it has none.

    Raises:
        ConfigError: as `read_base`.
    """
    return deepcopy(read_base(config.trainer.base_run).model) if config.trainer.base_run else None


def check_base(config: RunConfig) -> None:
    """Raise ConfigError where a run's base cannot be used: there is none, or it has another task or another model."""
    where = config.trainer.base_run
    if not where:
        return
    base = read_base(where).config
    for group in ("dataset", "model"):
        mine, theirs = getattr(config, group), getattr(base, group)
        free = (*FREE[group], *getattr(mine, "places", ()))
        for key, value in asdict(mine).items():
            its: Any = getattr(theirs, key, None)
            if key not in free and its != value:
                same = "a run and its base have one task and one model"
                name = group if key == "name" else f"{group}.{key}"
                raise ConfigError(f"trainer.base_run={where}: is of {name}={its}, here {value}; {same}")
    if config.dataset.task.fingerprint() != base.dataset.task.fingerprint():
        raise ConfigError(f"trainer.base_run={where}: is of other samples: the dataset's file has changed since")


def read_base(where: str) -> BaseRun:
    """Read a base run; once, as long as its files stay what they are.

    Args:
        where: its folder.

    Raises:
        ConfigError: there is no such folder, or the run is not finished or cannot be read.
    """
    folder = Path(where).expanduser()
    if not folder.is_dir():
        raise ConfigError(f"trainer.base_run={where}: no such folder; name that of a finished run")
    record = read_run(folder)
    if record.state != FINISHED:
        problem = record.problem or ("no run" if not record.config else f"a run that is {record.state}")
        raise ConfigError(f"trainer.base_run={where}: {problem}; name the folder of a finished run")
    try:
        stamps = [(folder / name).stat() for name in FILES]
    except OSError as error:
        raise ConfigError(f"trainer.base_run={where}: cannot be read ({error.strerror})") from None
    return _read(where, tuple((stamp.st_mtime_ns, stamp.st_size) for stamp in stamps))


@lru_cache(16)
def _read(where: str, stamps: tuple[tuple[int, int], ...]) -> BaseRun:
    """Read a base run from its files, which have these times and sizes."""
    from attnseq.runs.loading import CONFIG, read_config, trained_model
    from attnseq.training.checkpoint import CheckpointError, load_checkpoint

    folder = Path(where).expanduser()
    file = folder / "checkpoint.pt"
    try:
        config = read_config(folder / CONFIG)
        checkpoint = load_checkpoint(file)
        assert checkpoint is not None
        model = trained_model(config, config.dataset.task, checkpoint, file)
    except (ConfigError, CheckpointError, OSError) as error:
        raise ConfigError(f"trainer.base_run={where}: {error}") from None
    parameters = checkpoint.state["parameters"].contiguous().numpy().tobytes()
    return BaseRun(config, model.requires_grad_(False), sha256(parameters).hexdigest()[:16])
