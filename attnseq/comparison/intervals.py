"""Means over seeds with their uncertainty, and whether two means differ.

Intervals are Student's t where seeds are few, and the bootstrap's where they are many. Differences are tested by t,
paired where both sides have the same seeds, and corrected for their number by Holm's method. SciPy does all but Holm's
method and the treatment of values that differ only by rounding. Every result is a function of the numbers alone.

Legend: M means, N seeds, K tests.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
BOOTSTRAP_FROM = 30
"""Least number of seeds for a bootstrapped interval: resampling fewer values is unreliable."""

RESAMPLES, BATCH = 5_000, 250
"""Resamples of the bootstrap, and how many are in memory at a time."""

ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""Smaller differences, as shares of the values that they were made of, count as 0: they may be due to rounding."""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % confidence interval.

    Args:
        mean: of the values.
        low: lower bound; None for a single value, which says nothing about the spread.
        high: upper bound; None as `low`.
        count: number of values.
    """

    mean: float
    low: float | None
    high: float | None
    count: int

    @property
    def half(self) -> float | None:
        """Distance from the mean to the farther bound."""
        return None if self.low is None or self.high is None else max(self.high - self.mean, self.mean - self.low)

    def within(self, lowest: float, highest: float) -> "Interval":
        """Cut the interval to two limits, which Student's t does not know; the mean stays within it."""
        if self.low is None or self.high is None:
            return self
        low, high = max(self.low, lowest), min(self.high, highest)
        return replace(self, low=min(low, self.mean), high=max(high, self.mean))


@dataclass(frozen=True)
class Difference:
    """The difference of two means, and whether it may be chance.

    Args:
        mean: this one minus the other.
        low: lower bound of its 95 % confidence interval, for this difference alone.
        high: upper bound.
        p: two-sided probability of so large a difference by chance alone.
        paired: whether pairs of one seed were tested; else Welch's test, which does not assume equal variances.
        count: number of pairs, or of values on both sides together.
    """

    mean: float
    low: float
    high: float
    p: float
    paired: bool
    count: int


def mean_intervals(values_MxN: npt.ArrayLike) -> list[Interval]:
    """Compute means and their 95 % confidence intervals.

    Below `BOOTSTRAP_FROM` values it takes Student's t, from there on percentiles of bootstrapped means, at levels that
    undo the bootstrap's narrowness (Hesterberg, What teachers should know about the bootstrap, 2015: "expanded
    percentile").

    Args:
        values_MxN: finite, at least one for each mean; all means are resampled in the same way; (M, N).
    """
    values = np.asarray(values_MxN, dtype=np.float64)
    count, mean_M = values.shape[1], values.mean(axis=1)
    if count == 1:
        return [Interval(mean, None, None, 1) for mean in mean_M.tolist()]
    from scipy import stats  # here, since it takes about a second to load, and single seeds do not need it

    with _nearly_equal_values():
        if count < BOOTSTRAP_FROM:
            bounds_2xM = stats.ttest_1samp(values, 0.0, axis=1).confidence_interval(LEVEL)
        else:
            tail = stats.norm.cdf(math.sqrt(count / (count - 1)) * stats.t.ppf((1.0 - LEVEL) / 2.0, count - 1))
            bounds_2xM = stats.bootstrap(
                (values,),
                np.mean,
                n_resamples=RESAMPLES,
                batch=BATCH,
                axis=1,
                confidence_level=1.0 - 2.0 * tail,
                method="percentile",
                random_state=np.random.default_rng(0),
            ).confidence_interval
    equal_M = [np.ptp(values_N) <= _rounding(values_N) for values_N in values]
    low_M, high_M = np.where(equal_M, mean_M, bounds_2xM)
    return list(map(Interval, mean_M.tolist(), low_M.tolist(), high_M.tolist(), [count] * len(values)))


def mean_difference(values_N: npt.ArrayLike, others_N: npt.ArrayLike, paired: bool) -> Difference:
    """Test the difference of two means: by Student's t on the differences of pairs, or else by Welch's t.

    Args:
        values_N: at least two; (N,).
        others_N: what is subtracted; in the same order if paired, else any number from two on.
        paired: whether values belong together in pairs.
    """
    values, others = np.asarray(values_N, dtype=np.float64), np.asarray(others_N, dtype=np.float64)
    rounding, mean = _rounding(values, others), float(values.mean() - others.mean())
    mean = mean if abs(mean) > rounding else 0.0
    count = len(values) if paired else len(values) + len(others)
    if all(np.ptp(side) <= rounding for side in ([values - others] if paired else [values, others])):
        return Difference(mean, mean, mean, 0.0 if mean else 1.0, paired, count)
    from scipy import stats

    with _nearly_equal_values():
        test = stats.ttest_rel(values, others) if paired else stats.ttest_ind(values, others, equal_var=False)
        low, high = test.confidence_interval(LEVEL)
    return Difference(mean, float(low), float(high), float(test.pvalue), paired, count)


def holm(p_K: Sequence[float]) -> list[float]:
    """Correct p-values for their number, so that the chance of any false alarm among all stays at the level.

    Args:
        p_K: of the tests.

    Returns:
        The corrected ones, in the same order (Holm, A simple sequentially rejective multiple test procedure, 1979).
    """
    corrected, largest = [1.0] * len(p_K), 0.0
    for rank, index in enumerate(sorted(range(len(p_K)), key=lambda index: p_K[index])):
        largest = max(largest, min(1.0, (len(p_K) - rank) * p_K[index]))
        corrected[index] = largest
    return corrected


@contextmanager
def _nearly_equal_values() -> Iterator[None]:
    """Silence SciPy's warnings of nearly equal values: attention may well be the same for all seeds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _rounding(*sides: FloatArray) -> float:
    """Compute how far apart rounding may take numbers that are made of such values."""
    return ROUNDING * max(float(np.abs(values_N).max()) for values_N in sides)
