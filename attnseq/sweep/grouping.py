"""Grouping the runs of a sweep by program, and cutting groups into populations."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import reduce
from itertools import pairwise

from attnseq.runs.base_run import base_digest
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job, is_whole

PER_REPLICA: dict[str, tuple[str, ...]] = {
    "dataset": ("seed", "label_noise"),
    "model": ("init",),
    "trainer": (
        *("name", "learning_rate", "beta1", "beta2", "epsilon", "clip_norm", "weight_noise", "divergence_weight"),
        "order",
    ),
}
"""Keys of each group that may differ within a population: they change a replica's data or numbers, not the program."""


def program_of(config: RunConfig) -> str:
    """Write what decides the program that trains a run as text: runs with equal texts can be one population.

    Args:
        config: checked.
    """
    content = asdict(config)
    for key in ("name", "seed", "overwrite", "plugins"):
        content.pop(key)
    for group, keys in PER_REPLICA.items():
        for key in keys:
            content[group].pop(key, None)
    content["trainer"]["base_run"] = base_digest(config)  # the program holds its parameters, wherever they lie
    if config.model.needs_truth:  # the program holds the task's relevance, which another seed may change
        content["truth"] = getattr(config.dataset, "seed", None)
    # of a dataset that is read from a file, another seed may give other samples and another scale
    content["samples"] = repr((config.dataset.task.spec, config.dataset.sizes))
    return json.dumps(content, sort_keys=True)


def group(jobs: Sequence[Job]) -> list[list[Job]]:
    """Group jobs that share a program and stand at the same position; groups are in the order of their first jobs.

    A population that was trained together before and is whole is a group of its own, in its old order, so that its runs
    go on bit for bit. Other jobs are grouped only with those that began in the same way, compiled or not.
    """
    together: dict[tuple[str, tuple[int, int], str], list[Job]] = {}
    for job in jobs:
        population = job.plan.population if job.plan else ""
        together.setdefault((program_of(job.config), job.position, population), []).append(job)
    groups: dict[tuple[str, tuple[int, int], str], list[Job]] = {}
    for (program, position, population), members in together.items():
        if is_whole(members):
            groups[program, position, population] = sorted(members, key=lambda job: job.plan.row if job.plan else 0)
        else:
            way = members[0].plan.execution.way if members[0].plan and position != (0, 0) else ""
            groups.setdefault((program, position, way), []).extend(members)
    return list(groups.values())


def cut(jobs: Sequence[Job], largest: int) -> list[list[Job]]:
    """Cut a group into populations of at most `largest` runs, as equal in size as possible.

    Args:
        jobs: of one group.
        largest: 1 or more.
    """
    parts = -(-len(jobs) // largest)
    ends = [len(jobs) * part // parts for part in range(parts + 1)]
    return [list(jobs[start:end]) for start, end in pairwise(ends)]


def describe(jobs: Sequence[Job], populations: int) -> str:
    """Describe a group in a line such as "lstm_attention, 64 runs, one program".

    Args:
        jobs: of one group.
        populations: how many it is cut into.
    """
    parts = [job.variant.split(",") for job in jobs]
    common = reduce(lambda kept, other: [part for part in kept if part in other], parts)
    words = [",".join(common) or jobs[0].config.model.name, f"{len(jobs)} run{'s' * (len(jobs) > 1)}", "one program"]
    if populations > 1:
        words.append(f"{populations} populations of up to {-(-len(jobs) // populations)}")
    epoch, step = jobs[0].position
    if (epoch, step) != (0, 0):
        words.append(f"going on from epoch {epoch}" + (f", step {step}" if step else ""))
    return ", ".join(words)
