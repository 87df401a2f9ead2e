"""The analysis of a population: models of one kind, trained on one task, asked together.

Shapes: P replicas, W parameters of one replica, N samples, B of them at a time, T positions, R distributions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from attnseq.analysis.completeness import SAMPLES, enough_points
from attnseq.analysis.programs import Programs
from attnseq.analysis.replicas import Replicas
from attnseq.analysis.settings import Settings
from attnseq.analysis.values import ATTENTION, Path, Values, attributions, interventions, truths
from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Scalar
from attnseq.contracts.task import Task
from attnseq.scores import SCORES
from attnseq.scores.analysed import RANDOM, SANITY
from attnseq.scores.explained import Explained
from attnseq.scores.leave_one_out import DRAWS, others
from attnseq.scores.permutation import orders
from attnseq.scores.perturbation import keys
from attnseq.scores.rank_correlation import kendall
from attnseq.scores.weights import position_weights
from attnseq.training.evaluation import BYTES, CHUNK, Meter
from attnseq.training.population import Recipe

PAIRS = 1 << 23
"""Pairs of positions that are held against each other at once."""

ANSWERS = 100
"""Times that a part of the samples is asked about one kind of change, about: permutations, or draws of positions."""

SANITY_SAMPLES = 250
"""Samples of which random weights are asked, at most: what they give is to be held against, not to be reported."""

SINGLE = "no sample has it: each has a single position, or none of such a kind, or all are alike"


@dataclass
class Found:
    """What was found of one run.

    Args:
        numbers: by the names of `scores.analysed`.
        positions: T by name, means over samples of absolute values.
        absent: why a number, or all of a kind, are not there.
    """

    numbers: dict[str, float]
    positions: dict[str, list[float]]
    absent: dict[str, str]


@torch.no_grad()
def analyse(
    recipe: Recipe,
    meter: Meter,
    parameters_PxW: Tensor,
    fresh_PxW: Tensor,
    test: Batch,
    task: Task,
    settings: Settings,
) -> list[Found]:
    """Analyse the runs of a population.

    Args:
        recipe: of the model.
        meter: of the model, for scores of random weights.
        parameters_PxW: of the runs.
        fresh_PxW: random weights, for each run its own.
        test: the test split, from the first sample of which on models are asked.
        task: of the runs.
        settings: what is asked for.
    """
    samples = test.first(settings.samples)
    replicas, positions = len(parameters_PxW), samples.inputs.shape[1]
    sums = _Sums(replicas, samples)
    donors_CxNxT = others(samples.inputs, samples.lengths, DRAWS)
    scale = _scale(test, task)
    epsilon = settings.allowed_change(task.spec.target, scale)
    is_weighed = recipe.flat.model.takes_weights and recipe.flat.model.attends
    rows = Replicas(recipe.flat, parameters_PxW, samples.first(1)).rows().shape[-2] if is_weighed else 1
    path = _path(recipe, parameters_PxW, samples, task, scale)
    size = _even(samples.size, _at_once(recipe, positions, rows) // replicas)
    programs = Programs(recipe.flat, samples.first(size).inputs.shape, ANSWERS * (samples.size // size))
    for place, batch in enumerate(samples.pieces(size)):
        here = slice(place * size, place * size + batch.size)
        explained, part = Explained(task.spec.target, batch.targets), donors_CxNxT[:, here]
        asked = Replicas(recipe.flat, parameters_PxW, batch, programs)
        found = attributions(asked, explained, settings.removal, part, path, batch)
        sums.add(found, here)
        sums.add(truths(found.positions, task, batch), here)
        numbers = range(here.start, here.stop)
        turned = orders(numbers, rows, positions, batch.lengths) if is_weighed else None
        ties = keys(numbers, positions)
        sums.add(interventions(asked, explained, settings.removal, part, turned, ties, epsilon, batch), here)
    results = sums.results()
    few = samples.first(SANITY_SAMPLES)
    sane_P = _sanity(recipe, meter, parameters_PxW, fresh_PxW, few, task, settings, scale, programs)
    for result, sane in zip(results, sane_P, strict=True):
        result.numbers |= sane
    return results


def _sanity(
    recipe: Recipe,
    meter: Meter,
    parameters_PxW: Tensor,
    fresh_PxW: Tensor,
    samples: Batch,
    task: Task,
    settings: Settings,
    scale: float,
    programs: Programs,
) -> list[dict[str, float]]:
    """Compute scores and agreements of models with random weights, by their names behind `SANITY`, and `RANDOM`."""
    sums = _Sums(len(fresh_PxW), samples)
    donors_CxNxT = others(samples.inputs, samples.lengths, DRAWS)
    path = _path(recipe, fresh_PxW, samples, task, scale)
    size = _even(samples.size, _at_once(recipe, samples.inputs.shape[1], 1) // len(fresh_PxW))
    for place, batch in enumerate(samples.pieces(size)):
        here = slice(place * size, place * size + batch.size)
        explained, part = Explained(task.spec.target, batch.targets), donors_CxNxT[:, here]
        asked = Replicas(recipe.flat, fresh_PxW, batch, programs)
        values = attributions(asked, explained, settings.removal, part, path, batch)
        trained = Replicas(recipe.flat, parameters_PxW, batch).attention
        if trained is not None:
            both = position_weights(trained, batch), values.positions[ATTENTION]
            values.numbers[RANDOM] = kendall(*both, batch.present())
        sums.add(values, here)
    scored = meter.evaluate(fresh_PxW, samples, task=task)
    found = []
    for result, measured in zip(sums.results(), scored, strict=True):
        scores = {name: value for name, value in measured.row.items() if name in SCORES and SCORES[name].is_usual}
        agreements = {name: value for name, value in result.numbers.items() if name.startswith(("agreement/", SANITY))}
        sane = {SANITY + name.partition("/")[2]: value for name, value in (scores | agreements).items()}
        found.append({name: value for name, value in sane.items() if math.isfinite(value)})
    return found


class _Sums:
    """Sums over samples of what is found of a population."""

    def __init__(self, replicas: int, samples: Batch):
        self._replicas, self._present = replicas, samples.present()
        if self._present is None:
            self._present = torch.ones(samples.inputs.shape[:2], dtype=torch.bool)
        self._numbers: dict[str, list[Tensor]] = {}
        self._positions: dict[str, Tensor] = {}
        self._absent: dict[str, str] = {}

    def add(self, values: Values, here: slice) -> None:
        """Add values of the samples of a slice."""
        assert self._present is not None
        self._absent |= values.absent
        for name, number_PxB in values.numbers.items():
            known = ~number_PxB.isnan()
            each = [number_PxB.double().nansum(dim=-1), known.sum(dim=-1)]
            self._numbers[name] = _added(self._numbers.get(name), each)
        for name, values_PxBxT in values.positions.items():
            total = (values_PxBxT.double() * self._present[here]).sum(dim=-2)
            self._positions[name] = total + self._positions.get(name, 0.0)

    def results(self) -> list[Found]:
        """Return the means of each replica."""
        assert self._present is not None
        count_T = self._present.sum(dim=0).clamp(min=1)
        positions = {name: (total / count_T).tolist() for name, total in self._positions.items()}
        means = {name: (total / count).tolist() for name, (total, count) in self._numbers.items()}
        found = []
        for place in range(self._replicas):
            numbers = {name: its[place] for name, its in means.items()}
            lacking = {name: SINGLE for name, number in numbers.items() if not math.isfinite(number)}
            kept = {name: number for name, number in numbers.items() if name not in lacking}
            found.append(Found(kept, {name: its[place] for name, its in positions.items()}, self._absent | lacking))
        return found


def _added(before: list[Tensor] | None, more: list[Tensor]) -> list[Tensor]:
    return more if before is None else [old + new for old, new in zip(before, more, strict=True)]


def _scale(test: Batch, task: Task) -> float:
    """Return the scale of answers: the standard deviation of the test split's targets, or 1 of probabilities."""
    target = task.spec.target
    deviation = float(test.answers.std()) * target.scale if isinstance(target, Scalar) and test.size > 1 else 1.0
    return deviation or 1.0


def _path(recipe: Recipe, parameters_PxW: Tensor, samples: Batch, task: Task, scale: float) -> Path:
    few = samples.first(SAMPLES)
    replicas = Replicas(recipe.flat, parameters_PxW, few)
    return Path(enough_points(replicas, Explained(task.spec.target, few.targets), scale), scale)


def _even(samples: int, most: int) -> int:
    """Return the size of parts that are as even as can be, so that programs serve them all."""
    return -(-samples // -(-samples // max(1, most)))


def _at_once(recipe: Recipe, positions: int, rows: int) -> int:
    """Return samples times replicas that are asked together, as `Meter` does, and as pairs of positions allow."""
    return min(CHUNK, int(BYTES / max(1, recipe.bytes_per_sample)), PAIRS // (rows * positions**2))
