"""What the training of a population tells its runs' folders and the terminal.

Shapes: P replicas, N parameters, T positions.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType

from omegaconf import OmegaConf

from attnseq.analysis.attention import summarise_attention
from attnseq.config import RunConfig
from attnseq.datasets.dataset import Dataset
from attnseq.report import history
from attnseq.report.records import EpochRecord
from attnseq.report.tensorboard import TensorBoardLog
from attnseq.report.terminal import Progress
from attnseq.run_folder import RunFolder
from attnseq.training.checkpoint import Checkpoint
from attnseq.training.compiling import CompilePlan
from attnseq.training.evaluation import evaluate
from attnseq.training.trainer import Population

PROBE_SAMPLES = 2_000
"""The first so many validation samples, over which attention is watched during training."""


@dataclass
class Run:
    """One replica's run: its config, its folder, and where an earlier attempt left it."""

    config: RunConfig
    folder: RunFolder
    resumed: Checkpoint | None


class RunObserver:
    """Writes every run's history, TensorBoard events and checkpoints, and the terminal's progress.

    Args:
        runs: one a replica, in their order.
        dataset: on the population's device.
        progress: the terminal's; epochs are shown there for a population of one.
    """

    def __init__(self, runs: Sequence[Run], dataset: Dataset, progress: Progress):
        self._runs, self._dataset, self._progress = runs, dataset, progress
        self._probe = dataset.validation.first(PROBE_SAMPLES)
        self._started = self._epoch_started = time.monotonic()
        self._logs: list[TensorBoardLog] = []
        self._open = ExitStack()

    def __enter__(self) -> "RunObserver":
        for run in self._runs:
            epoch = run.resumed.epoch if run.resumed else 0
            history.truncate(run.folder.history_path, epoch)
            log = TensorBoardLog(run.folder.path, purge_step=epoch + 1 if run.resumed else None)
            log.config(OmegaConf.to_yaml(OmegaConf.structured(run.config)))
            self._logs.append(self._open.enter_context(log))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def logs(self) -> Sequence[TensorBoardLog]:
        """TensorBoard's, one a run."""
        return self._logs

    def seconds(self, run: Run) -> float:
        """Spent on a run so far, earlier attempts counted in."""
        return time.monotonic() - self._started + (run.resumed.seconds if run.resumed else 0.0)

    def program(self, plan: CompilePlan) -> None:
        text = "compiling the training step, which takes up to a minute the first time"
        self._progress.note(text if plan.compile else f"the training step is not compiled: {plan.reason}")

    def start(self) -> None:
        self._epoch_started = time.monotonic()
        self._progress.restart_clock()
        self._progress.epoch_table_header()

    def progress(self, steps: int, loss_P: Sequence[float]) -> None:
        self._progress.update(steps, sum(loss_P) / len(loss_P))

    def epoch(self, epoch: int, population: Population, loss_P: Sequence[float]) -> None:
        seconds = time.monotonic() - self._epoch_started
        parameters_PxN = population.state.parameters
        metrics = evaluate(population.flat, parameters_PxN, self._dataset.validation, self._dataset.task.scale)
        attention = summarise_attention(population.flat, parameters_PxN, self._probe)
        rows = zip(self._runs, self._logs, loss_P, metrics, attention, population.diverged(), strict=True)
        for run, log, loss, metric, summary, diverged in rows:
            if diverged:
                continue
            record = EpochRecord(epoch, loss, metric.loss, metric.mae, metric.exact, seconds, summary)
            log.epoch(record, self._dataset.task.relevance)
            history.append(run.folder.history_path, record)
            if len(self._runs) == 1:
                self._progress.epoch_row(record)
        self._epoch_started = time.monotonic()

    def checkpoint(self, population: Population) -> None:
        for replica, run in enumerate(self._runs):
            state = {name: value[replica].cpu() for name, value in population.state._asdict().items()}
            run.folder.save_checkpoint(population.epoch, population.step, state, self.seconds(run))
