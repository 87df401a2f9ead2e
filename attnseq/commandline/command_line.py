"""Checking the command line before any folder is made: what Hydra composes from it; errors in one line on stderr.

PyTorch is loaded only when values are checked: --help and --version do without.
"""

import argparse
import pickle
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from attnseq.commandline import help_text
from attnseq.commandline.arguments import fail, refuse_empty
from attnseq.commandline.checking import check_folder, check_hydra, check_own_files, check_tilde, checked
from attnseq.commandline.completion import completed
from attnseq.commandline.composition import compose_config, compose_sweep
from attnseq.commandline.explaining import explain
from attnseq.commandline.own_plugins import named_plugins
from attnseq.core import plugins
from attnseq.core.keys import ConfigError
from attnseq.core.version import __version__
from attnseq.runs import config as schema
from attnseq.runs import naming
from attnseq.runs.base_run import check_base
from attnseq.training.stopping import FailedFast, Interrupted

NO_MEMORY = "out of memory: lower dataset.train_size, trainer.batch_size or model.hidden_size"


@contextmanager
def errors_in_one_line(subject: str = "") -> Iterator[None]:
    """End the program with one line on stderr for errors that a user can mend, with a status for scripts.

    2: bad input. 1: the run's folder is in use or damaged, or the disk is full. 128 + signal: stopped.

    Args:
        subject: what an error of the file system is about, if the error itself names no file.
    """
    try:
        yield
    except (ConfigError, HydraException, OmegaConfBaseException) as error:
        fail(explain(error))
    except OSError as error:
        place = f"{error.filename or subject}: " if error.filename or subject else ""
        fail(f"{place}{error.strerror or error}; what was written before is kept", 1)
    except FailedFast as lost:
        fail(f"{lost}; the sweep stops, as hydra.launcher.fail_fast=true asks; without it the same command goes on", 1)
    except Interrupted as interrupted:
        advice = "started again without overwrite=true, the run goes on from its checkpoint"
        fail(f"stopped by {interrupted}; {advice}", interrupted.status)
    except MemoryError as error:
        fail(f"{NO_MEMORY} ({error})", 1)
    except RuntimeError as error:
        _fail_in_run(error)
        raise


def _fail_in_run(error: RuntimeError) -> None:
    """End the program for an error of a run's folder or of memory; their classes are imported here, with PyTorch."""
    from attnseq.runs.folder import RunFolderError
    from attnseq.training.checkpoint import CheckpointError
    from attnseq.training.out_of_memory import asked_for, is_out_of_memory

    if isinstance(error, RunFolderError | CheckpointError):
        fail(str(error), 1)
    if is_out_of_memory(error):
        fail(f"{NO_MEMORY} ({asked_for(error)})", 1)


def register(modules: Iterable[str] = ()) -> None:
    """Register schemas and resolvers with Hydra; needed before anything is composed.

    Args:
        modules: with choices of their own, see `plugins`.

    Raises:
        ConfigError: one of them cannot be imported.
    """
    plugins.add(modules)
    schema.register()
    naming.register()
    help_text.register()


def check_command_line(arguments: Sequence[str]) -> None:
    """End the program with one line and exit status 2 if a job of the command line could not start.

    It registers all choices, with those of plugins, and writes nothing. --help, --info and --shell-completion are left
    to Hydra, and so is --cfg once its config is checked; --version, and a shell that asks for a key's values, are
    answered here.

    Args:
        arguments: without the program's name.
    """
    refuse_empty(arguments)
    given = _options(arguments)
    own = Path(given.config_dir) if given.config_dir else None
    with errors_in_one_line():
        register(named_plugins(given.overrides, own))
    if given.shell_completion and (answer := completed(given.overrides, own)) is not None:
        print(answer)
        raise SystemExit(0)
    if given.help or given.hydra_help or given.info or given.shell_completion:
        return
    writable: set[Path] = set()
    with errors_in_one_line(), closing(_configs(given)) as configs:
        for config in configs:
            check_own_files(config)
            run_config = checked(config)
            if given.cfg or given.experimental_rerun:  # these make no folders
                return
            check_base(run_config)
            check_hydra(config, given.multirun)
            check_tilde(config, given.multirun)
            check_folder(config.hydra, given.multirun, run_config.overwrite, writable)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line as Hydra's parser does; end the program with exit status 2 where Hydra would not start."""
    # use Hydra's private parser, as there is no public one: a list of our own would refuse options that Hydra takes
    parser = argparse.ArgumentParser(parents=[get_args_parser()], add_help=False, conflict_handler="resolve")
    place = "options such as -m stand before all overrides, or behind them"
    parser.error = lambda message: fail(f"{message}; {place}")  # type: ignore[method-assign]
    parser.add_argument("--version", action="version", version=f"attnseq {__version__}")
    given = parser.parse_args(list(arguments))
    if given.config_name or given.config_path:
        fail("--config-name, --config-path: the config is attnseq's own; choose an experiment, or add a --config-dir")
    if given.config_dir is not None and not (given.config_dir.strip() and Path(given.config_dir).is_dir()):
        fail(f"--config-dir={given.config_dir}: no such folder")
    modes = {
        "--run": given.run,
        "--multirun": given.multirun,
        "--cfg": given.cfg,
        "--info": given.info,
        "--shell-completion": given.shell_completion,
    }
    if len(chosen := [name for name, value in modes.items() if value]) > 1:
        fail(f"{', '.join(chosen)}: only one of them; --cfg and --info show one run, without sweeps")
    if given.resolve and not (given.cfg or given.help):
        fail("--resolve: goes with --cfg")
    if given.experimental_rerun and given.overrides:
        fail(f"--experimental-rerun: takes no overrides, as it repeats what was pickled: {' '.join(given.overrides)}")
    return given


def _configs(given: argparse.Namespace) -> Generator[DictConfig, None, None]:
    """Yield the configs to check, with Hydra's own part; raise errors that `errors_in_one_line` explains."""
    own = Path(given.config_dir) if given.config_dir else None
    if given.experimental_rerun:
        config = _pickled(Path(given.experimental_rerun))
        plugins.add(config.get("plugins", ()))
        yield config
    elif given.multirun:
        yield from compose_sweep(given.overrides, own)
    else:
        yield compose_config(given.overrides, own)


def _pickled(path: Path) -> DictConfig:
    """Read the config that Hydra's PickleJobInfoCallback wrote; raise ConfigError where it is not one."""
    try:
        config = pickle.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"--experimental-rerun={path}: {error.strerror}") from None
    except Exception as error:  # the file may be anything
        raise ConfigError(f"--experimental-rerun={path}: not a pickle ({type(error).__name__})") from None
    if not isinstance(config, DictConfig) or "hydra" not in config:
        raise ConfigError(f"--experimental-rerun={path}: no config; name the config.pickle of a run")
    return config
