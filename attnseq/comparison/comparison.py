"""Comparing variants: each metric's mean over seeds with its uncertainty, best first, and what is within noise."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import NamedTuple

from attnseq.comparison import measures as metric
from attnseq.comparison.averages import Incomplete, incomplete_averages
from attnseq.comparison.intervals import LEVEL, Difference, Interval, holm, mean_difference, mean_intervals
from attnseq.comparison.trivial import Trivial, trivial_rows
from attnseq.comparison.variants import Replica, Variant, fold, replica, without_copies
from attnseq.runs.reading import FINISHED, RunRecord

BEST, WORSE, NOISE, BETTER, UNKNOWN, UNTESTED, NONE = "best", "worse", "noise", "better", "n=1", "", "-"
"""How a variant compares with the best: it is the best, worse, within noise, or better on the seeds that both have
(only where every variant is beaten by another one); or there are too few seeds to tell, or costs are compared, which
are not tested, or it has no finished run."""

LOSSES = ("loss/validation", "loss/test")
"""Losses that the pictures show, whatever the table shows."""

Values = dict[Replica, float]
"""A metric's value for each seed; runs of one seed are averaged."""


@dataclass(frozen=True)
class Row:
    """One variant of a comparison.

    Args:
        variant: its name and its runs.
        figures: an interval for each shown metric and both losses, as far as its finished runs have them.
        values: each metric's value for each seed.
        lacking: for each metric the seeds with a finished run that has no number for it.
        standing: how it compares with the best: `BEST`, `WORSE`, `NOISE`, `BETTER`, `UNKNOWN`, `UNTESTED` or `NONE`.
        difference: to the best variant in the metric by which they are sorted; None where it cannot be told.
        seeds: on which the difference was taken; empty where these are all seeds of both.
        p_corrected: of the difference, corrected by Holm's method for the number of variants; None as `difference`.
    """

    variant: Variant
    figures: Mapping[str, Interval]
    values: Mapping[str, Values]
    lacking: Mapping[str, Sequence[Replica]] = field(default_factory=dict)
    standing: str = NONE
    difference: Difference | None = None
    seeds: Sequence[Replica] = ()
    p_corrected: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Variants, best first.

    Args:
        rows: one a variant: the best, then the others by their means.
        keys: dotted keys of configs that name variants.
        metrics: that are shown.
        sort: the metric that decides which is best.
        runs: all that were found, of every state.
        copies: finished runs left out, each with the run of the same config and seed that counts.
        incomplete: seeds whose average over several runs lacks some that others have.
        trivial: what a predictor scores that does not look at its input, for each data that there are; not ranked.
    """

    rows: Sequence[Row]
    keys: Sequence[str]
    metrics: Sequence[str]
    sort: str
    runs: Sequence[RunRecord]
    copies: Sequence[tuple[RunRecord, RunRecord]]
    incomplete: Sequence[Incomplete] = ()
    trivial: Sequence[Trivial] = ()


def known_metrics(runs: Sequence[RunRecord]) -> list[str]:
    """List the metrics that at least one finished run has, those shown by default first."""
    names = {name for run in runs if run.state == FINISHED for name in metric.metrics(run.result, run.analysis)}
    first = metric.usual(names)
    return first + sorted(names.difference(first))


def compare(runs: Sequence[RunRecord], keys: Sequence[str], metrics: Sequence[str], sort: str) -> Comparison:
    """Fold runs into variants, and compare each with the best.

    Args:
        runs: all that were found; copies of one run count once.
        keys: dotted keys that name variants, see `variants.naming_keys`.
        metrics: to show.
        sort: the metric that decides which is best; shown, too.

    Returns:
        The comparison; variants without a finished run stand last.
    """
    shown = list(metrics) if sort in metrics else [sort, *metrics]
    _, copies = without_copies(run for run in runs if run.state == FINISHED)
    left_out = {id(copy) for copy, _ in copies}
    variants = fold([run for run in runs if id(run) not in left_out], keys)
    rows = [_row(variant, keys, list(dict.fromkeys([*shown, *LOSSES]))) for variant in variants]
    sign = -1.0 if metric.higher_is_better(sort) else 1.0
    rows.sort(
        key=lambda row: (sign * row.figures[sort].mean if sort in row.figures else float("inf"), row.variant.name)
    )
    incomplete, trivial = incomplete_averages(variants, keys), trivial_rows(runs, keys)
    return Comparison(_judged(rows, sort, sign), keys, shown, sort, runs, copies, incomplete, trivial)


def _row(variant: Variant, keys: Sequence[str], metrics: Sequence[str]) -> Row:
    """Make a variant's row; average a seed's runs first (`group=` may leave several), as they are not independent."""
    found: dict[str, dict[Replica, list[float]]] = defaultdict(lambda: defaultdict(list))
    lacking: dict[str, dict[Replica, None]] = defaultdict(dict)
    for run in variant.of_state(FINISHED):
        numbers, seed = metric.metrics(run.result, run.analysis), replica(run, keys)
        for name in metrics:
            if name in numbers:
                found[name][seed].append(numbers[name])
            else:
                lacking[name][seed] = None
    values = {name: {seed: fmean(of_seed) for seed, of_seed in seeds.items()} for name, seeds in found.items()}
    together: dict[tuple[Replica, ...], list[str]] = defaultdict(list)
    for name, seeds in values.items():
        together[tuple(seeds)].append(name)
    figures: dict[str, Interval] = {}
    for names in together.values():
        intervals = mean_intervals([list(values[name].values()) for name in names])
        figures |= {name: each.within(*metric.limits(name)) for name, each in zip(names, intervals, strict=True)}
    return Row(variant, figures, values, {name: list(seeds) for name, seeds in lacking.items()})


def _judged(rows: Sequence[Row], sort: str, sign: float) -> list[Row]:
    """Give rows their standing, and put the best first.

    The best is the first row by mean that no other beats in the test. A mean is over all of a variant's seeds, but a
    test over shared ones: a variant may have the smaller mean only for its seeds, and lose on every shared seed.

    Args:
        rows: in the order of their means; rows without a mean are last.
        sort: the metric that decides which is best.
        sign: 1 where the smallest value is best, -1 where the largest is.
    """
    if not rows or sort not in rows[0].figures:
        return list(rows)
    if metric.is_cost(sort):
        costly = [replace(row, standing=UNTESTED if sort in row.figures else NONE) for row in rows[1:]]
        return [replace(rows[0], standing=BEST), *costly]
    measured = [row for row in rows if sort in row.figures]
    best = next((row for row in measured if BETTER not in _standings(measured, row, sort, sign)), measured[0])
    others = [row for row in rows if row is not best]
    tests = [_test(row, best, sort) for row in others]
    corrected = iter(holm([test.difference.p for test in tests if test is not None]))
    judged = [replace(best, standing=BEST)]
    for row, test in zip(others, tests, strict=True):
        if test is None:
            judged.append(replace(row, standing=UNKNOWN if sort in row.figures else NONE))
        else:
            standing = _standing(test.difference, sign)
            judged.append(replace(row, standing=standing, **test._asdict(), p_corrected=next(corrected)))
    return judged


class _Test(NamedTuple):
    """A difference and its seeds, see `Row`."""

    difference: Difference
    seeds: Sequence[Replica]


def _standings(rows: Sequence[Row], best: Row, sort: str, sign: float) -> Iterator[str]:
    """Return how rows compare with `best`, as far as a test can tell."""
    tests = (_test(row, best, sort) for row in rows if row is not best)
    return (_standing(test.difference, sign) for test in tests if test is not None)


def _standing(difference: Difference, sign: float) -> str:
    if difference.p >= 1.0 - LEVEL:
        return NOISE
    return WORSE if sign * difference.mean > 0 else BETTER


def _test(row: Row, best: Row, sort: str) -> _Test | None:
    """Test two variants: paired if they share two seeds, and half of the fewer ones; else on all seeds of both."""
    mine, theirs = row.values.get(sort, {}), best.values[sort]
    shared = [seed for seed in mine if seed in theirs]
    if len(shared) >= 2 and 2 * len(shared) >= min(len(mine), len(theirs)):
        difference = mean_difference([mine[seed] for seed in shared], [theirs[seed] for seed in shared], paired=True)
        return _Test(difference, shared if len(shared) < max(len(mine), len(theirs)) else ())
    if min(len(mine), len(theirs)) < 2:
        return None
    return _Test(mean_difference(list(mine.values()), list(theirs.values()), paired=False), ())
