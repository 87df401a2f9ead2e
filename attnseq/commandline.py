"""The command line: what Hydra composes of it, checked before any folder is made, errors in one line on stderr."""

import difflib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnseq import config as schema
from attnseq import naming
from attnseq.build import build_device
from attnseq.config import ConfigError, RunConfig

BAD_INPUT = 2


def fail(message: str, status: int = BAD_INPUT) -> NoReturn:
    """End the program with one line on stderr."""
    print(" ".join(message.split()), file=sys.stderr)
    raise SystemExit(status)


def register() -> None:
    """Make schemas and resolvers known to Hydra; needed before anything is composed."""
    schema.register()
    naming.register()


def compose_config(overrides: Sequence[str]) -> DictConfig:
    """The composed config, Hydra's own part with it. Raises what Hydra and OmegaConf raise."""
    with initialize_config_dir(str(naming.config_directory()), version_base="1.3"):
        return compose("config", list(overrides), return_hydra_config=True)


def checked(config: DictConfig) -> RunConfig:
    """The typed config.

    Args:
        config: composed, with or without Hydra's own part.

    Raises:
        ConfigError: a value is out of range, or missing, or the device is not here.
    """
    plain = OmegaConf.masked_copy(config, [key for key in config if key != "hydra"])
    run_config: Any = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(RunConfig), plain))
    build_device(run_config.device)
    return run_config


def check_command_line(arguments: Sequence[str]) -> None:
    """End the program with one line and exit status 2 if a job of the command line could not start.

    Nothing is written. What Hydra answers by itself (--help, --cfg, --info, --shell-completion) is left to it.

    Args:
        arguments: without the program's name.
    """
    given = get_args_parser().parse_args(list(arguments))
    if given.help or given.hydra_help or given.cfg or given.info or given.shell_completion or given.config_dir:
        return
    try:
        jobs = [given.overrides]
        if given.multirun:
            parsed = OverridesParser.create().parse_overrides(given.overrides)
            jobs = [list(job) for job in BasicSweeper.split_arguments(parsed, None)[0]]
        for overrides in jobs:
            config = compose_config(overrides)
            checked(config)
            _check_writable(Path(config.hydra.sweep.dir if given.multirun else config.hydra.run.dir))
    except (ConfigError, HydraException, OmegaConfBaseException) as error:
        fail(explain(error))


def explain(error: Exception) -> str:
    """An error of Hydra or OmegaConf in one line that names the key and what is allowed."""
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    if isinstance(cause, OmegaConfBaseException) and cause.full_key is not None and cause.msg:
        first_line = str(cause.msg).splitlines()[0]
        key = cause.full_key
        if cause.parent_node is not None and cause.key is not None and "not in" in first_line:
            allowed = [str(name) for name in cause.parent_node]
            close = difflib.get_close_matches(str(cause.key), allowed, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            return f"{key}: no such key{hint} allowed are {', '.join(allowed)}"
        return f"{key}: {first_line}"
    return str(error)


def _check_writable(folder: Path) -> None:
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise ConfigError(f"hydra.run.dir={folder}: cannot write to {existing}; start the command where you may write")
