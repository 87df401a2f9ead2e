"""The numbers by which runs are compared, read off a result.

Shapes: T positions.
"""

import math
from collections.abc import Mapping
from typing import Any

from attnseq.runs.reading import is_number
from attnseq.scores.agreement import operand_mass, rank_agreement

OPERAND_MASS, RANK_AGREEMENT = "attention/operand_mass", "attention/rank_agreement"

DEFAULT = (
    "loss/validation",
    "loss/test",
    "exact/test",
    "attention/entropy",
    OPERAND_MASS,
    RANK_AGREEMENT,
    "seconds",
)

SORT = "loss/validation"
"""What is best is chosen by the validation samples, so that the figures of the test samples stay unbiased."""

HIGHER_IS_BETTER = ("exact/", OPERAND_MASS, RANK_AGREEMENT)

LIMITS = {
    **dict.fromkeys(("loss/train", "loss/validation", "loss/test", "mae/test"), (0.0, math.inf)),
    **dict.fromkeys(("attention/entropy", "seconds", "microseconds_per_sample"), (0.0, math.inf)),
    **dict.fromkeys(("exact/test", OPERAND_MASS), (0.0, 1.0)),
    RANK_AGREEMENT: (-1.0, 1.0),
}
"""Smallest and largest value of the metrics that are attnseq's own."""


def metrics(result: Mapping[str, Any]) -> dict[str, float]:
    """Every number of a result, and how well its attention agrees with the exact relevance.

    Args:
        result: of a finished run.

    Returns:
        By name: keys of the result, `attention/operand_mass` and `attention/rank_agreement`; what it lacks is left out.
    """
    numbers = {key: float(value) for key, value in result.items() if key != "seed" and is_number(value)}
    attention_T = attention(result)
    if attention_T is not None:
        scores = {OPERAND_MASS: operand_mass(*attention_T), RANK_AGREEMENT: rank_agreement(*attention_T)}
        numbers = {name: score for name, score in scores.items() if score is not None} | numbers
    return numbers


def attention(result: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """The mean attention of a result and the exact relevance of its positions.

    Args:
        result: of a run.

    Returns:
        (attention_T, relevance_T); None where it has no such lists of numbers of one length.
    """
    lists = [result.get(key) for key in ("attention/mean", "attention/relevance")]
    if not all(isinstance(values, list) and values and all(map(is_number, values)) for values in lists):
        return None
    attention_T, relevance_T = (tuple(map(float, values or ())) for values in lists)
    return (attention_T, relevance_T) if len(attention_T) == len(relevance_T) else None


def higher_is_better(metric: str) -> bool:
    """Whether the largest value of a metric is the best; of most it is the smallest."""
    return metric.startswith(HIGHER_IS_BETTER)


def limits(metric: str) -> tuple[float, float]:
    """Smallest and largest value that a metric can have; infinite where nothing is known of it."""
    return LIMITS.get(metric, (-math.inf, math.inf))
