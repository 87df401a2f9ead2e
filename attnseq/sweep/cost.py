"""How long the programs of a sweep will take on this machine, estimated before any of them is built."""

import time
from collections.abc import Sequence

import torch

from attnseq.report import history
from attnseq.runs import build
from attnseq.runs.job import Job
from attnseq.sweep.grouping import program_of
from attnseq.training.cache import cache_folder
from attnseq.training.compiling import at_most_threads
from attnseq.training.execution import COMPILED, Learnt, Measured, ways
from attnseq.training.fingerprint import SAMPLES, Digest, example_call, step_digest
from attnseq.training.population import build_steps

CPU = torch.device("cpu")


class Costs:
    """Estimates seconds by one step of each program, which is taken once, and by what was learnt of earlier ones."""

    def __init__(self) -> None:
        self._learnt = Learnt(cache_folder() / "rates_cpu.json").read()
        self._steps: dict[str, tuple[Digest, float] | None] = {}

    def __call__(self, jobs: Sequence[Job], cores: int = 1) -> float:
        """Estimate the seconds that runs of one program take as a population, in the way that takes least.

        A program whose step fails takes no time: it fails as soon as it is trained, where that is said of its runs.

        Args:
            jobs: of one program.
            cores: that it may use.
        """
        trainer, dataset = jobs[0].config.trainer, jobs[0].config.dataset
        step = self._step(jobs[0])
        if step is None:
            return 0.0
        digest, seconds = step
        epochs = trainer.epochs - min(history.last(job.folder.history_path)[0] for job in jobs)
        measured = Measured(
            steps=max(0, epochs) * -(-dataset.sizes.train // trainer.batch_size),
            step_seconds=seconds,
            operations=digest.operations,
            work=digest.work * trainer.batch_size / SAMPLES * len(jobs),
            operation_seconds=seconds / digest.written,
        )
        estimated = ways(measured, self._learnt, min(cores, len(jobs)))
        if trainer.compile == "true":
            return estimated[COMPILED]
        return min(value for way, value in estimated.items() if trainer.compile == "auto" or way != COMPILED)

    def _step(self, job: Job) -> tuple[Digest, float] | None:
        """Return what a step of one replica computes, and how long it takes as it is written; None if it fails."""
        program = program_of(job.config)
        if program not in self._steps:
            try:
                self._steps[program] = _timed_step(job)
            except Exception:  # a user's model may raise anything
                self._steps[program] = None
        return self._steps[program]


def _timed_step(job: Job) -> tuple[Digest, float]:
    recipe = build.build_recipe(job.config)
    digest = step_digest(recipe)  # and what is only done the first time
    steps, call = build_steps(recipe), example_call(recipe)
    with at_most_threads(1, CPU):
        began = time.perf_counter()
        steps(*call)
        return digest, time.perf_counter() - began
