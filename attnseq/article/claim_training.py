"""Training the runs by which the claims are tested, looking at them, and giving the verdicts."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from attnseq.analysis.analysing import analyse_population, unfinished
from attnseq.analysis.settings import Settings
from attnseq.analysis.subjects import Subject
from attnseq.article.claim_runs import Variant, estimated_seconds
from attnseq.article.claims import CLAIMS
from attnseq.article.claims_figure import claims_figure
from attnseq.article.claims_report import About, Tested, content, markdown
from attnseq.article.evidence import Evidence, Seen, seen
from attnseq.core.files import write_atomically
from attnseq.report.axes import save
from attnseq.report.terminal import put, terminal_console
from attnseq.runs.job import Job
from attnseq.runs.reading import DIVERGED, FINISHED, read_run
from attnseq.sweep.local import run_locally
from attnseq.sweep.outcome import failure, failures_line
from attnseq.training.cores import usable_cores


class ClaimRuns:
    """Runs of all variants.

    Args:
        jobs: by variant and seed.

    Attributes:
        failures: why some runs are not finished, in one line; "" where all are.
    """

    def __init__(self, jobs: Mapping[Variant, Mapping[int, Job]]):
        self._jobs, self.failures = jobs, ""

    @property
    def every(self) -> list[Job]:
        """All of them."""
        return [job for runs in self._jobs.values() for job in runs.values()]

    @property
    def waiting(self) -> int:
        """How many are not finished."""
        return sum(job.folder.result() is None for job in self.every)

    @cached_property
    def seconds(self) -> float:
        """About how long these will train."""
        return estimated_seconds(self.every, usable_cores())

    def train(self) -> None:
        """Train those that are not finished.

        Raises:
            As `run_locally`.
        """
        outcomes = run_locally(self.every)
        failed = [failure(job, outcome) for job, outcome in zip(self.every, outcomes, strict=True)]
        self.failures = failures_line(found) if (found := [line for line in failed if line]) else ""

    def analyse(self) -> None:
        """Analyse the finished runs of which claims ask what moves their answers, unless they were before.

        Raises:
            OSError: a file cannot be written.
        """
        console, settings = terminal_console(), Settings()
        records = [
            read_run(job.path) for variant, jobs in self._jobs.items() if variant.analysed for job in jobs.values()
        ]
        subjects = [Subject(record) for record in records if record.state == FINISHED]
        for population in unfinished(subjects, settings, overwrite=False):
            put(console, f"analysing {len(population)} runs of {population[0].config.model.name}")
            analyse_population(population, settings)

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
