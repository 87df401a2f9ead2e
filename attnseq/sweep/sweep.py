"""A sweep: finished runs are kept, and the others are grouped by program and trained group by group."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from attnseq.report.terminal import put, terminal_console
from attnseq.runs import build
from attnseq.runs.job import Job
from attnseq.runs.population_run import train_jobs
from attnseq.runs.results import Result
from attnseq.sweep.capacity import largest_population
from attnseq.sweep.claim import Claimed, Outcome, claim
from attnseq.sweep.failing import failed, failed_lines, tell, train_apart
from attnseq.sweep.grouping import cut, describe, group
from attnseq.training.checkpoint import CheckpointError, check_parameters
from attnseq.training.stopping import StopSignals


def run_sweep(
    jobs: Sequence[Job],
    max_population: int | None = None,
    device: str | None = None,
    cores: int | None = None,
    patience: float = 0.0,
    fail_fast: bool = False,
) -> list[Outcome]:
    """Train every run of a sweep that is not finished.

    Args:
        jobs: the runs, in any mixture. A folder that occurs twice is trained once.
        max_population: most runs of a population; None: as many as half of the free memory holds.
        device: where they train; None: where their configs say.
        cores: of the CPU that a population takes at most; None: all that this process may use.
        patience: as in `claim`.
        fail_fast: whether a run that fails or diverges stops the others.

    Returns:
        An outcome a job, in their order.

    Raises:
        ConfigError: two runs have the same folder.
        Interrupted: a signal came, or `FailedFast`; checkpoints are written, and what was finished by then is kept.
        OSError: of a disk, which would hit every run.
    """
    console = terminal_console()
    with StopSignals(fail_fast) as stop, claim(jobs, patience) as claimed:
        if said := before(claimed):
            put(console, said)
        for members in group(claimed.waiting):
            for outcomes in _train_group(members, max_population, device, partial(train_jobs, stop=stop, cores=cores)):
                its = [job for job in members if job.path.absolute() in outcomes]
                tell(its, [outcomes[job.path.absolute()] for job in its], console, stop)
                claimed.outcomes |= outcomes
                stop.check()
        return [claimed.outcomes[job.path.absolute()] for job in jobs]


def _train_group(
    members: Sequence[Job], max_population: int | None, device: str | None, train: Callable[..., list[Result]]
) -> Iterator[dict[Path, Outcome]]:
    """Train the runs of one program in as many populations as they need; yield the outcomes of each by folder."""
    outcomes: dict[Path, Outcome] = {}
    try:
        place = build.build_device(device or members[0].config.device)
        fitting = _fitting(members, outcomes)
        largest = max_population or largest_population([job.config for job in members], place)
    except Exception as error:  # a model, say, is built here for the first time and may fail
        yield {job.path.absolute(): failed(job, error) for job in members}
        return
    if outcomes:
        yield outcomes
    if not fitting:
        return
    populations = cut(fitting, largest)
    put(terminal_console(), describe(fitting, len(populations)))
    for population in populations:
        yield train_apart(population, lambda some: train(some, place))


def _fitting(members: Sequence[Job], outcomes: dict[Path, Outcome]) -> list[Job]:
    """Return the runs without a checkpoint, or with one that fits the present model; add errors for the others."""
    fitting = []
    shapes = build.build_recipe(members[0].config, trains=False).flat.shapes
    for job in members:
        try:
            if job.resumed is not None:
                check_parameters(job.folder.checkpoint_path, job.resumed, shapes)
            fitting.append(job)
        except CheckpointError as error:
            outcomes[job.path.absolute()] = error
    return fitting


def before(claimed: Claimed) -> str:
    """Say in a line what an earlier attempt left; add a line for each folder that cannot be used."""
    done = sum(not isinstance(outcome, Exception) for outcome in claimed.outcomes.values())
    runs = len(claimed.outcomes) + len(claimed.waiting)
    line = f"{done} of {runs} runs are finished; overwrite=true trains them anew"
    longer = sum(job.shorter is not None for job in claimed.waiting)
    begun = f"{longer} of {runs} runs begin where the same run with fewer epochs has ended"
    return "\n".join([line] * (done > 0) + [begun] * (longer > 0) + failed_lines(claimed.outcomes.values()))
