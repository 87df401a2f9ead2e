"""Whether runs bear a claim out: in how many seeds it holds, or whether two variants differ by more than chance.

Shapes: N seeds.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from attnseq.comparison.intervals import LEVEL, mean_difference, mean_intervals
from attnseq.comparison.numbers import compact, probability

HOLDS, NOT, OPEN, UNTESTED = "holds", "does not hold", "not shown", "not tested"
"""Verdicts, beside "holds in n of N": borne out; ruled out; neither, since the interval has both; no runs."""


class Finding(NamedTuple):
    """What the seeds show.

    Args:
        shown: in words, with intervals.
        verdict: as above.
        seeds: N.
        p: of the test of a difference; None where seeds were counted.
    """

    shown: str
    verdict: str
    seeds: int
    p: float | None = None


NO_RUNS = Finding("no finished runs", UNTESTED, 0)


def counted(holds: Mapping[int, bool], shown: str) -> Finding:
    """Give the verdict on a claim that each run bears out, or does not.

    Args:
        holds: by seed.
        shown: in words; the 95 % interval of the share of runs that bear it out is added (Clopper & Pearson 1934).
    """
    if not holds:
        return NO_RUNS
    from scipy import stats

    times = sum(map(bool, holds.values()))
    verdict = HOLDS if times == len(holds) else f"holds in {times} of {len(holds)}" if times else NOT
    low, high = stats.binomtest(times, len(holds)).proportion_ci(LEVEL)
    return Finding(f"{shown}; so in {low:.0%} to {high:.0%} of all runs", verdict, len(holds))


class Ratio(NamedTuple):
    """How many times as large one variant's figure is as another's: the geometric mean over seeds.

    Args:
        mean: of the ratios.
        low, high: of its 95 % interval.
        p: two-sided, of so different a ratio from the bound by chance.
        seeds: that both have; where these are fewer than two, all else is nan.
    """

    mean: float
    low: float
    high: float
    p: float
    seeds: int

    @property
    def text(self) -> str:
        """In words, such as "0.44 times [0.3, 0.65], p <0.001"."""
        if math.isnan(self.mean):
            return "too few seeds"
        p = probability(self.p)
        return f"{self.mean:.3g} times [{self.low:.3g}, {self.high:.3g}], p {p if p[0] == '<' else f'= {p}'}"


def ratio(mine: Mapping[int, float], others: Mapping[int, float], bound: float = 1.0) -> Ratio:
    """Compare two figures seed by seed, by Student's t on their logarithms.

    Losses of several seeds differ by factors, not by amounts: their logarithms are nearer to normal.

    Args:
        mine: by seed.
        others: what they are divided by; only seeds count that both have, and that are above 0 in both.
        bound: the ratio that p is held against.
    """
    seeds = [seed for seed in sorted(mine.keys() & others.keys()) if min(mine[seed], others[seed]) > 0]
    if len(seeds) < 2:
        return Ratio(math.nan, math.nan, math.nan, math.nan, len(seeds))
    mine_N, others_N = ([math.log(values[seed]) for seed in seeds] for values in (mine, others))
    its = mean_difference(mine_N, others_N, paired=True)
    p = mean_difference(mine_N, [other + math.log(bound) for other in others_N], paired=True).p
    return Ratio(math.exp(its.mean), math.exp(its.low), math.exp(its.high), p, len(seeds))


def smaller(mine: Mapping[int, float], others: Mapping[int, float], words: str, bound: float = 1.0) -> Finding:
    """Give the verdict on the claim that one figure is smaller than another.

    Args:
        mine, others: by seed.
        words: what is compared with what, such as "loss with attention".
        bound: the ratio that the claim says, and p is held against: 0.1 for a tenth or less.
    """
    if not (mine and others):
        return NO_RUNS
    its = ratio(mine, others, bound)
    if math.isnan(its.mean):
        return Finding(f"{words}: too few seeds", UNTESTED, its.seeds)
    verdict = HOLDS if its.high < bound else NOT if its.low > bound else OPEN
    return Finding(f"{words}: {its.text}" + (f" against {bound:g}" if bound != 1 else ""), verdict, its.seeds, its.p)


def mean(values: Mapping[int, float]) -> str:
    """Write the mean over seeds and half of its 95 % interval."""
    return _written(values, 1.0, (-math.inf, math.inf))


def share(values: Mapping[int, float]) -> str:
    """Write the mean of shares in per cent; the interval ends where shares do."""
    return _written(values, 100.0, (0.0, 1.0))


def _written(values: Mapping[int, float], scale: float, limits: tuple[float, float]) -> str:
    if not values:
        return "-"
    (interval,) = mean_intervals([list(values.values())])
    return compact(interval.within(*limits), scale=scale).replace("±", " ± ")
