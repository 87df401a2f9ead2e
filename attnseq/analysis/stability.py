"""Stability: how far the mean attention of a variant's seeds is apart. Being of several runs, it is in no run's file.

Shapes: T positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

import torch
from torch import Tensor

from attnseq.scores.analysed import DIVERGENCE, Number
from attnseq.scores.divergence import jensen_shannon

STABILITY = "stability/divergence"
ITS = Number("of the mean attention of two seeds", "lower", DIVERGENCE)

ONE_SEED = "one seed alone has nothing to be compared with"
NO_ATTENTION = "the model has no attention"


def mean_divergence(attention: Sequence[Sequence[float] | None]) -> float | None:
    """Compute the mean Jensen-Shannon divergence of the mean attention of two runs, over all pairs.

    Args:
        attention: of each run, T; None of one without attention.

    Returns:
        In nats, 0 to ln 2; None where there is no pair.
    """
    known: list[Tensor] = [torch.tensor(each, dtype=torch.float64) for each in attention if each and sum(each) > 0]
    pairs = [(one / one.sum(), other / other.sum()) for one, other in combinations(known, 2) if len(one) == len(other)]
    return fmean(float(jensen_shannon(*pair)) for pair in pairs) if pairs else None


def why_unknown(attention: Sequence[Sequence[float] | None]) -> str:
    """Say why runs with this attention have no such number."""
    return ONE_SEED if any(attention) else NO_ATTENTION
