"""Running contestants in turn, each in a process of its own, round after round, so that noise hits all alike."""

import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.contestants.job import Job
from benchmarks.output import Row
from benchmarks.process import ROOT, call, say

TORCH = ("torch",)
PEERS_PYTHON = ROOT / ".venv-peers" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
HEADS = ("model", "contestant", "us/sample", "first step: cold", "warm", "peak MiB", "loss")
FIGURES = {"us": 3, "first_cold": 1, "first_warm": 1, "peak": 0, "loss": 5}  # and their decimals


class Entry(NamedTuple):
    """A contestant's name in the table, and its job."""

    name: str
    job: Job


def attnseq(model: str, replicas: int, samples: int, epochs: int, *overrides: str, **more: Any) -> Entry:
    """Make attnseq's entry; see `Job` for the arguments; `overrides` are Hydra's."""
    name = "attnseq, uncompiled" if "trainer.compile=false" in overrides else "attnseq"
    settings = {"overrides": list(overrides)}
    return Entry(name, Job("attnseq_trainer", settings, TORCH, model, replicas, samples, epochs, **more))


def pytorch(threads: int, model: str, samples: int, epochs: int, **more: Any) -> Entry:
    """Make PyTorch's entry with so many threads."""
    settings = {"threads": threads}
    return Entry(f"PyTorch, threads={threads}", Job("pytorch_loop", settings, TORCH, model, 1, samples, epochs, **more))


def compete(entries: Sequence[Entry], rounds: int, scratch: Path) -> list[Row]:
    """Run all entries in rounds; return a row of figures for each."""
    done = [[compete_once(entry, scratch) for entry in entries] for _ in range(rounds)]
    return [summarise(entry, its) for entry, its in zip(entries, zip(*done, strict=True), strict=True)]


def compete_once(entry: Entry, scratch: Path, cache: str | None = None) -> Row:
    """Do an entry's job in a process of its own; return its figures and seconds, or what is missing.

    Entries with the same model and number of replicas share caches, unless `cache` names others.
    """
    job = entry.job
    say(f"{title(job)}: {entry.name}, {1 + job.epochs} epochs of {job.samples:,}")
    peer = job.needs != TORCH and PEERS_PYTHON.exists()
    arguments = ["-m", "benchmarks.contestants.process", json.dumps([asdict(job), time.perf_counter()])]
    cache = cache or f"{job.model}_{job.replicas}"
    output, seconds = call(arguments, scratch, cache, str(PEERS_PYTHON) if peer else sys.executable)
    return {"seconds": seconds} | json.loads(output.splitlines()[-1])


def title(job: Job) -> str:
    """Name the model, and how many of it are trained."""
    return job.model if job.replicas == 1 else f"{job.model} x {job.replicas}"


def summarise(entry: Entry, rounds: Sequence[Row]) -> Row:
    """Make an entry's row: medians over all epochs of all rounds; cold is the first round, with empty caches."""
    row: Row = {"model": title(entry.job), "contestant": entry.name, "us": None}
    if missing := rounds[0].get("missing"):
        return row | {"contestant": f"{entry.name}: not installed ({', '.join(missing)})"}
    firsts, peaks = ([done[key] for done in rounds] for key in ("first", "peak"))
    return row | {
        "us": median(chain(*(done["us"] for done in rounds))),
        "us_rounds": [median(done["us"]) for done in rounds],
        "first_cold": firsts[0],
        "first_warm": median(firsts[1:]) if firsts[1:] else None,
        "peak": None if None in peaks else max(peaks),
        "loss": rounds[-1]["loss"],
        "note": rounds[-1]["note"],
        "versions": rounds[-1]["versions"],
    }


def notes(rows: Iterable[Row]) -> list[str]:
    """Write the lines below a table: remarks of contestants, and versions."""
    said = [f"{row['model']}, {row['contestant']}: {row['note']}" for row in rows if row.get("note")]
    versions = {f"{name} {number}" for row in rows for name, number in row.get("versions", {}).items()}
    return [*said, ", ".join(sorted(versions))]
