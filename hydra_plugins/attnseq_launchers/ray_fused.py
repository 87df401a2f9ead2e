"""`hydra/launcher=ray_fused`: as `fused`, but the workers of a Ray cluster train the populations.

Hydra imports this file at the start of every program that uses it, so attnseq and Ray are imported only when needed.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hydra.core.config_store import ConfigStore
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from hydra_plugins.attnseq_launchers.fused import FusedLauncher

if TYPE_CHECKING:
    from attnseq.runs.job import Job
    from attnseq.sweep.claim import Outcome


@dataclass
class RayFusedLauncherConfig:
    """`hydra.launcher`'s keys.

    Args:
        max_population: most runs that train together; null: so many that every node has work, and that fit into its
            memory.
        address: of a running cluster, host:port, or "auto" for the one on this machine; null: RAY_ADDRESS if set, else
            Ray is started on this machine.
        cpus_per_population: above 0; also the number of threads of each population.
        gpus_per_population: 0 or more, or a part of one; null: 1 where the cluster has GPUs and device is not cpu.
        max_retries: how many workers a population may lose, 0 or more.
        fail_fast, seeds: as of `fused`.
    """

    _target_: str = "hydra_plugins.attnseq_launchers.ray_fused.RayFusedLauncher"
    max_population: int | None = None
    address: str | None = None
    cpus_per_population: float = 1.0
    gpus_per_population: float | None = None
    max_retries: int = 3
    fail_fast: bool = False
    seeds: int = 1


ConfigStore.instance().store(group="hydra/launcher", name="ray_fused", node=RayFusedLauncherConfig, provider="attnseq")


class RayFusedLauncher(FusedLauncher):
    """Composes the jobs of a sweep, and makes a cluster train them; task functions without `together` are called here.

    Args:
        max_population, address, cpus_per_population, gpus_per_population, max_retries, fail_fast, seeds: as in
            `RayFusedLauncherConfig`.
    """

    def __init__(
        self,
        max_population: int | None,
        address: str | None,
        cpus_per_population: float,
        gpus_per_population: float | None,
        max_retries: int,
        fail_fast: bool = False,
        seeds: int = 1,
    ):
        super().__init__(max_population, fail_fast=fail_fast, seeds=seeds)
        self.address = address
        self.cpus, self.gpus = cpus_per_population, gpus_per_population
        self.max_retries = max_retries

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        from attnseq.commandline.arguments import fail
        from attnseq.commandline.command_line import errors_in_one_line

        if importlib.util.find_spec("ray") is None:
            fail('hydra/launcher=ray_fused needs Ray: pip install "attnseq[ray]"')
        with errors_in_one_line():
            self._check()
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def train(self, jobs: Sequence["Job"]) -> list["Outcome"]:
        """Train jobs; return an outcome for each."""
        from attnseq.sweep.ray_workers import ray_workers
        from attnseq.sweep.remote import run_remotely

        connect = partial(ray_workers, self.address, self.cpus, self.gpus)
        return run_remotely(jobs, connect, self.max_population, self.max_retries, fail_fast=self.fail_fast)

    def _check(self) -> None:
        """Raise ConfigError for a value out of range."""
        from attnseq.core.keys import ConfigError, check_range

        if self.max_population is not None:
            check_range("hydra.launcher.max_population", self.max_population, 1)
        check_range("hydra.launcher.cpus_per_population", self.cpus, 0, open_low=True)
        check_range("hydra.launcher.gpus_per_population", self.gpus or 0, 0)
        check_range("hydra.launcher.max_retries", self.max_retries, 0)
        for key, value in (("cpus", self.cpus), ("gpus", self.gpus or 0.0)):
            if value > 1 and value != int(value):
                raise ConfigError(f"hydra.launcher.{key}_per_population={value}: above 1 it must be a whole number")
