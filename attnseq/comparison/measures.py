"""The numbers by which runs are compared: reading them from results, their directions and their limits.

Shapes: T positions.
"""

import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from attnseq.contracts.measures import split_of
from attnseq.metrics import METRICS
from attnseq.objectives import OBJECTIVES
from attnseq.runs.reading import is_number
from attnseq.scores import SCORES
from attnseq.scores.agreement import operand_mass, rank_agreement
from attnseq.scores.analysed import known

OPERAND_MASS, RANK_AGREEMENT = "attention/operand_mass", "attention/rank_agreement"
MASS_ACCURACY = "relevance/mass_accuracy"
OLD_MASS_ACCURACY = "attention/relevance_mass"
"""What runs of earlier versions call it."""

SPLITS = ("train", "validation", "test")

SORT = "loss/validation"
"""The best variant is chosen by the validation samples, so that the figures of the test samples stay unbiased."""


class Kind(NamedTuple):
    """What is known of a number.

    Args:
        direction: which is better, "lower" or "higher".
        limits: smallest and largest possible value.
    """

    direction: str = "lower"
    limits: tuple[float, float] = (0.0, math.inf)


OTHERS = {
    "attention/entropy": Kind(),
    OPERAND_MASS: Kind("higher", (0.0, 1.0)),
    RANK_AGREEMENT: Kind("higher", (-1.0, 1.0)),
    OLD_MASS_ACCURACY: Kind("higher", (0.0, 1.0)),
    "seconds": Kind(),
    "microseconds_per_sample": Kind(),
}
"""Numbers other than those of objectives, metrics and scores, whose classes state direction and limits."""

COSTS = ("seconds", "microseconds_per_sample", "parameters", "epochs", "population")
"""What runs took; runs of one population share its time, so that their seconds differ by nothing but rounding."""


def usual(names: Collection[str]) -> list[str]:
    """List the numbers that a comparison shows by default: losses, metrics of the test samples, attention.

    Args:
        names: of the numbers that there are; others are left out.
    """
    metrics_of = sorted(METRICS.names(), key=lambda name: name != "exact")
    measured = (each for name in metrics_of for each in (f"{name}/test", *_by_length(f"{name}/test", names)))
    scores = (OLD_MASS_ACCURACY, *(name for name in SCORES.names() if SCORES[name].is_usual))
    # else the same of the mean attention, or how spread it is, has to do
    if MASS_ACCURACY in names or OLD_MASS_ACCURACY in names:
        others: tuple[str, ...] = (*scores, RANK_AGREEMENT, "seconds")
    else:
        others = (*scores, OPERAND_MASS, RANK_AGREEMENT, "attention/entropy", "seconds")
    return [name for name in ("loss/validation", "loss/test", *measured, *others) if name in names]


def metrics(result: Mapping[str, Any], analysis: Mapping[str, float] | None = None) -> dict[str, float]:
    """Collect every number of a result, and how well its attention agrees with the exact relevance.

    Args:
        result: of a finished run.
        analysis: numbers of its analysis, if there was one, see `attnseq.scores.analysed`.

    Returns:
        Numbers by key of the result, and `attention/operand_mass` and `attention/rank_agreement`, as far as they exist.
    """
    numbers = dict(analysis or {})
    numbers |= {key: float(value) for key, value in result.items() if key != "seed" and is_number(value)}
    attention_T = attention(result)
    if attention_T is not None:
        scores = {OPERAND_MASS: operand_mass(*attention_T), RANK_AGREEMENT: rank_agreement(*attention_T)}
        numbers = {name: score for name, score in scores.items() if score is not None} | numbers
    return numbers


def attention(result: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Read the mean attention of a result and the exact relevance of its positions.

    Args:
        result: of a run.

    Returns:
        (attention_T, relevance_T); None unless it has both as lists of numbers of one length.
    """
    lists = [result.get(key) for key in ("attention/mean", "attention/relevance")]
    if not all(isinstance(values, list) and values and all(map(is_number, values)) for values in lists):
        return None
    attention_T, relevance_T = (tuple(map(float, values or ())) for values in lists)
    return (attention_T, relevance_T) if len(attention_T) == len(relevance_T) else None


def higher_is_better(name: str) -> bool:
    """Tell whether the largest value is the best; for most numbers it is the smallest."""
    return _kind(name).direction == "higher"


def limits(name: str) -> tuple[float, float]:
    """Return the smallest and largest possible value of a number; infinite where nothing is known of it."""
    return _kind(name).limits


def is_share(name: str) -> bool:
    """Tell whether a number is a metric or score that lies between 0 and 1, such as the share of exact answers."""
    return name != OPERAND_MASS and limits(name) == (0.0, 1.0)


def is_cost(name: str) -> bool:
    """Tell whether a number says what a run took, not how good it is: an interval over seeds would mean nothing."""
    return name in COSTS


def _by_length(name: str, names: Collection[str]) -> list[str]:
    """List the names under which a number was measured by length, such as exact/test@20, shortest first."""
    lengths = (each.removeprefix(f"{name}@") for each in names if each.startswith(f"{name}@"))
    return [f"{name}@{length}" for length in sorted(filter(str.isdecimal, lengths), key=int)]


def _kind(name: str) -> Kind:
    measure, split = name.partition("/")[0], split_of(name)
    if name in OTHERS:
        return OTHERS[name]
    if found := known(name):
        return Kind(found.direction or "lower", found.limits)
    if split in SPLITS and measure in METRICS:
        return Kind(METRICS[measure].direction, METRICS[measure].limits)
    if name in SCORES:
        return Kind(SCORES[name].direction, SCORES[name].limits)
    if split in SPLITS and measure == "loss":  # take the limits of all objectives: a result does not name its own
        lowest, highest = zip(*(OBJECTIVES[objective].limits for objective in OBJECTIVES.names()), strict=True)
        return Kind(limits=(min(lowest), max(highest)))
    return Kind(limits=(-math.inf, math.inf))
