"""Training the runs by which the claims are tested, looking at them, and giving the verdicts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attnseq.analysis.analysing import analyse_population, unfinished
from attnseq.analysis.settings import Settings
from attnseq.analysis.subjects import Subject, SubjectError
from attnseq.article.claim_runs import Variant, estimated_seconds
from attnseq.article.claims import CLAIMS
from attnseq.article.claims_figure import claims_figure
from attnseq.article.claims_report import About, Tested, content, markdown
from attnseq.article.evidence import Evidence, Seen, seen
from attnseq.core.files import write_atomically
from attnseq.report.axes import save
from attnseq.report.formats import format_seconds
from attnseq.report.terminal import put, terminal_console
from attnseq.runs.job import Job
from attnseq.runs.reading import DIVERGED, FINISHED, read_run
from attnseq.sweep.local import run_locally
from attnseq.sweep.outcome import failure, failures_line
from attnseq.training.cores import usable_cores

SAMPLES = 100
"""Of the test split, of which each run is asked what moves its answers: many runs are averaged over."""


class ClaimRuns:
    """Runs of all variants.

    Args:
        jobs: by variant and seed.

    Attributes:
        failures: why some runs are not finished or could not be analysed, a line each.
    """

    def __init__(self, jobs: Mapping[Variant, Mapping[int, Job]]):
        self._jobs = jobs
        self.failures: list[str] = []

    @property
    def every(self) -> list[Job]:
        """All of them."""
        return [job for runs in self._jobs.values() for job in runs.values()]

    @property
    def waiting(self) -> int:
        """How many are not finished."""
        return sum(job.folder.result() is None for job in self.every)

    def look(self, trains: bool) -> None:
        """Train the runs that are not finished, if that is asked for, and analyse those of which claims ask it.

        Raises:
            As `run_locally`. OSError: a file cannot be written.
        """
        if trains:
            seconds = format_seconds(estimated_seconds(self.every, usable_cores()))
            asked = sum(len(jobs) for variant, jobs in self._jobs.items() if variant.analysed)
            line = (
                f"{self.waiting} of {len(self.every)} runs to train, about {seconds}; {asked} of them are analysed then"
            )
            put(terminal_console(), line)
            self._train()
        self._analyse()

    def evidence(self) -> Evidence:
        """Read what the finished runs show."""
        found: dict[str, dict[int, Seen]] = {}
        lost: dict[str, int] = {}
        for variant, jobs in self._jobs.items():
            records = {seed: read_run(job.path) for seed, job in jobs.items()}
            read = {seed: seen(record) for seed, record in records.items()}
            found[variant.label] = {seed: its for seed, its in read.items() if its is not None}
            lost[variant.label] = sum(record.state == DIVERGED for record in records.values())
        return Evidence(found, lost)

    def _train(self) -> None:
        outcomes = run_locally(self.every)
        failed = [failure(job, outcome) for job, outcome in zip(self.every, outcomes, strict=True)]
        if lines := [line for line in failed if line]:
            self.failures.append(failures_line(lines))

    def _analyse(self) -> None:
        subjects, settings = [], Settings(SAMPLES)
        for job in (job for variant, jobs in self._jobs.items() if variant.analysed for job in jobs.values()):
            record = read_run(job.path)
            try:
                subjects += [Subject(record)] if record.state == FINISHED else []
            except SubjectError as error:
                self.failures.append(str(error))
        for population in unfinished(subjects, settings, overwrite=False):
            put(terminal_console(), f"analysing {len(population)} runs of {population[0].config.model.name}")
            self.failures += map(str, analyse_population(population, settings))


def judged(evidence: Evidence) -> list[Tested]:
    """Give a verdict on each claim."""
    return [Tested(claim, claim.judge(evidence)) for claim in CLAIMS]


def write_claims(root: Path, tested: Sequence[Tested], evidence: Evidence, about: About) -> None:
    """Write claims.md, claims.json and claims.png.

    Raises:
        OSError: a file cannot be written; each is the whole old or the whole new one.
    """
    root.mkdir(parents=True, exist_ok=True)
    write_atomically(root / "claims.md", markdown(tested, evidence, about).encode())
    write_atomically(root / "claims.json", content(tested, evidence, about).encode())
    save(claims_figure(evidence, about.is_quick), root / "claims.png")
