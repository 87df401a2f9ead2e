"""A sweep: finished runs are taken as they are, the others are grouped by program and trained group by group."""

from collections.abc import Sequence

from attnseq import build
from attnseq.job import Job
from attnseq.population_run import train_jobs
from attnseq.report.terminal import terminal_console
from attnseq.sweep.capacity import largest_population
from attnseq.sweep.claim import Claimed, Outcome, claim
from attnseq.sweep.grouping import cut, describe, group
from attnseq.training.stopping import StopSignals


def run_sweep(jobs: Sequence[Job], max_population: int | None = None, device: str | None = None) -> list[Outcome]:
    """Train every run of a sweep that is not finished.

    Args:
        jobs: the runs, in any mixture. A folder that is named twice is trained once.
        max_population: runs of a population at most; None: as many as half of the free memory holds.
        device: where they train; None: where their configs say.

    Returns:
        An outcome a job, in their order.

    Raises:
        ConfigError, Interrupted, OSError: as `population_run.train_jobs`; what was finished by then is kept.
    """
    console = terminal_console()
    with StopSignals() as stop, claim(jobs) as claimed:
        if claimed.outcomes:
            console.print(before(claimed), soft_wrap=True)
        for members in group(claimed.waiting):
            place = build.build_device(device or members[0].config.device)
            largest = max_population or largest_population([job.config for job in members], place)
            populations = cut(members, largest)
            console.print(describe(members, len(populations)), soft_wrap=True)
            for population in populations:
                for job, result in zip(population, train_jobs(population, place, stop), strict=True):
                    claimed.outcomes[job.path.absolute()] = result
        return [claimed.outcomes[job.path.absolute()] for job in jobs]


def before(claimed: Claimed) -> str:
    """What an earlier attempt left, in a line; a line more for each folder that cannot be used."""
    failures = [str(outcome) for outcome in claimed.outcomes.values() if isinstance(outcome, Exception)]
    done = len(claimed.outcomes) - len(failures)
    runs = len(claimed.outcomes) + len(claimed.waiting)
    line = f"{done} of {runs} runs are finished; overwrite=true trains them anew"
    return "\n".join([line] * (done > 0) + failures)
