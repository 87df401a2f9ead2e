"""What is written to runs' folders and shown in the terminal while a population trains.

Shapes: P replicas, W parameters of one replica, T positions.
"""

import logging
import math
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import compress

from torch import Tensor

from attnseq.core.fan_out import for_each
from attnseq.core.files import write_atomically
from attnseq.report import history
from attnseq.report.pictures import Pictures
from attnseq.report.records import EpochRecord
from attnseq.report.tensorboard import TensorBoardLog
from attnseq.report.terminal import Progress
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.results import PROBE_SAMPLES, position_relevance
from attnseq.runs.step_watch import StepWatch
from attnseq.training.checkpoint import ADVICE, Program
from attnseq.training.evaluation import Evaluation, Meter
from attnseq.training.execution import COMPILED, Execution
from attnseq.training.plan import Plan, population_name, save_plan
from attnseq.training.pool import Data, DataPool
from attnseq.training.replicas import Population
from attnseq.training.stopping import StopSignals

log = logging.getLogger(__name__)

DIVERGED = "diverged: a loss was not finite"


class RunObserver:
    """Writes every run's history, TensorBoard events and checkpoints, and the terminal's progress.

    Args:
        jobs: one a replica, in their order.
        data: of the replicas.
        progress: of the terminal, which shows epochs for a population of one; the log has them always.
        meter: of the runs' task.
        steps: watches the runs within an epoch.
        program: what trains the runs, for their checkpoints.
        stop: is told of runs that diverge.

    Attributes:
        logs: of TensorBoard, one a run.
        pictures: draws the pictures of all runs.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        data: DataPool,
        progress: Progress,
        meter: Meter,
        steps: StepWatch,
        program: Program | None = None,
        stop: StopSignals | None = None,
    ):
        self._jobs, self._data, self._progress, self._meter, self._program = jobs, data, progress, meter, program
        self._steps, self._stop = steps, stop
        self._diverged = [False] * len(jobs)
        self._started = self._epoch_started = time.monotonic()
        relevances = [position_relevance(each.task, each.splits.validation) for each in data.each]
        self._relevance_P = [relevances[index] for index in data.index_P]
        self.logs, self.pictures = for_each(partial(_open_log, samples=data.train_size), jobs), Pictures()
        task = data.each[0].task
        self._position_names, self._position_labels = task.position_names, task.position_labels
        self._seen_P = _first_of_each_variant(jobs)

    def seconds(self, job: Job) -> float:
        """Compute the time spent on a run so far: its share of its population's time, with earlier attempts."""
        share = (time.monotonic() - self._started) / len(self._jobs)
        return share + (job.resumed.seconds if job.resumed else 0.0)

    def _epoch_seconds(self, job: Job, epoch: int) -> float:
        """Compute the time spent on a run in the epoch after `epoch` others: its share, with earlier attempts."""
        share = (time.monotonic() - self._epoch_started) / len(self._jobs)
        return share + (job.resumed.epoch_seconds if job.resumed and job.resumed.epoch == epoch else 0.0)

    def program(self, execution: Execution) -> None:
        compiled = execution.way == COMPILED
        self._progress.note(f"the training step is {'' if compiled else 'not '}compiled: {execution.reason}")
        population, runs = population_name(job.path for job in self._jobs), len(self._jobs)
        plans = [Plan(execution, population, runs, row) for row in range(runs)]
        for_each(save_plan, [job.folder.plan_path for job in self._jobs], plans)

    def start(self) -> None:
        self._epoch_started = time.monotonic()
        self._progress.restart_clock()
        self._steps.restart_clock()

    def progress(self, steps: int, loss_P: Sequence[float]) -> None:
        self._steps.look(steps, loss_P)
        if self._steps.is_due:
            self._write_points()
        self._tell_diverged(loss_P)
        finite = [loss for loss in loss_P if math.isfinite(loss)]
        self._progress.update(steps, sum(finite) / len(finite) if finite else math.nan)

    def _tell_diverged(self, loss_P: Sequence[float]) -> None:
        """Print the runs that have just diverged, and leave a line in their folders for who watches from outside."""
        for place, (job, loss) in enumerate(zip(self._jobs, loss_P, strict=True)):
            if self._diverged[place] or math.isfinite(loss):
                continue
            self._diverged[place] = True
            line = f"{job.name} {DIVERGED}"
            self._progress.note(line)
            with suppress(OSError):
                write_atomically(job.folder.error_path, f"{line}\n".encode(), durable=False)
            if self._stop is not None:
                self._stop.lost(line)

    def _write_points(self) -> None:
        points_P = self._steps.take()
        if any(points_P):
            for_each(TensorBoardLog.steps, self.logs, points_P)

    def epoch(self, epoch: int, population: Population, loss_P: Sequence[float]) -> None:
        seconds_P = [self._epoch_seconds(job, epoch - 1) for job in self._jobs]
        self._write_points()
        attends = population.recipe.flat.model.attends
        watched = self._data.evaluate(population.state.parameters, self._watch)
        running = [not diverged for diverged in population.diverged()]
        records = [
            EpochRecord(epoch, epoch_row(loss, its), its.attention, seconds, its.alignment, attends)
            for loss, seconds, its in zip(loss_P, seconds_P, watched, strict=True)
        ]
        columns = self._jobs, self.logs, records, self._relevance_P, self._seen_P
        for_each(self._write_epoch, *(compress(column, running) for column in columns))
        if len(self._jobs) == 1 and running[0]:
            shares = [name for name, metric in self._meter.metrics.items() if metric.is_share]
            self._progress.epoch_row(records[0], self._position_names, shares)
        self._epoch_started = time.monotonic()
        self._steps.restart_clock()

    def _watch(self, parameters_PxW: Tensor, data: Data) -> list[Evaluation]:
        """Evaluate the replicas that share data after an epoch."""
        return self._meter.evaluate(parameters_PxW, data.splits.validation, PROBE_SAMPLES, data.task)

    def _write_epoch(
        self, job: Job, events: TensorBoardLog, record: EpochRecord, relevance_T: list[float] | None, is_seen: bool
    ) -> None:
        is_last = record.epoch == job.config.trainer.epochs  # draw pictures only then: they take longer than all else
        run = (job.variant, job.config.seed) if is_last and is_seen else None
        events.epoch(record, relevance_T, self._position_labels, run)
        try:
            history.append(job.folder.history_path, record)
        except ValueError as error:  # an earlier attempt had other metrics
            raise RunFolderError(f"{error}; {ADVICE}") from None
        losses = record.row["loss/train"], record.row["loss/validation"]
        log.info("%s: epoch %d, loss/train %.6g, loss/validation %.6g", job.name, record.epoch, *losses)

    def checkpoint(self, population: Population) -> None:
        began = time.monotonic()
        self._write_points()
        state = {name: value.cpu() for name, value in population.state._asdict().items()}
        rows = [{name: value[replica] for name, value in state.items()} for replica in range(len(self._jobs))]

        where = population.epoch, population.step
        seconds_P = [self._epoch_seconds(job, population.epoch) if population.step else 0.0 for job in self._jobs]

        def save(job: Job, row: dict[str, Tensor], epoch_seconds: float) -> None:
            job.folder.save_checkpoint(*where, row, self.seconds(job), epoch_seconds, self._program)

        for_each(save, self._jobs, rows, seconds_P)
        self._epoch_started += time.monotonic() - began  # an epoch's seconds do not include writing
        self._steps.leave_out(time.monotonic() - began)


def _first_of_each_variant(jobs: Iterable[Job]) -> list[bool]:
    """Tell for which runs of a population TensorBoard has pictures: one a variant, since those of seeds are alike."""
    variants = [job.variant for job in jobs]
    return [variant not in variants[:place] for place, variant in enumerate(variants)]


def _open_log(job: Job, samples: int) -> TensorBoardLog:
    """Cut a run's history and TensorBoard log back to where the run goes on, and open the log.

    Args:
        job: the run.
        samples: to train on.
    """
    epoch, step = job.position
    steps = epoch * -(-samples // job.config.trainer.batch_size) + step
    try:
        history.truncate(job.folder.history_path, epoch)
    except ValueError as error:
        raise RunFolderError(f"{error}; {ADVICE}") from None
    events = TensorBoardLog(job.path, purge_step=epoch + 1 if job.resumed else None, steps=steps)
    events.start(job.yaml, job.hparams)
    return events


def epoch_row(loss: float, evaluation: Evaluation) -> dict[str, float]:
    """Collect all numbers of an epoch by name.

    Args:
        loss: mean over the training steps.
        evaluation: of the validation samples.
    """
    measured = {name if "/" in name else f"{name}/validation": value for name, value in evaluation.row.items()}
    row = {"loss/train": loss} | measured
    return row | {f"{tag}/entropy": attention.entropy for tag, attention in evaluation.attention.items()}
