"""What a predictor scores that does not look at its input: the control below all models.

Of a number it predicts the mean of the training targets; of classes and tokens, that all are equally likely.

Shapes: N samples of a split, B samples of a piece, K answer positions, C classes or vocabulary.
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.measures import Metric, Objective
from attnseq.contracts.spec import Classes, Scalar, Target
from attnseq.contracts.task import Splits
from attnseq.core.randomness import generator

MEAN, UNIFORM = "mean of the targets", "uniform classes"
"""What it predicts, in words."""

TURNS = 32
"""With so many classes or fewer, each sample's guess is turned through all of them, so that shares are exact."""

NUMBERS = 1 << 22
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
    train = splits.train.answers
    mean = float(train.double().mean()) if isinstance(target, Scalar) else 0.0
    measures: dict[str, Objective | Metric] = {"loss": objective, **metrics}
    figures: dict[str, float] = {}
    for name, split in (("validation", splits.validation), ("test", splits.test)):
        sums = dict.fromkeys(measures if name == "test" else ["loss"], 0.0)
        for samples, prediction, share in _predictions(target, split, mean):
            output = Output(prediction)
            for each in sums:
                sums[each] += share * _sum(measures[each], output, samples)
        for each, total in sums.items():
            value = total / split.size
            figures[f"{each}/{name}"] = metrics[each].summary(value, split) if each in metrics else value
    finite = {name: value for name, value in figures.items() if math.isfinite(value)}
    return Trivial(MEAN if isinstance(target, Scalar) else UNIFORM, finite)


def _sum(measure: Objective | Metric, output: Output, samples: Batch) -> float:
    """Add up a measure over samples; nan where it cannot be taken of a mere prediction."""
    try:
        return float(measure(output, samples).double().sum())
    except Exception:  # it is the user's, and may look into `Output.extra`; a trained run must not be lost for it
        return math.nan


def _predictions(target: Target, split: Batch, mean: float) -> Iterator[tuple[Batch, Tensor, float]]:
    """Yield samples, a prediction for them, and the share with which it counts."""
    if isinstance(target, Scalar):
        yield split, torch.full_like(split.answers, mean, dtype=torch.float64), 1.0
        return
    classes = target.number if isinstance(target, Classes) else target.vocabulary
    turns = classes if classes <= TURNS else 1
    stream, answers = generator(0, "trivial"), split.answers[:1].numel()
    for samples in split.pieces(NUMBERS // (answers * classes)):
        drawn = torch.from_numpy(stream.integers(0, classes, tuple(samples.answers.shape), np.int64))
        guess = drawn.to(samples.inputs.device)
        for turn in range(turns):
            guessed = torch.nn.functional.one_hot((guess + turn) % classes, classes)
            yield samples, guessed.double() * HAIR, 1.0 / turns
