"""What Hydra makes of a command line: the config of a run, or those of a sweep's jobs. Nothing is written."""

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
"""What Hydra takes from the config of a sweep, whatever its jobs' own configs say."""


@contextmanager
def one_store() -> Iterator[None]:
    """Within it, Hydra's copies of its repository of configs share the store of schemas, which none of them changes.

    Hydra makes a copy for each look at a group, a hundred for --help, of which the store's share took most of the time.
    """
    store: Any = ConfigStore.instance()
    store.__deepcopy__ = lambda memo: store
    try:
        yield
    finally:
        del store.__deepcopy__


class OwnConfigs(SearchPathPlugin):
    """Has Hydra look into a folder of the user's own configs, where its command line puts that of --config-dir."""

    folder: ClassVar[Path | None] = None

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the folder, if there is one."""
        if self.folder is not None:
            search_path.append("command-line", f"file://{self.folder.absolute()}")


@contextmanager
def _hydra(config_dir: Path | None) -> Iterator[ConfigLoader]:
    """Within it, Hydra looks for configs where its own command line would."""
    Plugins.instance().register(OwnConfigs)
    OwnConfigs.folder = config_dir
    try:
        initialized = initialize_config_dir(str(config_directory()), version_base="1.3")
    finally:
        OwnConfigs.folder = None
    with initialized:
        yield GlobalHydra.instance().config_loader()


def compose_config(overrides: Sequence[str], config_dir: Path | None = None) -> DictConfig:
    """The composed config, Hydra's own part with it.

    Args:
        overrides: of the command line.
        config_dir: of the user's own configs.

    Raises:
        HydraException, OmegaConfBaseException: an unknown key or choice, a wrong type, an override that does not parse.
        ConfigError: a sweep, or an override that Hydra's parser lets through and its composition does not.
    """
    with _hydra(config_dir) as loader:
        for override in filter(Override.is_sweep_override, _parsed(loader, overrides)):
            advice = f"a sweep needs -m, a list brackets ([a,b]); {with_quotes(str(override.input_line))}"
            raise ConfigError(f"{override.input_line}: {advice}")
        with _errors_named(loader, overrides):
            return compose("config", list(overrides), return_hydra_config=True)


def compose_sweep(arguments: Sequence[str], config_dir: Path | None = None) -> Iterator[DictConfig]:
    """The first job of a sweep, and those that differ from it in one override: each value once, not each combination.

    Args:
        arguments: overrides, sweeps such as `seed=range(32)` among them.
        config_dir: of the user's own configs.

    Raises:
        As `compose_config`; ConfigError, too, for what a sweep would drop without a word: a sweep of a key that is
            given again, and what an experiment that is itself swept says of the sweep.
    """
    with _hydra(config_dir) as loader:
        with _errors_named(loader, arguments):
            master = loader.load_configuration("config", list(arguments), run_mode=RunMode.MULTIRUN)
        composer = JobComposer(loader)
        for job in _jobs(_axes(loader, master)):
            with _errors_named(loader, job):
                config = composer.load_sweep_config(master, job)
            for key in ONE_A_SWEEP:
                if OmegaConf.select(config, key) != OmegaConf.select(master, key):
                    reason = "of which a sweep has one; what is swept must not set it"
                    raise ConfigError(f"{' '.join(job)}: sets {key}, {reason}")
            yield config


def _axes(loader: ConfigLoader, master: DictConfig) -> list[list[str]]:
    """The values of each key of a sweep, each as an override; of a key that is given once, its one value."""
    given = _parsed(loader, master.hydra.overrides.task)
    _check_given_once(given)
    of_sweeper = OmegaConf.select(master, "hydra.sweeper.params") or {}  # an experiment may bring its own sweep
    axes = {}
    for override in [*_parsed(loader, [f"{key}={value}" for key, value in of_sweeper.items()]), *given]:
        if isinstance(override.value(), IntervalSweep) and master.hydra.runtime.choices["hydra/sweeper"] == "basic":
            raise ConfigError(f"{override.input_line}: hydra/sweeper=basic takes no interval; optuna does")
        axes[override.get_key_element()] = _values(override)
        if not axes[override.get_key_element()]:
            raise ConfigError(f"{override.input_line}: no values")
    return list(axes.values())


def _check_given_once(given: Sequence[Override]) -> None:
    """Raise ConfigError for a sweep whose key is given again: of two overrides Hydra takes the last."""
    sweeps: dict[tuple[str, str | None], Override] = {}
    for override in given:
        key = (override.key_or_group, override.package)
        if key in sweeps:
            both = f"{sweeps[key].input_line}, {override.input_line}"
            raise ConfigError(f"{both}: a key is swept once; name all values of {override.key_or_group} in one sweep")
        if override.is_sweep_override():
            sweeps[key] = override


def _values(override: Override) -> list[str]:
    """The values of one axis of a sweep, each as an override: of an interval, which Optuna draws from, the two ends."""
    value = override.value()
    if isinstance(value, IntervalSweep):
        return [f"{override.get_key_element()}={end}" for end in (value.start, value.end)]
    if override.is_sweep_override():
        return [f"{override.get_key_element()}={text}" for text in override.sweep_string_iterator()]
    return [str(override.input_line)]


def _jobs(axes: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """The overrides of the first job, and of those that differ from it on one axis."""
    first = [values[0] for values in axes]
    yield first
    for n, values in enumerate(axes):
        for value in values[1:]:
            yield [*first[:n], value, *first[n + 1 :]]


def _parsed(loader: ConfigLoader, overrides: Sequence[str]) -> list[Override]:
    return OverridesParser.create(config_loader=loader).parse_overrides(list(overrides))


@contextmanager
def _errors_named(loader: ConfigLoader, overrides: Sequence[str]) -> Iterator[None]:
    """Within it, what Hydra's composition refuses without a word on the place becomes a ConfigError that names it."""
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
