"""What is known of runs when their training has ended: the content of result.json.

Shapes: P replicas, N parameters of one replica.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from torch import Tensor

from attnseq.datasets.dataset import Dataset
from attnseq.datasets.pool import DataPool
from attnseq.report import history
from attnseq.runs.job import Job
from attnseq.training.attention_sums import evaluate_with_attention
from attnseq.training.evaluation import evaluate
from attnseq.training.foreign import versions
from attnseq.training.population import FlatModel
from attnseq.training.replicas import Population

Result = dict[str, Any]


def measure(jobs: Sequence[Job], data: DataPool, population: Population) -> list[Result]:
    """The results of a population's runs, the held-out test samples looked at for the first and only time.

    Args:
        jobs: one a replica.
        data: of the replicas.
        population: at its end.

    Returns:
        A result a replica; keys as in README, but `seconds`.
    """
    flat, parameters_PxN = population.flat, population.state.parameters

    def held_out(parameters_QxN: Tensor, dataset: Dataset) -> list[Result]:
        return _held_out(flat, parameters_QxN, dataset)

    steps = -(-data.train_size // jobs[0].config.trainer.batch_size)
    rows = zip(jobs, data.evaluate(parameters_PxN, held_out), population.diverged(), strict=True)
    results = []
    for job, figures, diverged in rows:
        if not (diverged or math.isfinite(figures["loss/validation"] + figures["loss/test"])):
            diverged = population.epoch * steps  # by the last updates, which no step looked at
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
                "parameters": parameters_PxN.shape[1],
                "device": str(parameters_PxN.device),
                "population": len(jobs),
                "microseconds_per_sample": 1e6 * median(seconds) / data.train_size if seconds else None,
                "versions": versions(),
            }
        )
    return results


def _held_out(flat: FlatModel, parameters_PxN: Tensor, dataset: Dataset) -> list[Result]:
    """Figures of held-out samples, of the replicas that share a dataset."""
    scale = dataset.task.scale
    validations = evaluate(flat, parameters_PxN, dataset.validation, scale)
    tests = evaluate_with_attention(flat, parameters_PxN, dataset.test, scale)
    return [
        {
            "loss/validation": validation.loss,
            "loss/test": test.loss,
            "mae/test": test.mae,
            "exact/test": test.exact,
            "attention/mean": attention.mean_T.tolist(),
            "attention/entropy": attention.entropy,
            "attention/relevance": dataset.task.relevance.tolist(),
        }
        for validation, (test, attention) in zip(validations, tests, strict=True)
    ]
