"""Checking a composed config before any folder is made: values, files that would not be read, folders."""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hydra.conf as hydra_conf
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnseq.commandline.arguments import NO_TILDE
from attnseq.core import plugins
from attnseq.core.keys import ConfigError, check_range
from attnseq.runs.config import RunConfig
from attnseq.runs.config_files import config_directory, name_of_choice, own_folders

MAX_SEED = 2**32 - 1

PICKLE = "PickleJobInfoCallback"
"""Hydra's callback that saves what `--experimental-rerun` needs."""


def checked(config: DictConfig) -> RunConfig:
    """Check a config and return it typed.

    Args:
        config: composed, with or without Hydra's own part.

    Raises:
        ConfigError: a value is out of range or missing, or there is no such device.
    """
    from attnseq.runs.build import build_device  # loads PyTorch

    keys = [str(key) for key in config if key != "hydra"]
    _check_keys("", keys, RunConfig)
    choices = OmegaConf.select(config, "hydra.runtime.choices") or {}
    own = own_folders(config)
    for group in ("dataset", "model", "trainer"):
        _check_keys(f"{group}.", config[group], OmegaConf.get_type(config, group))
        name = config[group].name
        choice = choices.get(group, name)
        expected = name_of_choice(group, choice, own)
        if name != expected:
            file = "its file" if expected == choice else "the file that it builds on"
            raise ConfigError(f"{group}.name={name}: must be {expected}, the name of {file}")
    # convert group by group: a copy of the whole without Hydra's part takes ten times as long; composing checked types
    values: dict[str, Any] = {key: config[key] for key in keys}
    groups = {key: OmegaConf.to_object(value) for key, value in values.items() if OmegaConf.is_config(value)}
    if deleted := [field.name for field in fields(RunConfig) if field.name not in keys]:
        raise ConfigError(f"{deleted[0]}: missing, a value is needed")
    if late := [name for name in config.get("plugins") or () if name not in plugins.known()]:
        reason = "read too late; name it on the command line, or in the experiment's own file"
        raise ConfigError(f"plugins={late[0]}: {reason}")
    run_config = RunConfig(**values | groups)
    build_device(run_config.device)
    return run_config


def _check_keys(prefix: str, keys: Iterable[Any], schema_type: Any) -> None:
    """Raise ConfigError for a key that +key=value added, and that the schema does not have."""
    known = [field.name for field in fields(schema_type)]
    for key in map(str, keys):
        if key not in known:
            raise ConfigError(f"{prefix}{key}: no such key; allowed are {', '.join(known)}")


def check_own_files(config: DictConfig) -> None:
    """Raise ConfigError for a user's file that Hydra never reads, since it finds another one of the same path first.

    Args:
        config: composed, with Hydra's own part.
    """
    for folder in own_folders(config):
        for shipped, owner in ((config_directory(), "attnseq"), (Path(hydra_conf.__path__[0]), "Hydra")):
            for file in shipped.rglob("*.yaml"):
                path = file.relative_to(shipped)
                own = folder / path
                if own.is_file() and own.read_bytes() != file.read_bytes():
                    raise ConfigError(f"{own}: would not be read, as {owner} has a {path} of its own; rename it")


def check_hydra(config: DictConfig, multirun: bool) -> None:
    """Raise ConfigError where Hydra's own part asks for something impossible.

    Args:
        config: composed, with Hydra's own part.
        multirun: whether it is of a job of a sweep.
    """
    largest = OmegaConf.select(config, "hydra.launcher.max_population")
    if largest is not None:
        check_range("hydra.launcher.max_population", largest, 1)
    seeds = OmegaConf.select(config, "hydra.launcher.seeds")
    if seeds is not None:
        check_range("hydra.launcher.seeds", seeds, 1)
        if seeds > 1 and not multirun:
            raise ConfigError(f"hydra.launcher.seeds={seeds}: is of the jobs of a sweep; add -m")
        check_range("seed", config.seed + seeds - 1, 0, MAX_SEED)
    workers = OmegaConf.select(config, "hydra.launcher.workers")
    if workers not in (None, "auto"):
        if not isinstance(workers, int) or isinstance(workers, bool):
            raise ConfigError(f"hydra.launcher.workers={workers}: must be auto, or a number of cores")
        check_range("hydra.launcher.workers", workers, 1)
    for key in (f"hydra.callbacks.{name}" for name in config.hydra.callbacks):
        if not str(OmegaConf.select(config, f"{key}._target_")).endswith(f".{PICKLE}"):
            continue
        if config.hydra.output_subdir is None:
            reason = f"{PICKLE} writes to hydra.output_subdir, which is null; add hydra.output_subdir=.hydra"
            raise ConfigError(f"{key}: {reason}")
        if multirun and config.hydra.runtime.choices["hydra/launcher"] != "basic":
            raise ConfigError(f"{key}: {PICKLE} knows one job at a time; add hydra/launcher=basic")


def check_tilde(config: DictConfig, multirun: bool) -> None:
    """Raise ConfigError for a folder that would be called ~.

    Args:
        config: composed, with Hydra's own part.
        multirun: whether it is of a job of a sweep.
    """
    kind = "sweep" if multirun else "run"
    folders: Any = OmegaConf.to_container(config.hydra[kind], resolve=False)  # a job's number is not known yet
    for key, folder in folders.items():
        if any(part.startswith("~") for part in Path(folder).parts):
            raise ConfigError(f"hydra.{kind}.{key}={folder}: {NO_TILDE}")


def check_folder(hydra: DictConfig, multirun: bool, overwrite: bool, writable: set[Path]) -> None:
    """Raise ConfigError where a run is to be trained, but its folder has no name or cannot be written.

    Args:
        hydra: Hydra's own part of a composed config.
        multirun: whether it is of a job of a sweep.
        overwrite: whether a finished run is trained anew.
        writable: folders that were tried before; newly tried ones are added, as the runs of a sweep share most of them.
    """
    key, top = ("hydra.sweep.dir", hydra.sweep.dir) if multirun else ("hydra.run.dir", hydra.run.dir)
    if not str(top).strip():  # a shell variable without a value, say
        raise ConfigError(f"{key}=: must name a folder; . is the one that the command is started in")
    try:
        folder = Path(top) / hydra.sweep.subdir if multirun else Path(top)
    except OmegaConfBaseException:  # ${hydra.job.num} is not known yet; the sweep checks the folder before it trains
        folder = Path(top)
        if folder.exists():
            return
    if overwrite or not (folder / "result.json").exists():
        existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
        if existing not in writable:
            _check_writable(existing, f"{key}={top}")
            writable.add(existing)


def _check_writable(existing: Path, subject: str) -> None:
    """Raise ConfigError where a folder cannot be written to; leave nothing behind."""
    try:
        with TemporaryDirectory(prefix=".attnseq-", dir=existing):
            pass
    except OSError as error:
        reason = f"cannot write to {existing} ({error.strerror}); start the command where you may write"
        raise ConfigError(f"{subject}: {reason}") from None
