"""The functions that Hydra calls, with the config of one job, or with those of all jobs of a sweep."""

from collections.abc import Callable, Sequence
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from attnseq.commandline.checking import checked
from attnseq.commandline.command_line import errors_in_one_line
from attnseq.runs.job import Job
from attnseq.runs.run import run
from attnseq.sweep.claim import Outcome, is_shared
from attnseq.sweep.failing import failed, refuse_input
from attnseq.sweep.outcome import failure, objective, summary


def train_alone(config: DictConfig, failures: dict[Path, str]) -> float:
    """Train one job's run; if it fails within a sweep, the other runs are trained all the same.

    Args:
        config: composed, without Hydra's own part, which is taken from Hydra.
        failures: by folder; if the run has no result, the reason is added.

    Returns:
        What a sweeper minimises.
    """
    folder = Path(HydraConfig.get().runtime.output_dir)
    with errors_in_one_line(str(folder)):
        job = Job(checked(config), folder, OmegaConf.create({"hydra": HydraConfig.get()}))
        try:
            return _report(job, run(job), failures)
        except Exception as error:
            if HydraConfig.get().mode == RunMode.RUN or is_shared(error):
                raise
            outcome = failed(job, error)
            print(outcome)
            return _report(job, outcome, failures)
    raise AssertionError("unreachable: errors end the program")


def train_together(
    configs: Sequence[DictConfig], train: Callable[[Sequence[Job]], list[Outcome]], failures: dict[Path, str]
) -> list[float]:
    """Train the runs of a sweep.

    Args:
        configs: of its jobs, composed, with Hydra's own part.
        train: trains jobs; returns an outcome for each.
        failures: by folder; reasons why runs have no result are added.

    Returns:
        What a sweeper minimises, for each job.
    """
    with errors_in_one_line(configs[0].hydra.sweep.dir):
        jobs = [Job(checked(config), Path(config.hydra.runtime.output_dir), config) for config in configs]
        outcomes = train(jobs)
        refuse_input(outcomes)
        by_folder = {job.path: outcome for job, outcome in zip(jobs, outcomes, strict=True)}
        print(summary(by_folder, {Path(config.hydra.sweep.dir) for config in configs}))
        return [_report(job, outcome, failures) for job, outcome in zip(jobs, outcomes, strict=True)]
    raise AssertionError("unreachable: errors end the program")


def _report(job: Job, outcome: Outcome, failures: dict[Path, str]) -> float:
    if why := failure(job, outcome):
        failures[job.path] = why
    return objective(outcome)
