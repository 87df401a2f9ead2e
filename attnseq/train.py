"""Train one run or a sweep: `python -m attnseq.train [-m] [overrides]`."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from attnseq import naming
from attnseq.arguments import fail
from attnseq.checking import checked
from attnseq.commandline import check_command_line, errors_in_one_line, register
from attnseq.job import Job
from attnseq.output import enduring_output
from attnseq.run import run
from attnseq.sweep.claim import Outcome, is_shared
from attnseq.sweep.failing import failed, refuse_input
from attnseq.sweep.multirun_yaml import multirun_yaml_where_possible
from attnseq.sweep.outcome import failure, failures_line, objective, summary
from attnseq.training.memory import end_without_collection


@enduring_output()
def main() -> None:
    """Entry point; exit status 0, 1 (diverged, folder in use, disk full), 2 (bad input), 128 + signal (stopped)."""
    end_without_collection()
    register()
    check_command_line(sys.argv[1:])
    failures: dict[Path, str] = {}

    def report(job: Job, outcome: Outcome) -> float:
        if why := failure(job, outcome):
            failures[job.path] = why
        return objective(outcome)

    def task(config: DictConfig) -> float:
        folder = Path(HydraConfig.get().runtime.output_dir)
        with errors_in_one_line(str(folder)):
            job = Job(checked(config), folder, OmegaConf.create({"hydra": HydraConfig.get()}))
            try:
                return report(job, run(job))
            except Exception as error:  # of a sweep the other runs are trained all the same
                if HydraConfig.get().mode == RunMode.RUN or is_shared(error):
                    raise
                outcome = failed(job, error)
                print(outcome)
                return report(job, outcome)
        raise AssertionError("unreachable: errors end the program")

    def together(configs: Sequence[DictConfig], train: Callable[[Sequence[Job]], list[Outcome]]) -> list[float]:
        with errors_in_one_line(configs[0].hydra.sweep.dir):
            jobs = [
                Job(checked(config), Path(config.hydra.runtime.output_dir), OmegaConf.masked_copy(config, "hydra"))
                for config in configs
            ]
            outcomes = train(jobs)
            refuse_input(outcomes)
            by_folder = {job.path: outcome for job, outcome in zip(jobs, outcomes, strict=True)}
            print(summary(by_folder, {Path(config.hydra.sweep.dir) for config in configs}))
            return [report(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]
        raise AssertionError("unreachable: errors end the program")

    task.together = together  # type: ignore[attr-defined]  # for the launchers in hydra_plugins/
    with multirun_yaml_where_possible():
        hydra.main(config_path=str(naming.config_directory()), config_name="config", version_base="1.3")(task)()
    if failures:
        fail(failures_line(list(failures.values())), 1)


if __name__ == "__main__":
    main()
