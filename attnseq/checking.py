"""A composed config, checked before any folder is made: values, files that would not be read, folders."""

from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hydra.conf as hydra_conf
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnseq import naming
from attnseq.arguments import NO_TILDE
from attnseq.build import build_device
from attnseq.config import RunConfig
from attnseq.schema import ConfigError, check_range

PICKLE = "PickleJobInfoCallback"
"""Hydra's callback that keeps what `--experimental-rerun` needs."""


def checked(config: DictConfig) -> RunConfig:
    """The typed config.

    Args:
        config: composed, with or without Hydra's own part.

    Raises:
        ConfigError: a value is out of range, or missing, or the device is not here.
    """
    plain = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    _check_keys("", plain, RunConfig)
    choices = OmegaConf.select(config, "hydra.runtime.choices") or {}
    own = naming.own_folders(config)
    for group in ("dataset", "model", "trainer"):
        _check_keys(f"{group}.", plain[group], OmegaConf.get_type(plain, group))
        name = plain[group].name
        choice = choices.get(group, name)
        expected = naming.name_of_choice(group, choice, own)
        if name != expected:
            file = "its file" if expected == choice else "the file that it builds on"
            raise ConfigError(f"{group}.name={name}: must be {expected}, the name of {file}")
    run_config: Any = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(RunConfig), plain))
    build_device(run_config.device)
    return run_config


def _check_keys(prefix: str, node: DictConfig, schema_type: Any) -> None:
    """Raise ConfigError for a key that +key=value added and the schema does not have."""
    known = [field.name for field in fields(schema_type)]
    for key in map(str, node):
        if key not in known:
            raise ConfigError(f"{prefix}{key}: no such key; allowed are {', '.join(known)}")


def check_own_files(config: DictConfig) -> None:
    """Raise ConfigError for a file of the user's that Hydra never reads, since it finds one of its path before.

    Args:
        config: composed, Hydra's own part with it.
    """
    for folder in naming.own_folders(config):
        for shipped, owner in ((naming.config_directory(), "attnseq"), (Path(hydra_conf.__path__[0]), "Hydra")):
            for file in shipped.rglob("*.yaml"):
                path = file.relative_to(shipped)
                own = folder / path
                if own.is_file() and own.read_bytes() != file.read_bytes():
                    raise ConfigError(f"{own}: would not be read, as {owner} has a {path} of its own; rename it")


def check_hydra(config: DictConfig, multirun: bool) -> None:
    """Raise ConfigError for what Hydra's own part asks for and cannot have.

    Args:
        config: composed, Hydra's own part with it.
        multirun: whether it is of a job of a sweep.
    """
    largest = OmegaConf.select(config, "hydra.launcher.max_population")
    if largest is not None:
        check_range("hydra.launcher.max_population", largest, 1)
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
        config: composed, Hydra's own part with it.
        multirun: whether it is of a job of a sweep.
    """
    kind = "sweep" if multirun else "run"
    folders: Any = OmegaConf.to_container(config.hydra[kind], resolve=False)  # a job's number is not known yet
    for key, folder in folders.items():
        if any(part.startswith("~") for part in Path(folder).parts):
            raise ConfigError(f"hydra.{kind}.{key}={folder}: {NO_TILDE}")


def check_folder(hydra: DictConfig, multirun: bool, overwrite: bool) -> None:
    """Raise ConfigError where the folder of a run that is to be trained has no name, or could not be written.

    Args:
        hydra: Hydra's own part of a composed config.
        multirun: whether it is of a job of a sweep.
        overwrite: whether a finished run is trained anew.
    """
    key, top = ("hydra.sweep.dir", hydra.sweep.dir) if multirun else ("hydra.run.dir", hydra.run.dir)
    if not str(top).strip():  # as a shell variable without a value leaves it
        raise ConfigError(f"{key}=: must name a folder; . is the one that the command is started in")
    try:
        folder = Path(top) / hydra.sweep.subdir if multirun else Path(top)
    except OmegaConfBaseException:  # ${hydra.job.num}, which nobody knows yet: the sweep looks before it trains
        folder = Path(top)
        if folder.exists():
            return
    if overwrite or not (folder / "result.json").exists():
        _check_writable(folder, f"{key}={top}")


def _check_writable(folder: Path, subject: str) -> None:
    """Raise ConfigError where a folder could not be made, or written to; nothing is left behind."""
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    try:
        with TemporaryDirectory(prefix=".attnseq-", dir=existing):
            pass
    except OSError as error:
        reason = f"cannot write to {existing} ({error.strerror}); start the command where you may write"
        raise ConfigError(f"{subject}: {reason}") from None
