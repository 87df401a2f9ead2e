"""Composing a command line with Hydra: the config of a run, or those of a sweep's jobs. Nothing is written."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from attnseq.commandline.explaining import with_quotes
from attnseq.commandline.job_composer import JobComposer
from attnseq.core.keys import ConfigError
from attnseq.runs.config_files import config_directory

ONE_A_SWEEP = ("hydra.launcher", "hydra.sweeper")
"""Keys that Hydra takes from the config of a sweep, whatever the configs of its jobs say."""


@contextmanager
def one_store() -> Iterator[None]:
    """Make Hydra's copies of its repository of configs share the store of schemas, which none of them changes.

    Hydra makes a copy for each look at a group, a hundred for --help. Copying the store took most of the time.
    """
    store: Any = ConfigStore.instance()
    store.__deepcopy__ = lambda memo: store
    try:
        yield
    finally:
        del store.__deepcopy__


class OwnConfigs(SearchPathPlugin):
    """Adds a folder of the user's own configs to Hydra's search path, at the place of --config-dir."""

    folder: ClassVar[Path | None] = None

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the folder, if there is one."""
        if self.folder is not None:
            search_path.append("command-line", f"file://{self.folder.absolute()}")


@contextmanager
def _hydra(config_dir: Path | None) -> Iterator[ConfigLoader]:
    """Make Hydra look for configs where its own command line would."""
    Plugins.instance().register(OwnConfigs)
    OwnConfigs.folder = config_dir
    try:
        initialized = initialize_config_dir(str(config_directory()), version_base="1.3")
    finally:
        OwnConfigs.folder = None
    with initialized:
        yield GlobalHydra.instance().config_loader()


def compose_config(overrides: Sequence[str], config_dir: Path | None = None) -> DictConfig:
    """Compose a config, with Hydra's own part.

    Args:
        overrides: of the command line.
        config_dir: of the user's own configs.

    Raises:
        HydraException, OmegaConfBaseException: an unknown key or choice, a wrong type, an override that does not parse.
        ConfigError: an override sweeps, or Hydra's parser accepts it but its composition does not.
    """
    with _hydra(config_dir) as loader:
        for override in filter(Override.is_sweep_override, _parsed(loader, overrides)):
            advice = f"a sweep needs -m, a list brackets ([a,b]); {with_quotes(str(override.input_line))}"
            raise ConfigError(f"{override.input_line}: {advice}")
        with _errors_named(loader, overrides):
            return compose("config", list(overrides), return_hydra_config=True)


def compose_sweep(arguments: Sequence[str], config_dir: Path | None = None) -> Iterator[DictConfig]:
    """Compose the first job of a sweep, and those that differ from it in one override: all values, not combinations.

    Args:
        arguments: overrides, including sweeps such as `seed=range(32)`.
        config_dir: of the user's own configs.

    Raises:
        As `compose_config`. Also ConfigError for what Hydra would silently drop: the sweep of a key that is given
            again, and settings of the launcher or sweeper in an experiment that is itself swept; and for seeds that
            are asked for twice.
    """
    with _hydra(config_dir) as loader:
        with _errors_named(loader, arguments):
            master = loader.load_configuration("config", list(arguments), run_mode=RunMode.MULTIRUN)
        axes = _axes(loader, master)
        _check_seeds(master, axes)
        composer = JobComposer(loader)
        for job in _jobs(axes):
            with _errors_named(loader, job):
                config = composer.load_sweep_config(master, job)
            for key in ONE_A_SWEEP:
                if OmegaConf.select(config, key) != OmegaConf.select(master, key):
                    reason = "of which a sweep has one; what is swept must not set it"
                    raise ConfigError(f"{' '.join(job)}: sets {key}, {reason}")
            yield config


def _axes(loader: ConfigLoader, master: DictConfig) -> list[list[str]]:
    """List the values of each key of a sweep, each as an override; a key that is not swept has one value."""
    given = _parsed(loader, master.hydra.overrides.task)
    _check_given_once(given)
    of_sweeper = OmegaConf.select(master, "hydra.sweeper.params") or {}  # an experiment may have its own sweep
    axes = {}
    for override in [*_parsed(loader, [f"{key}={value}" for key, value in of_sweeper.items()]), *given]:
        if isinstance(override.value(), IntervalSweep) and master.hydra.runtime.choices["hydra/sweeper"] == "basic":
            raise ConfigError(f"{override.input_line}: hydra/sweeper=basic takes no interval; optuna does")
        axes[override.get_key_element()] = _values(override)
        if not axes[override.get_key_element()]:
            raise ConfigError(f"{override.input_line}: no values")
    return list(axes.values())


def _check_given_once(given: Sequence[Override]) -> None:
    """Raise ConfigError for a sweep whose key is given twice: Hydra would take only the last override."""
    sweeps: dict[tuple[str, str | None], Override] = {}
    for override in given:
        key = (override.key_or_group, override.package)
        if key in sweeps:
            both = f"{sweeps[key].input_line}, {override.input_line}"
            raise ConfigError(f"{both}: a key is swept once; name all values of {override.key_or_group} in one sweep")
        if override.is_sweep_override():
            sweeps[key] = override


def _check_seeds(master: DictConfig, axes: Sequence[Sequence[str]]) -> None:
    """Raise ConfigError where each job stands for several seeds, and seeds are swept, too: jobs would share runs."""
    seeds = OmegaConf.select(master, "hydra.launcher.seeds") or 1
    swept = any(len(values) > 1 and values[0].lstrip("+").startswith("seed=") for values in axes)
    if seeds > 1 and swept:
        raise ConfigError(f"hydra.launcher.seeds={seeds}: needs one seed, the first of a job; here seed is swept, too")


def _values(override: Override) -> list[str]:
    """List the values of one axis of a sweep, each as an override; for an interval of Optuna's, its two ends."""
    value = override.value()
    if isinstance(value, IntervalSweep):
        return [f"{override.get_key_element()}={end}" for end in (value.start, value.end)]
    if override.is_sweep_override():
        return [f"{override.get_key_element()}={text}" for text in override.sweep_string_iterator()]
    return [str(override.input_line)]


def _jobs(axes: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Yield the overrides of the first job, and of those that differ from it on one axis."""
    first = [values[0] for values in axes]
    yield first
    for n, values in enumerate(axes):
        for value in values[1:]:
            yield [*first[:n], value, *first[n + 1 :]]


def _parsed(loader: ConfigLoader, overrides: Sequence[str]) -> list[Override]:
    return OverridesParser.create(config_loader=loader).parse_overrides(list(overrides))


@contextmanager
def _errors_named(loader: ConfigLoader, overrides: Sequence[str]) -> Iterator[None]:
    """Turn errors of Hydra's composition that do not name the override into ConfigErrors that do."""
    try:
        yield
    except RecursionError:
        raise ConfigError(f"{' '.join(overrides)}: a file builds on itself, by its defaults list") from None
    except ValueError as error:
        for override in _parsed(loader, overrides):
            choices = loader.get_group_options(override.key_or_group)
            if choices and not isinstance(override.value(), str | list) and not override.is_delete():
                reason = f"no such choice; allowed are {', '.join(choices)}"
                raise ConfigError(f"{override.input_line}: {reason}") from None
        raise ConfigError(f"{' '.join(overrides)}: {error}") from None
