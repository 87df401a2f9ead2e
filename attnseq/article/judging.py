"""Whether runs bear a claim out: in how many seeds it holds, or whether two variants differ by more than chance.

Shapes: N seeds.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from attnseq.comparison.intervals import mean_difference, mean_intervals
from attnseq.comparison.numbers import compact, probability

ALPHA = 0.05
"""Level of the tests of differences."""

HOLDS, NOT = "holds", "does not hold"


class Finding(NamedTuple):
    """What the seeds show.

    Args:
        shown: in words, with intervals.
        verdict: `HOLDS`, "holds in n of N", `NOT`, or "not tested" where there are no runs.
        seeds: N.
        p: of the test of a difference; None where seeds were counted.
    """

    shown: str
    verdict: str
    seeds: int
    p: float | None = None


UNTESTED = Finding("no finished runs", "not tested", 0)


def counted(holds: Mapping[int, bool], shown: str) -> Finding:
    """Give the verdict on a claim that each run bears out, or does not.

    Args:
        holds: by seed.
        shown: in words.
    """
    if not holds:
        return UNTESTED
    times = sum(holds.values())
    verdict = HOLDS if times == len(holds) else f"holds in {times} of {len(holds)}" if times else NOT
    return Finding(shown, verdict, len(holds))


class Ratio(NamedTuple):
    """How many times as large one variant's figure is as another's: the geometric mean over seeds.

    Args:
        mean: of the ratios.
        low, high: of its 95 % interval.
        p: two-sided, of so different a ratio from 1 by chance.
        seeds: that both have; 0 where these are fewer than two, and all else is nan.
    """

    mean: float
    low: float
    high: float
    p: float
    seeds: int

    @property
    def text(self) -> str:
        """In words, such as "0.44 times [0.3, 0.65], p <0.001"."""
        if not self.seeds:
            return "too few seeds"
        p = probability(self.p)
        return f"{self.mean:.2g} times [{self.low:.2g}, {self.high:.2g}], p {p if p[0] == '<' else f'= {p}'}"


def ratio(mine: Mapping[int, float], others: Mapping[int, float]) -> Ratio:
    """Compare two figures that are above 0, seed by seed, by Student's t on their logarithms.

    Losses of several seeds differ by factors, not by amounts: their logarithms are nearer to normal.

    Args:
        mine: by seed.
        others: what they are divided by; only seeds that both have count.
    """
    seeds = sorted(mine.keys() & others.keys())
    if len(seeds) < 2:
        return Ratio(math.nan, math.nan, math.nan, math.nan, 0)
    mine_N, others_N = ([math.log(values[seed]) for seed in seeds] for values in (mine, others))
    its = mean_difference(mine_N, others_N, paired=True)
    return Ratio(math.exp(its.mean), math.exp(its.low), math.exp(its.high), its.p, len(seeds))


def smaller(mine: Mapping[int, float], others: Mapping[int, float], words: str, at_most: float = 1.0) -> Finding:
    """Give the verdict on the claim that one figure is smaller than another.

    Args:
        mine, others: by seed, above 0.
        words: what is compared with what, such as "loss with attention".
        at_most: the ratio that the claim says: 0.1 for a tenth or less.
    """
    its = ratio(mine, others)
    if not its.seeds:
        return UNTESTED
    holds = its.p < ALPHA and its.high < 1 and its.mean <= at_most
    reverse = " (it is larger)" if its.p < ALPHA and its.low > 1 else ""
    return Finding(f"{words}: {its.text}{reverse}", HOLDS if holds else NOT, its.seeds, its.p)


def mean(values: Mapping[int, float], scale: float = 1.0) -> str:
    """Write the mean over seeds and half of its 95 % interval."""
    if not values:
        return "-"
    (interval,) = mean_intervals([[value * scale for value in values.values()]])
    return compact(interval).replace("±", " ± ")
