"""What is known of runs at the end of training: the content of result.json.

Shapes: P replicas, W parameters of one replica.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

import torch
from torch import Tensor

from attnseq.contracts.batch import Batch
from attnseq.contracts.task import Task
from attnseq.report import history
from attnseq.runs.job import Job
from attnseq.training.evaluation import Meter
from attnseq.training.foreign import versions
from attnseq.training.pool import Data, DataPool
from attnseq.training.replicas import Population

Result = dict[str, Any]

PROBE_SAMPLES = 2_000
"""Held-out samples, from the first on, over which attention is watched and scored, and relevance is found."""


def measure(jobs: Sequence[Job], data: DataPool, population: Population, meter: Meter) -> list[Result]:
    """Measure the results of a population's runs; this is the first and only look at the test samples.

    Args:
        jobs: one a replica.
        data: of the replicas.
        population: at its end.
        meter: of its task.

    Returns:
        A result a replica, with the keys of result.json except `seconds`.
    """
    parameters_PxW = population.state.parameters

    def held_out(parameters_QxW: Tensor, data: Data) -> list[Result]:
        return _held_out(meter, parameters_QxW, data)

    steps = -(-data.train_size // jobs[0].config.trainer.batch_size)
    rows = zip(jobs, data.evaluate(parameters_PxW, held_out), population.diverged(), strict=True)
    results = []
    for job, figures, diverged in rows:
        if not (diverged or math.isfinite(figures["loss/validation"] + figures["loss/test"])):
            diverged = population.epoch * steps  # the last updates did it, after the last loss that a step saw
        epochs = history.read(job.folder.history_path) if job.folder.history_path.exists() else []
        seconds = [row["seconds"] for row in epochs]
        results.append(
            {
                "status": "diverged" if diverged else "finished",
                "variant": job.variant,
                "seed": job.config.seed,
                "epochs": (diverged - 1) // steps if diverged else population.epoch,
                "diverged": {"epoch": (diverged - 1) // steps + 1, "step": (diverged - 1) % steps + 1}
                if diverged
                else None,
                "loss/train": epochs[-1]["loss/train"] if epochs else None,
                **figures,
                "attention/attends": population.recipe.flat.model.attends,
                "parameters": parameters_PxW.shape[1],
                "device": str(parameters_PxW.device),
                "population": len(jobs),
                "microseconds_per_sample": 1e6 * median(seconds) / data.train_size if seconds else None,
                "versions": versions(),
            }
        )
    return results


def _held_out(meter: Meter, parameters_PxW: Tensor, data: Data) -> list[Result]:
    """Measure the figures of held-out samples for the replicas that share data."""
    validations = meter.evaluate(parameters_PxW, data.splits.validation, probe=0)
    tests = meter.evaluate(parameters_PxW, data.splits.test, task=data.task)
    lengths = _by_length(meter, parameters_PxW, data)
    relevance_T = position_relevance(data.task, data.splits.test)
    below = meter.trivial(data.splits)
    results = []
    for validation, test, by_length in zip(validations, tests, lengths, strict=True):
        result: Result = {"loss/validation": validation.row["loss"]}
        result |= {name if "/" in name else f"{name}/test": value for name, value in test.row.items()}
        for tag, attention in test.attention.items():
            result |= {f"{tag}/mean": attention.mean_T.tolist(), f"{tag}/entropy": attention.entropy}
            result[f"{tag}/is_share"] = attention.is_share
        if test.alignment is not None:
            result["attention/alignment"] = test.alignment.plain()
        result |= by_length | ({"attention/relevance": relevance_T} if test.attention else {})
        results.append(result | {"trivial": {"predicts": below.predicts, **below.figures}})
    return results


def _by_length(meter: Meter, parameters_PxW: Tensor, data: Data) -> list[Result]:
    """Measure loss and metrics of the task's further test samples, for the replicas that share data."""
    results: list[Result] = [{} for _ in parameters_PxW]
    for length, samples in data.task.tests():
        measured = meter.evaluate(parameters_PxW, samples.to(parameters_PxW.device), probe=0)
        for result, each in zip(results, measured, strict=True):
            result |= {f"{name}/test@{length}": value for name, value in each.row.items()}
    return results


def position_relevance(task: Task, split: Batch) -> list[float] | None:
    """Find the exact relevance of each position; None where it is not known, or differs from sample to sample.

    It is found from the first samples that have the position. Relevance of several answer positions is added up.

    Args:
        task: that the samples are of.
        split: samples, of which the first ones are looked at.
    """
    samples = split.first(PROBE_SAMPLES)
    relevance = task.relevance(samples)
    if relevance is None:
        return None
    relevance_BxT = relevance if relevance.dim() == 2 else relevance.sum(dim=1)
    present_BxT = samples.present()
    if present_BxT is None:
        present_BxT = torch.ones_like(relevance_BxT, dtype=torch.bool)
    highest_T = relevance_BxT.masked_fill(~present_BxT, 0.0).amax(dim=0)
    differs_BxT = present_BxT & (relevance_BxT != highest_T)
    return None if differs_BxT.any() else highest_T.double().tolist()
