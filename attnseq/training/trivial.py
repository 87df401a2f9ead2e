"""What a predictor scores that does not look at its input: the control below all models.

Of a number it predicts the mean of the training targets; of classes and tokens, that all are equally likely.

Shapes: N samples of a split, B samples of a piece, K answer positions, C classes or vocabulary.
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.measures import Metric, Objective
from attnseq.contracts.spec import Classes, Scalar, Target, Tokens
from attnseq.contracts.task import Splits
from attnseq.core.randomness import generator

MEAN, UNIFORM = "mean of the targets", "uniform classes"
"""What it predicts, in words."""

TURNS = 32
"""With so many classes or fewer, each sample's guess is turned through all of them, so that shares are exact."""

NUMBERS = 1 << 20
"""Logits that are made at a time."""

HAIR = 1e-9
"""By so much the logit of the guess exceeds the others: no loss notices it."""


class Trivial(NamedTuple):
    """What it predicts, and how well.

    Args:
        predicts: `MEAN` or `UNIFORM`.
        figures: "loss/validation", "loss/test", and each metric of the test samples, such as "mae/test". What needs
            more of a model than a prediction is left out, and what is not finite.
    """

    predicts: str
    figures: dict[str, float]


def trivial(target: Target, splits: Splits, objective: Objective, metrics: Mapping[str, Metric]) -> Trivial:
    """Measure the trivial predictor.

    Between equal logits the largest is a matter of chance, and not the first class, which may be the rarest: a guess
    that is drawn for each sample and answer position decides, and turned through all classes it is right exactly once.

    Args:
        target: of the task.
        splits: its samples.
        objective: what is minimised.
        metrics: by name.
    """
    if isinstance(target, Scalar):
        predicts, mean = MEAN, float(splits.train.answers.double().mean())
    else:
        predicts, mean = UNIFORM, 0.0
    figures: dict[str, float] = {}
    for name, split in (("validation", splits.validation), ("test", splits.test)):
        losses = [_sum(objective, *each) for each in _predictions(target, split, mean)]
        figures[f"loss/{name}"] = sum(losses) / split.size
    turns = _turns(target)
    for name, metric in metrics.items():
        values = [_sum(metric, *each) for each in _predictions(target, splits.test, mean, turns)]
        figures[f"{name}/test"] = metric.summary(sum(values) / turns / splits.test.size, splits.test)
    return Trivial(predicts, {name: value for name, value in figures.items() if math.isfinite(value)})


def _sum(measure: Objective | Metric, samples: Batch, prediction: Tensor) -> float:
    """Add up a measure over samples; nan where it cannot be taken of a mere prediction."""
    try:
        return float(measure(Output(prediction), samples).double().sum())
    except Exception:  # it is the user's, and may look into `Output.extra`; a trained run must not be lost for it
        return math.nan


def _turns(target: Target) -> int:
    if isinstance(target, Scalar):
        return 1
    classes = _classes(target)
    return classes if classes <= TURNS else 1


def _classes(target: Classes | Tokens) -> int:
    return target.number if isinstance(target, Classes) else target.vocabulary


def _predictions(target: Target, split: Batch, mean: float, turns: int = 1) -> Iterator[tuple[Batch, Tensor]]:
    """Yield samples, piece by piece, and a prediction for them; each piece as often as its guess is turned."""
    if isinstance(target, Scalar):
        yield split, torch.full_like(split.answers, mean, dtype=torch.float64)
        return
    stream, answers, classes = generator(0, "trivial"), split.answers[:1].numel(), _classes(target)
    for samples in split.pieces(NUMBERS // (answers * classes)):
        shape = tuple(samples.answers.shape)
        guess = torch.from_numpy(stream.integers(0, classes, shape)).to(samples.inputs.device)
        for turn in range(turns):
            logits = torch.zeros(*shape, classes, dtype=torch.float64, device=guess.device)
            yield samples, logits.scatter_(-1, (guess + turn).remainder(classes).unsqueeze(-1), HAIR)
