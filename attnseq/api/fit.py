"""Training from Python or a notebook: `attnseq.fit`."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from attnseq.api.run import Run, RunError, load
from attnseq.commandline.checking import check_folder, check_own_files, check_tilde, checked
from attnseq.commandline.command_line import register
from attnseq.commandline.composition import compose_config
from attnseq.commandline.explaining import explain
from attnseq.commandline.own_plugins import named_plugins
from attnseq.core import plugins as plugin_modules
from attnseq.core.keys import ConfigError
from attnseq.runs.base_run import check_base
from attnseq.runs.build import build_device
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.run import run
from attnseq.training.checkpoint import CheckpointError
from attnseq.training.stopping import Interrupted


def fit(
    overrides: str | Sequence[str] = (),
    *,
    config_dir: str | Path | None = None,
    plugins: Iterable[str] = (),
    device: str = "cpu",
    quiet: bool = False,
) -> Run:
    """Train a run, go on with it, or take a finished one, as `python -m attnseq.train` does.

    Args:
        overrides: as on the command line, such as ["model=lstm_attention", "trainer.epochs=2"]; one may be a string.
        config_dir: a folder of your own configs, as `--config-dir`.
        plugins: modules with choices of your own, as `plugins=[...]`.
        device: where the returned run's model predicts. The override `device=` decides where it trains.
        quiet: whether nothing is printed.

    Returns:
        The run, in its folder below outputs/; its state is "diverged" where a loss was not finite.

    Raises:
        ConfigError: an override is wrong; the message is one line that names the key and what is allowed. Or there is
            no such device.
        RunError: the run's folder is in use, or cannot be used.
        KeyboardInterrupt: training was stopped; a checkpoint is written, and the same call goes on from it.
        OSError: the folder cannot be written.
    """
    own = Path(config_dir) if config_dir is not None else None
    if own is not None and not own.is_dir():
        raise ConfigError(f"config_dir={own}: no such folder")
    for override in overrides:
        if not isinstance(override, str):
            raise ConfigError(f"overrides: must be texts such as 'seed=1', not {override!r}")
    modules = [plugins] if isinstance(plugins, str) else list(plugins)
    given = [*([overrides] if isinstance(overrides, str) else overrides)]
    given += [f"plugins=[{','.join(modules)}]"] if modules else []
    plugin_modules.add(modules)  # here, where an empty name is still to be seen
    build_device(device)  # before training, which may take long
    with _as_python_errors():
        job = _job(given, own)
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere if quiet else sys.stdout):
            run(job)
    return load(job.path, device=device)


def _job(overrides: Sequence[str], own: Path | None) -> Job:
    """Compose and check the run that overrides ask for, before anything is written."""
    register(named_plugins(overrides, own))
    config = compose_config(overrides, own)
    check_own_files(config)
    run_config = checked(config)
    check_base(run_config)
    check_tilde(config, multirun=False)
    check_folder(config.hydra, multirun=False, overwrite=run_config.overwrite, writable=set())
    return Job(run_config, Path(config.hydra.run.dir), config)


@contextmanager
def _as_python_errors() -> Iterator[None]:
    """Turn errors inside the block into those that `fit` names."""
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(" ".join(explain(error).split())) from None
    except (RunFolderError, CheckpointError) as error:
        raise RunError(str(error)) from None
    except Interrupted as interrupted:
        raise KeyboardInterrupt(f"stopped by {interrupted}; the same call goes on from the checkpoint") from None
