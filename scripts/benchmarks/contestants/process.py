"""Runs one contestant in this process, which `benchmarks.contest` starts: a job as JSON in, its figures as JSON out."""

import json
import sys
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.contestants.job import Clock, Enough, Job


def versions_of(packages: tuple[str, ...]) -> dict[str, str | None]:
    """Find the version of each package; None for those that are not installed."""
    found: dict[str, str | None] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def work(job: Job, started: float) -> dict[str, Any]:
    """Do a job that was begun at `started`; return its figures, or which packages are missing."""
    versions = versions_of(job.needs)
    missing = [package for package, number in versions.items() if number is None]
    if missing:
        return {"missing": missing}
    clock = Clock(job, started)
    with suppress(Enough):
        import_module(f"benchmarks.contestants.{job.module}").train(job, clock, **job.settings)
    return clock.figures() | {"versions": versions}


if __name__ == "__main__":
    job, started = json.loads(sys.argv[1])
    print(json.dumps(work(Job(**job | {"needs": tuple(job["needs"])}), started)))
