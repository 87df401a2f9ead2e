"""The command line: what Hydra composes of it, checked before any folder is made, errors in one line on stderr."""

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path, get_args_parser
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnseq import config as schema
from attnseq import naming
from attnseq.arguments import fail, refuse_empty
from attnseq.build import build_device
from attnseq.config import RunConfig
from attnseq.run_folder import RunFolderError
from attnseq.schema import ConfigError, check_range
from attnseq.sweep.composing import JobComposer
from attnseq.training.checkpoint import CheckpointError
from attnseq.training.stopping import Interrupted


@contextmanager
def errors_in_one_line(subject: str = "") -> Iterator[None]:
    """Within it, what a user can mend ends the program with one line on stderr, and a status that scripts can tell.

    2: bad input; 1: the run's folder is in use or damaged, or the disk is full; 128 + signal: stopped.

    Args:
        subject: what an error of the file system is about, where the error itself names no file.
    """
    try:
        yield
    except (ConfigError, HydraException, OmegaConfBaseException) as error:
        fail(explain(error))
    except (RunFolderError, CheckpointError) as error:
        fail(str(error), 1)
    except OSError as error:
        place = f"{error.filename or subject}: " if error.filename or subject else ""
        fail(f"{place}{error.strerror or error}; what was written before is kept", 1)
    except Interrupted as interrupted:
        advice = "started again without overwrite=true, the run goes on from its checkpoint"
        fail(f"stopped by {interrupted}; {advice}", interrupted.status)
    except (MemoryError, torch.OutOfMemoryError) as error:
        fail(f"out of memory: lower dataset.train_size, trainer.batch_size or model.hidden_size ({error})", 1)


def register() -> None:
    """Make schemas and resolvers known to Hydra; needed before anything is composed."""
    schema.register()
    naming.register()


@contextmanager
def _hydra(config_dir: Path | None) -> Iterator[None]:
    """Within it, Hydra looks for configs where its own command line would."""
    with initialize_config_dir(str(naming.config_directory()), version_base="1.3"):
        if config_dir is not None:
            path = create_config_search_path(str(naming.config_directory()))
            path.prepend("command-line", f"file://{config_dir.absolute()}", SearchPathQuery(provider="schema"))
            GlobalHydra.instance().clear()
            Hydra.create_main_hydra2(task_name="attnseq", config_search_path=path)
        yield


def compose_config(overrides: Sequence[str], config_dir: Path | None = None) -> DictConfig:
    """The composed config, Hydra's own part with it.

    Args:
        overrides: of the command line.
        config_dir: of the user's own configs.

    Raises:
        HydraException, OmegaConfBaseException: an unknown key or choice, a wrong type, an override that does not parse.
        ConfigError: an override that Hydra's parser lets through and its composition does not.
    """
    with _hydra(config_dir):
        try:
            return compose("config", list(overrides), return_hydra_config=True)
        except ValueError as error:
            raise ConfigError(f"{' '.join(overrides)}: {error}") from None


def compose_sweep(arguments: Sequence[str], config_dir: Path | None = None) -> Iterator[DictConfig]:
    """The first job of a sweep, and those that differ from it in one override: each value once, not each combination.

    Args:
        arguments: overrides, sweeps such as `seed=range(32)` among them.
        config_dir: of the user's own configs.

    Raises:
        As `compose_config`.
    """
    with _hydra(config_dir):
        loader = GlobalHydra.instance().config_loader()
        try:
            master = loader.load_configuration("config", list(arguments), run_mode=RunMode.MULTIRUN)
        except ValueError as error:
            raise ConfigError(f"{' '.join(arguments)}: {error}") from None
        composer = JobComposer(loader)
        of_sweeper = OmegaConf.select(master, "hydra.sweeper.params") or {}  # an experiment may bring its own sweep
        lines = [*(f"{key}={value}" for key, value in of_sweeper.items()), *master.hydra.overrides.task]
        axes = {}
        for override in OverridesParser.create(config_loader=loader).parse_overrides(lines):
            if isinstance(override.value(), IntervalSweep) and master.hydra.runtime.choices["hydra/sweeper"] == "basic":
                raise ConfigError(f"{override.input_line}: hydra/sweeper=basic takes no interval; optuna does")
            axes[override.get_key_element()] = _values(override)
            if not axes[override.get_key_element()]:
                raise ConfigError(f"{override.input_line}: no values")
        first = {key: values[0] for key, values in axes.items()}
        jobs = [first] + [first | {key: value} for key, values in axes.items() for value in values[1:]]
        for job in jobs:
            try:
                yield composer.load_sweep_config(master, list(job.values()))
            except ValueError as error:
                raise ConfigError(f"{' '.join(job.values())}: {error}") from None


def _values(override: Override) -> list[str]:
    """The values of one axis of a sweep, each as an override: of an interval, which Optuna draws from, the two ends."""
    value = override.value()
    if isinstance(value, IntervalSweep):
        return [f"{override.get_key_element()}={end}" for end in (value.start, value.end)]
    if override.is_sweep_override():
        return [f"{override.get_key_element()}={text}" for text in override.sweep_string_iterator()]
    return [str(override.input_line)]


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
    for group in ("dataset", "model", "trainer"):
        _check_keys(f"{group}.", plain[group], OmegaConf.get_type(plain, group))
        name, expected = plain[group].name, naming.name_of_choice(group, choices.get(group, plain[group].name))
        if name != expected:
            raise ConfigError(f"{group}.name={name}: must be {expected}, the name of its file")
    run_config: Any = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(RunConfig), plain))
    build_device(run_config.device)
    return run_config


def check_command_line(arguments: Sequence[str]) -> None:
    """End the program with one line and exit status 2 if a job of the command line could not start.

    Nothing is written. What Hydra answers by itself (--help, --cfg, --info, --shell-completion) is left to it.

    Args:
        arguments: without the program's name.
    """
    refuse_empty(arguments)
    parser = get_args_parser()
    place = "options such as -m stand before all overrides, or behind them"
    parser.error = lambda message: fail(f"{message}; {place}")  # type: ignore[method-assign]
    given = parser.parse_args(list(arguments))
    if given.help or given.hydra_help or given.cfg or given.info or given.shell_completion:
        return
    if given.config_name or given.config_path:
        fail("--config-name, --config-path: the config is attnseq's own; choose an experiment, or add a --config-dir")
    own = Path(given.config_dir) if given.config_dir is not None else None
    if own is not None and not (given.config_dir.strip() and own.is_dir()):
        fail(f"--config-dir={given.config_dir}: no such folder")
    with errors_in_one_line():
        for config in compose_sweep(given.overrides, own) if given.multirun else [compose_config(given.overrides, own)]:
            overwrite = checked(config).overwrite
            _check_launcher(config)
            _check_folder(config.hydra, given.multirun, overwrite)


def _check_keys(prefix: str, node: DictConfig, schema_type: Any) -> None:
    """Raise ConfigError for a key that +key=value added and the schema does not have."""
    known = [field.name for field in fields(schema_type)]
    for key in map(str, node):
        if key not in known:
            raise ConfigError(f"{prefix}{key}: no such key; allowed are {', '.join(known)}")


def _check_launcher(config: DictConfig) -> None:
    """Raise ConfigError for a value of the launcher's that is out of range."""
    largest = OmegaConf.select(config, "hydra.launcher.max_population")
    if largest is not None:
        check_range("hydra.launcher.max_population", largest, 1)


def _check_folder(hydra: DictConfig, multirun: bool, overwrite: bool) -> None:
    """Raise ConfigError where the folder of a run that is to be trained has no name, or could not be written."""
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
        check_writable(folder, f"{key}={top}")


def explain(error: Exception) -> str:
    """An error of Hydra or OmegaConf in one line that names the key and what is allowed."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options:
        group, _, choice = error.missing_cfg_file.rpartition("/")
        if (group, choice) == ("hydra/sweeper", "optuna"):
            return 'hydra/sweeper=optuna needs Optuna: pip install "attnseq[optuna]"'
        return f"{group}={choice}: no such choice; allowed are {', '.join(error.options)}"
    if isinstance(error, OverrideParseException):
        reason = str(error).partition("See https")[0]
        return reason if error.override in reason else f"{error.override}: {reason}"
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    if not isinstance(cause, OmegaConfBaseException) or not cause.full_key or not cause.msg:
        return str(error).partition("See https")[0]
    message = str(cause.msg).splitlines()[0]
    if "not in" in message and cause.parent_node is not None:
        allowed = [str(name) for name in cause.parent_node if name != "hydra"]
        close = difflib.get_close_matches(str(cause.key), allowed, 1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        return f"{cause.full_key}: no such key{hint}; allowed are {', '.join(allowed)}"
    return f"{cause.full_key}: {message}"


def check_writable(folder: Path, subject: str) -> None:
    """Raise ConfigError where a folder could not be made, or written to; nothing is left behind.

    Args:
        folder: as it is to be.
        subject: what asks for it: "hydra.run.dir=runs/1", say.
    """
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    try:
        with TemporaryDirectory(prefix=".attnseq-", dir=existing):
            pass
    except OSError as error:
        reason = f"cannot write to {existing} ({error.strerror}); start the command where you may write"
        raise ConfigError(f"{subject}: {reason}") from None
