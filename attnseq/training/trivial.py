"""What a predictor scores that does not look at its input: the control below all models.

It always predicts the same, which the training targets suggest: a number's mean or median, how frequent classes are, or
tokens at each answer position.

Shapes: N samples of a split, B samples of a piece, K answer positions, C classes, D vocabulary.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.measures import Metric, Objective
from attnseq.contracts.spec import Classes, Scalar, Target
from attnseq.contracts.task import Splits

MEAN, MEDIAN = "mean of the targets", "median of the targets"
CLASSES, TOKENS = "frequencies of classes", "frequencies of tokens"
"""What it predicts, in words. Results of before have "uniform classes", too."""

NUMBERS = 1 << 20
"""Numbers that are predicted at a time."""


class Trivial(NamedTuple):
    """What it predicts, and how well.

    Args:
        predicts: `MEAN`, `MEDIAN`, `CLASSES` or `TOKENS`.
        figures: "loss/validation", "loss/test", and each metric of the test samples, such as "mae/test". What needs
            more of a model than a prediction is left out, and what is not finite.
    """

    predicts: str
    figures: dict[str, float]


def trivial(target: Target, splits: Splits, objective: Objective, metrics: Mapping[str, Metric]) -> Trivial:
    """Measure the trivial predictor.

    Of a number it predicts the mean of the training targets, or their median where the training loss is smaller so, as
    with absolute errors. Of classes and tokens its logits are `log_frequencies`: where the largest counts, as in an
    accuracy, it predicts the most frequent one.

    Args:
        target: of the task.
        splits: its samples.
        objective: what is minimised.
        metrics: by name.
    """
    answers = splits.train.answers
    if isinstance(target, Scalar):
        constants = {MEAN: answers.double().mean(), MEDIAN: answers.double().median()}
        predicts = min(constants, key=lambda name: _mean(objective, splits.train, constants[name]))
        constant = constants[predicts]
    elif isinstance(target, Classes):
        predicts, constant = CLASSES, log_frequencies(answers.unsqueeze(-1), target.number).squeeze(0)
    else:
        predicts, constant = TOKENS, log_frequencies(answers, target.vocabulary)
    figures: dict[str, float] = {}
    for name, split in (("validation", splits.validation), ("test", splits.test)):
        figures[f"loss/{name}"] = _mean(objective, split, constant)
    for name, metric in metrics.items():
        figures[f"{name}/test"] = metric.summary(_mean(metric, splits.test, constant), splits.test)
    return Trivial(predicts, {name: value for name, value in figures.items() if math.isfinite(value)})


def log_frequencies(answers_NxK: Tensor, vocabulary: int) -> Tensor:
    """Compute how frequent each token is at each answer position, as logits.

    Each token counts once more than it occurs (Laplace's rule of succession), so that one that occurs in no training
    sample has a finite loss. Positions after the end of an answer do not count.

    Args:
        answers_NxK: tokens; `NO_TOKEN` after the end of an answer.
        vocabulary: D.

    Returns:
        KxD, float64: the log of (times that it occurs + 1) / (answers that have the position + D).
    """
    counts = [torch.bincount(tokens_N[tokens_N >= 0], minlength=vocabulary) for tokens_N in answers_NxK.unbind(1)]
    counts_KxD = torch.stack(counts).double() + 1
    return (counts_KxD / counts_KxD.sum(dim=-1, keepdim=True)).log()


def _mean(measure: Objective | Metric, split: Batch, constant: Tensor) -> float:
    """Average a measure over samples of which the same is predicted; nan where a mere prediction is not enough."""
    total = 0.0
    for samples in split.pieces(NUMBERS // constant.numel()):
        try:
            total += float(measure(Output(constant.expand(samples.size, *constant.shape)), samples).double().sum())
        except Exception:  # it is the user's, and may look into `Output.extra`; a trained run must not be lost for it
            return math.nan
    return total / split.size
