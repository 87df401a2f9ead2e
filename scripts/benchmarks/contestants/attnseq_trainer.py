"""attnseq: config, data and population as `python -m attnseq.train` makes them, trained by the package's `Trainer`.

It does everything but write a run's files. It trains as if the article's 3,000,000 samples were ahead, since the number
of steps decides whether compilation pays.
"""

from collections.abc import Sequence
from typing import Any

from benchmarks.contestants.job import Clock, Job

ARTICLE = 3_000_000  # samples of 10 epochs


class Stamps:
    """An observer of attnseq's trainer that only tells the clock."""

    def __init__(self, clock: Clock):
        self._clock = clock

    def program(self, execution: Any) -> None:
        self._clock.note = "" if execution.way == "compiled" else f"not compiled: {execution.reason}"

    def start(self) -> None: ...

    def progress(self, steps: int, loss_P: Sequence[float]) -> None:
        self._clock.stepped()  # the device has finished, since the losses were read

    def epoch(self, epoch: int, population: Any, loss_P: Sequence[float]) -> None:
        self._clock.epoch_ended()
        self._clock.check(sum(loss_P) / len(loss_P))

    def checkpoint(self, population: Any) -> None: ...


def train(job: Job, clock: Clock, overrides: Sequence[str] = ()) -> None:
    """Train the job's population.

    Args:
        job: what to train; its replicas have seeds from 0 on.
        clock: is told of steps and epochs.
        overrides: Hydra's, besides those of the job.
    """
    from attnseq.commandline.checking import checked  # here, while the clock runs, since the command imports it, too
    from attnseq.commandline.command_line import register
    from attnseq.commandline.composition import compose_config
    from attnseq.runs import build
    from attnseq.training.stopping import StopSignals
    from attnseq.training.trainer import Trainer

    epochs = max(1 + job.epochs, -(-ARTICLE // job.samples))
    given = [f"model={job.model}", f"device={job.device}", f"dataset.train_size={job.samples}"]
    given += [f"trainer.batch_size={job.batch_size}", f"trainer.epochs={epochs}", *overrides]
    register()
    configs = [checked(compose_config([*given, f"seed={seed}"])) for seed in range(job.replicas)]
    device = build.build_device(job.device)
    data = build.build_data(configs, device)
    with StopSignals() as stop:
        population = build.build_population(configs, device)
        Trainer(data, build.build_schedule(configs[0].trainer), Stamps(clock)).fit(population, stop)
