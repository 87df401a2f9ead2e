"""Train one run or a sweep: `python -m attnseq.train [-m] [overrides]`."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from omegaconf import DictConfig

from attnseq.commandline.arguments import fail
from attnseq.commandline.command_line import check_command_line
from attnseq.commandline.composition import one_store
from attnseq.commandline.multirun_yaml import multirun_yaml_where_possible
from attnseq.commandline.output import enduring_output
from attnseq.runs.config_files import config_directory
from attnseq.training.memory import end_without_collection

if TYPE_CHECKING:
    from attnseq.runs.job import Job
    from attnseq.sweep.claim import Outcome


@enduring_output()
def main() -> None:
    """Run the command; exit status 0, 1 (diverged, folder in use, disk full), 2 (bad input), 128 + signal (stopped)."""
    end_without_collection()
    check_command_line(sys.argv[1:])
    failures: dict[Path, str] = {}

    def task(config: DictConfig) -> float:
        from attnseq.commandline.launching import train_alone  # loads PyTorch, which --help does without

        return train_alone(config, failures)

    def together(configs: Sequence[DictConfig], train: Callable[[Sequence["Job"]], list["Outcome"]]) -> list[float]:
        from attnseq.commandline.launching import train_together

        return train_together(configs, train, failures)

    task.together = together  # type: ignore[attr-defined]  # for the launchers in hydra_plugins/
    with multirun_yaml_where_possible(), one_store():
        hydra.main(config_path=str(config_directory()), config_name="config", version_base="1.3")(task)()
    if failures:
        from attnseq.sweep.outcome import failures_line

        fail(failures_line(list(failures.values())), 1)


if __name__ == "__main__":
    main()
