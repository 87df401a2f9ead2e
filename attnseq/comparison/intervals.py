"""Means over seeds with their uncertainty, and whether two means differ.

Student's t where seeds are few, the bootstrap where they are many; differences are tested by t, paired where both sides
have the same seeds, and corrected for their number by Holm's method. Every result is a function of the numbers alone.

Legend: N seeds, R bootstrap resamples, K tests.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
BOOTSTRAP_FROM = 30
"""Seeds from which on the interval of a mean is bootstrapped: below, resampling so few values is unreliable."""

RESAMPLES = 5_000

ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""What is smaller, as a share of the values that it was made of, is 0: rounding tells no two means apart."""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % confidence interval.

    Args:
        mean: of the values.
        low: lower bound; None where there is one value, which says nothing of its spread.
        high: upper bound; None as `low`.
        count: of values.
    """

    mean: float
    low: float | None
    high: float | None
    count: int

    @property
    def half(self) -> float | None:
        """How far the interval reaches to the side on which it reaches farther."""
        return None if self.low is None or self.high is None else max(self.high - self.mean, self.mean - self.low)

    def within(self, lowest: float, highest: float) -> "Interval":
        """The part of it between two limits, which Student's t does not know; the mean stays in it."""
        if self.low is None or self.high is None:
            return self
        low, high = max(self.low, lowest), min(self.high, highest)
        return replace(self, low=min(low, self.mean), high=max(high, self.mean))


@dataclass(frozen=True)
class Difference:
    """The difference of two means, and whether it may be chance.

    Args:
        mean: this one less the other.
        low: lower bound of its 95 % confidence interval, for this difference alone.
        high: upper bound.
        p: two-sided, that a difference as large is seen where there is none.
        paired: by seed; else by Welch's test, which takes no equal variances.
        count: of pairs, or of values on both sides.
    """

    mean: float
    low: float
    high: float
    p: float
    paired: bool
    count: int


def mean_interval(values_N: npt.ArrayLike) -> Interval:
    """The mean and its 95 % confidence interval.

    Below `BOOTSTRAP_FROM` values Student's t; from there on percentiles of bootstrapped means, at the levels that undo
    the bootstrap's narrowness (Hesterberg, What teachers should know about the bootstrap, 2015: "expanded percentile").

    Args:
        values_N: one at least, finite; (N,).
    """
    values = np.asarray(values_N, dtype=np.float64)
    count, mean = len(values), float(values.mean())
    if count == 1:
        return Interval(mean, None, None, 1)
    error = _standard_error(values, _rounding(values))
    if error == 0.0:
        return Interval(mean, mean, mean, count)
    if count < BOOTSTRAP_FROM:
        half = _t_quantile(count - 1) * error
        return Interval(mean, mean - half, mean + half, count)
    from scipy.special import ndtr

    tail = float(ndtr(-math.sqrt(count / (count - 1)) * _t_quantile(count - 1)))
    low, high = np.quantile(_resampling_shares(count) @ values, [tail, 1 - tail])
    return Interval(mean, float(low), float(high), count)


def paired_difference(values_N: npt.ArrayLike, others_N: npt.ArrayLike) -> Difference:
    """Of values that belong together in pairs, by Student's t on their differences.

    Args:
        values_N: two at least; (N,).
        others_N: what is subtracted, in the same order; (N,).
    """
    values, others = np.asarray(values_N, dtype=np.float64), np.asarray(others_N, dtype=np.float64)
    gaps, rounding = values - others, _rounding(values, others)
    mean = _unless_rounding(float(gaps.mean()), rounding)
    return _t_difference(mean, _standard_error(gaps, rounding), len(gaps) - 1, True, len(gaps))


def welch_difference(values_N: npt.ArrayLike, others_N: npt.ArrayLike) -> Difference:
    """Of values that do not belong together, by Welch's t with the degrees of freedom of Satterthwaite.

    Args:
        values_N: two at least.
        others_N: what is subtracted; two at least, not necessarily as many.
    """
    values, others = np.asarray(values_N, dtype=np.float64), np.asarray(others_N, dtype=np.float64)
    rounding = _rounding(values, others)
    one, other = (_standard_error(side, rounding) ** 2 for side in (values, others))
    spread = one**2 / (len(values) - 1) + other**2 / (len(others) - 1)
    freedom = (one + other) ** 2 / spread if spread > 0 else len(values) + len(others) - 2
    mean = _unless_rounding(float(values.mean() - others.mean()), rounding)
    return _t_difference(mean, math.sqrt(one + other), freedom, False, len(values) + len(others))


def holm(p_K: Sequence[float]) -> list[float]:
    """P-values corrected for their number, so that the chance of one false alarm among all stays at the level.

    Args:
        p_K: of the tests.

    Returns:
        Corrected ones, in the same order (Holm, A simple sequentially rejective multiple test procedure, 1979).
    """
    corrected, largest = [1.0] * len(p_K), 0.0
    for rank, index in enumerate(sorted(range(len(p_K)), key=lambda index: p_K[index])):
        largest = max(largest, min(1.0, (len(p_K) - rank) * p_K[index]))
        corrected[index] = largest
    return corrected


def _t_difference(mean: float, error: float, freedom: float, paired: bool, count: int) -> Difference:
    half = _t_quantile(freedom) * error
    if error == 0.0:
        p = 1.0 if mean == 0.0 else 0.0
    else:
        from scipy.special import stdtr

        p = 2.0 * float(stdtr(freedom, -abs(mean) / error))
    return Difference(mean, mean - half, mean + half, p, paired, count)


def _t_quantile(freedom: float) -> float:
    from scipy.special import stdtrit  # takes most of a second to load: only who has two seeds pays for it

    return float(stdtrit(freedom, (1.0 + LEVEL) / 2.0))


def _standard_error(values_N: FloatArray, rounding: float) -> float:
    """Of the mean; 0 where the values differ by rounding alone."""
    return float(values_N.std(ddof=1) / math.sqrt(len(values_N))) if np.ptp(values_N) > rounding else 0.0


def _rounding(*sides: FloatArray) -> float:
    """How far apart rounding may take numbers that are made of such values."""
    return ROUNDING * max(float(np.abs(values_N).max()) for values_N in sides)


def _unless_rounding(mean: float, rounding: float) -> float:
    return mean if abs(mean) > rounding else 0.0


@lru_cache(maxsize=2)  # the metrics of a variant follow one another, and have as many seeds
def _resampling_shares(count: int) -> FloatArray:
    """shares_RxN: how much of each resample every value is, by a generator that always starts alike."""
    drawn_RxN = np.random.default_rng(0).integers(0, count, (RESAMPLES, count))
    cells = drawn_RxN + count * np.arange(RESAMPLES)[:, None]
    return np.bincount(cells.ravel(), minlength=cells.size).reshape(cells.shape) / count
