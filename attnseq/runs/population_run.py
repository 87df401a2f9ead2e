"""Training the runs of one program as a population, and writing what each run's folder holds at its end.

Shapes: P replicas.
"""

from collections.abc import Sequence
from dataclasses import replace
from operator import or_

import torch

from attnseq.contracts.measures import split_of
from attnseq.core.fan_out import for_each
from attnseq.core.files import write_atomically
from attnseq.report import history
from attnseq.report.pictures import Pictures
from attnseq.report.tensorboard import TensorBoardLog
from attnseq.report.terminal import Progress
from attnseq.runs import build
from attnseq.runs.job import Job, is_whole
from attnseq.runs.observer import RunObserver
from attnseq.runs.picturing import draw_run
from attnseq.runs.results import Result, measure
from attnseq.runs.step_watch import StepWatch
from attnseq.training.checkpoint import Program, check_parameters
from attnseq.training.execution import Execution
from attnseq.training.population import PopulationState
from attnseq.training.replicas import Population
from attnseq.training.stopping import StopSignals
from attnseq.training.trainer import Trainer


def train_jobs(jobs: Sequence[Job], device: torch.device, stop: StopSignals, cores: int | None = None) -> list[Result]:
    """Train runs to their end, and write their results.

    Args:
        jobs: of one program, at the same position; their folders locked.
        device: where they train.
        stop: checked between blocks of steps.
        cores: the most that they take, see `Trainer`.

    Returns:
        What each result.json holds.

    Raises:
        ConfigError: a dataset cannot be made, or trainer.compile=true and compilation failed.
        CheckpointError: a checkpoint is of a model with other parameters.
        Interrupted: a signal came; checkpoints are written.
        OSError: a folder cannot be written.
    """
    configs = [job.config for job in jobs]
    trainer = configs[0].trainer
    data = build.build_data(configs, device)
    population = build.build_population(configs, device)
    meter = build.build_meter(configs[0], population.recipe)
    program = build.build_program(configs[0])
    resume(population, jobs)
    for_each(Job.write_config, jobs)
    steps_an_epoch = -(-data.train_size // trainer.batch_size)
    done = population.epoch * steps_an_epoch + population.step
    with Progress(trainer.epochs * steps_an_epoch, done, replicas=len(jobs)) as progress:
        if changed := other_program(jobs, program):
            progress.note(changed)
        watch = StepWatch(population, data.train_size, trainer.batch_size)
        observer = RunObserver(jobs, data, progress, meter, watch, program, stop)
        Trainer(data, build.build_schedule(trainer), observer, cores).fit(population, stop, began_as(jobs))
        seconds = [{"seconds": observer.seconds(job)} for job in jobs]
        progress.stage("measuring test samples")
        measured = list(map(or_, measure(jobs, data, population, meter), seconds))
        progress.stage("drawing pictures")
        results = for_each(publish, jobs, observer.logs, measured, [observer.pictures] * len(jobs))
    stop.check()
    return results


def resume(population: Population, jobs: Sequence[Job]) -> None:
    """Put the rows of checkpoints into a population; a run without a checkpoint stays at its start.

    Args:
        population: at its start; changed in place.
        jobs: one a replica, all at the same position.

    Raises:
        CheckpointError: a checkpoint is of a model with other parameters.
    """
    population.epoch, population.step = jobs[0].position
    for replica, job in enumerate(jobs):
        if job.resumed is not None:
            check_parameters(job.folder.checkpoint_path, job.resumed, population.recipe.flat.shapes)
            for name, value in PopulationState(**job.resumed.state)._asdict().items():
                getattr(population.state, name)[replica] = value


def began_as(jobs: Sequence[Job]) -> Execution | None:
    """Return how runs were trained so far; where they are not the same population again, shards are decided anew.

    Args:
        jobs: one a replica.
    """
    plans = [job.plan for job in jobs if job.plan is not None]
    if not plans:
        return None
    if is_whole(jobs):
        return plans[0].execution
    at_the_start = jobs[0].position == (0, 0)  # decide anew: there is nothing to go on with in the same way
    return None if at_the_start else replace(plans[0].execution, shards=None)


def other_program(jobs: Sequence[Job], program: Program) -> str:
    """Say in one line that another program trained runs so far; "" where none did.

    Args:
        jobs: runs that go on, or begin.
        program: what trains them now.
    """
    before = [job.resumed.program for job in jobs if job.resumed and job.resumed.program]
    changed = [each for each in before if each.digest != program.digest]
    if not changed:
        return ""
    runs = "the run was" if len(jobs) == 1 else f"{len(changed)} of {len(jobs)} runs were"
    torches = " and ".join(sorted({each.torch for each in changed} - {program.torch}))
    other = "other code" + (f", or by PyTorch {torches} (now {program.torch})" if torches else "")
    return f"{runs} trained so far by {other}; what comes may not fit what was"


def publish(job: Job, log: TensorBoardLog, result: Result, pictures: Pictures) -> Result:
    """Write what a run's log ends with, its pictures and, last, its result.

    Args:
        job: the run.
        log: of TensorBoard.
        result: the complete result.
        pictures: draws the pictures.

    Returns:
        What result.json holds.
    """
    if result["status"] == "finished":
        finals = {key: value for key, value in result.items() if split_of(key) == "test"}
        log.finish(finals)
    draw(job, result, pictures)
    return job.folder.write_result(result)


def draw(job: Job, result: Result, pictures: Pictures) -> None:
    """Write the run's pictures, see `draw_run`.

    Args:
        job: the run.
        result: of this run, new or read back.
        pictures: draws the pictures.
    """
    rows = history.read(job.folder.history_path) if job.folder.history_path.exists() else []
    for name, content in draw_run(job.config, job.variant, result, rows, pictures).items():
        write_atomically(job.folder.path / name, content, durable=False)
