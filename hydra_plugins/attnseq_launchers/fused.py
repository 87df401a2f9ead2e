"""`hydra/launcher=fused`: hands the jobs of a sweep over together, to be trained as populations.

A task function that can train them has an attribute `together`. It takes the jobs' configs (with Hydra's own part) and
a function that trains, and returns a value for each job. Any other task function is called job by job, as by Hydra's
basic launcher.

Hydra imports this file at the start of every program that uses it, so attnseq itself is imported only when needed.
"""

import copy
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import (
    JobReturn,
    JobStatus,
    configure_log,
    env_override,
    filter_overrides,
    run_job,
    setup_globals,
)
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

if TYPE_CHECKING:
    from attnseq.runs.job import Job
    from attnseq.sweep.claim import Outcome

log = logging.getLogger(__name__)


@dataclass
class FusedLauncherConfig:
    """`hydra.launcher`'s keys.

    Args:
        max_population: runs that train together at most; null: as many as half of the device's free memory holds.
        workers: cores of the CPU that train side by side: threads with the shards of a population, or processes with
            populations of different programs; auto: all that this process may use.
        fail_fast: whether a run that fails or diverges stops the sweep; the same command goes on with the others.
        seeds: runs that each job stands for, of its seed and the next ones; the sweeper is told their mean.
    """

    _target_: str = "hydra_plugins.attnseq_launchers.fused.FusedLauncher"
    max_population: int | None = None
    workers: Any = "auto"
    fail_fast: bool = False
    seeds: int = 1


ConfigStore.instance().store(group="hydra/launcher", name="fused", node=FusedLauncherConfig, provider="attnseq")


class FusedLauncher(Launcher):
    """Composes the jobs of a sweep, and hands all of them to the task function at once.

    Args:
        max_population, workers, fail_fast, seeds: as in `FusedLauncherConfig`.
    """

    def __init__(
        self, max_population: int | None, workers: int | str = "auto", fail_fast: bool = False, seeds: int = 1
    ):
        self.max_population, self.fail_fast, self.seeds = max_population, fail_fast, seeds
        self.cores = None if workers == "auto" else int(workers)

    def train(self, jobs: Sequence["Job"]) -> list["Outcome"]:
        """Train jobs; an outcome each."""
        from attnseq.sweep.local import run_locally

        return run_locally(jobs, self.max_population, self.cores, self.fail_fast)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        from attnseq.commandline.job_composer import JobComposer

        self.config, self.hydra_context, self.task_function = config, hydra_context, task_function
        # replace the loader in the sweeper's context: the sweeper checks with it that its jobs compose
        hydra_context.config_loader = JobComposer(hydra_context.config_loader)  # type: ignore[assignment]

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs.

        Args:
            job_overrides: of each job.
            initial_job_idx: number of the first job.

        Returns:
            What each job returned, in their order.

        Raises:
            ValueError: a job shall stand for several seeds, but the task function takes jobs one by one.
        """
        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        Path(self.config.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)
        configs = [self._compose(list(overrides), initial_job_idx + n) for n, overrides in enumerate(job_overrides)]
        together = getattr(self.task_function, "together", None)
        if together is None:
            if self.seeds > 1:
                raise ValueError("hydra.launcher.seeds: the program's task function takes no jobs together")
            return [self._run_alone(config) for config in configs]
        of_seeds = [self._of_seeds(config, list(each)) for config, each in zip(configs, job_overrides, strict=True)]
        returns = iter(self._run_together([config for its in of_seeds for config in its], together))
        return [_mean(list(islice(returns, len(its)))) for its in of_seeds]

    def _of_seeds(self, config: DictConfig, overrides: list[str]) -> list[DictConfig]:
        """Compose a job for its other seeds, too."""
        if self.seeds == 1:
            return [config]
        others = [each for each in overrides if not each.startswith("seed=")]
        seeds = range(config.seed + 1, config.seed + self.seeds)
        return [config, *(self._compose([*others, f"seed={seed}"], config.hydra.job.num) for seed in seeds)]

    def _compose(self, overrides: list[str], number: int) -> DictConfig:
        log.info("\t#%d : %s", number, " ".join(filter_overrides(overrides)))
        config = self.hydra_context.config_loader.load_sweep_config(self.config, overrides)
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
        return config

    def _run_alone(self, config: DictConfig) -> JobReturn:
        done = run_job(
            task_function=self.task_function,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
            hydra_context=self.hydra_context,
        )
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        return done

    def _run_together(self, configs: Sequence[DictConfig], together: Any) -> list[JobReturn]:
        before = HydraConfig.instance().cfg
        callbacks = self.hydra_context.callbacks
        try:
            for config in configs:
                _set_output_dir(config)
                callbacks.on_job_start(config=config, task_function=self.task_function)
            self._configure_log()
            with env_override(dict(self.config.hydra.job.env_set)):
                values = together(configs, self.train)
            returns = [_job_return(config, value) for config, value in zip(configs, values, strict=True)]
            for config, job_return in zip(configs, returns, strict=True):
                _make_current(config)
                callbacks.on_job_end(config=config, job_return=job_return)
            return returns
        finally:
            HydraConfig.instance().cfg = before

    def _configure_log(self) -> None:
        """Set up one log for all jobs; a log file lies in the sweep's folder."""
        config = copy.deepcopy(self.config)
        with read_write(config.hydra.runtime), open_dict(config.hydra.runtime):
            config.hydra.runtime.output_dir = str(Path(config.hydra.sweep.dir).absolute())
        configure_log(config.hydra.job_logging, config.hydra.verbose)


def _mean(returns: Sequence[JobReturn]) -> JobReturn:
    """Return what a job returned whose runs are these: their mean."""
    first = returns[0]
    if len(returns) > 1:
        first.return_value = fmean(float(each.return_value) for each in returns)
    return first


def _make_current(config: DictConfig) -> None:
    """Make `HydraConfig.get()` return this config. `HydraConfig.set_config` would copy it, which takes 9 ms a job."""
    OmegaConf.set_readonly(config.hydra, True)
    HydraConfig.instance().cfg = config  # type: ignore[assignment]  # its declared type is that of its content


def _set_output_dir(config: DictConfig) -> None:
    _make_current(config)  # resolvers in the folder's name may ask for it
    folder = Path(config.hydra.sweep.dir) / config.hydra.sweep.subdir
    with read_write(config.hydra.runtime), open_dict(config.hydra.runtime):
        config.hydra.runtime.output_dir = str(folder.absolute())


def _job_return(config: DictConfig, value: Any) -> JobReturn:
    task_config = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    OmegaConf.set_struct(task_config, True)
    job_return = JobReturn(
        overrides=OmegaConf.to_container(config.hydra.overrides.task),  # type: ignore[arg-type]
        cfg=task_config,
        hydra_cfg=OmegaConf.masked_copy(config, "hydra"),
        working_dir=str(Path.cwd()),
        task_name=config.hydra.job.name,
        status=JobStatus.COMPLETED,
    )
    job_return.return_value = value
    return job_return
