"""Variants compared: each metric's mean over seeds with its uncertainty, best first, and what is within noise."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from attnseq.analysis import metrics as metric
from attnseq.analysis.intervals import (
    LEVEL,
    Difference,
    Interval,
    holm,
    mean_interval,
    paired_difference,
    welch_difference,
)
from attnseq.analysis.variants import Replica, Variant, fold, replica, without_copies
from attnseq.runs import FINISHED, RunRecord

BEST, WORSE, NOISE, UNKNOWN, NONE = "best", "worse", "noise", "n=1", "-"
"""How a variant stands to the best: it is it, worse, within noise; too few seeds to tell; no finished run."""

LOSSES = ("loss/validation", "loss/test")
"""Pictured whatever the table shows."""

Values = dict[Replica, float]
"""A metric's value for each seed."""


@dataclass(frozen=True)
class Row:
    """One variant of a comparison.

    Args:
        variant: its name and its runs.
        figures: an interval for each metric that is shown, and the losses, as far as its finished runs have them.
        values: each metric's value for each seed.
        standing: to the best variant, one of `BEST`, `WORSE`, `NOISE`, `UNKNOWN`, `NONE`.
        difference: to the best variant in the metric by which they are sorted; None where it cannot be told.
        p_corrected: of the difference, corrected by Holm's method for the number of variants; None as `difference`.
    """

    variant: Variant
    figures: Mapping[str, Interval]
    values: Mapping[str, Values]
    standing: str = NONE
    difference: Difference | None = None
    p_corrected: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Variants, best first.

    Args:
        rows: one a variant.
        keys: of the configs, that name variants; dotted.
        metrics: that are shown.
        sort: the metric that says which is best.
        runs: all that were found, of every state.
        copies: finished runs left out, each of the config and seed of another.
    """

    rows: Sequence[Row]
    keys: Sequence[str]
    metrics: Sequence[str]
    sort: str
    runs: Sequence[RunRecord]
    copies: Sequence[RunRecord]


def known_metrics(runs: Sequence[RunRecord]) -> list[str]:
    """The metrics that at least one finished run has, those of `metrics.DEFAULT` first."""
    names = {name for run in runs if run.state == FINISHED for name in metric.metrics(run.result)}
    return [name for name in metric.DEFAULT if name in names] + sorted(names.difference(metric.DEFAULT))


def compare(runs: Sequence[RunRecord], keys: Sequence[str], metrics: Sequence[str], sort: str) -> Comparison:
    """Fold runs into variants and hold each against the best.

    Args:
        runs: found; copies of one run count once.
        keys: dotted keys that name variants, see `variants.naming_keys`.
        metrics: to show.
        sort: the metric that says which is best; shown, too.

    Returns:
        The comparison; variants without a finished run stand last.
    """
    shown = list(metrics) if sort in metrics else [sort, *metrics]
    _, copies = without_copies(run for run in runs if run.state == FINISHED)
    left_out = set(map(id, copies))
    variants = fold([run for run in runs if id(run) not in left_out], keys)
    rows = [_row(variant, keys, list(dict.fromkeys([*shown, *LOSSES]))) for variant in variants]
    sign = -1.0 if metric.higher_is_better(sort) else 1.0
    rows.sort(
        key=lambda row: (sign * row.figures[sort].mean if sort in row.figures else float("inf"), row.variant.name)
    )
    return Comparison(_judged(rows, sort), keys, shown, sort, runs, copies)


def _row(variant: Variant, keys: Sequence[str], metrics: Sequence[str]) -> Row:
    """A seed's runs are averaged first (`group=` may leave several to a seed): they are not independent."""
    found: dict[str, dict[Replica, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run in variant.of_state(FINISHED):
        numbers = metric.metrics(run.result)
        for name in metrics:
            if name in numbers:
                found[name][replica(run, keys)].append(numbers[name])
    values = {name: {seed: fmean(of_seed) for seed, of_seed in seeds.items()} for name, seeds in found.items()}
    figures = {name: mean_interval(list(seeds.values())).within(*metric.limits(name)) for name, seeds in values.items()}
    return Row(variant, figures, values)


def _judged(rows: Sequence[Row], sort: str) -> list[Row]:
    """The same rows with their standing; the first is the best."""
    if not rows or sort not in rows[0].figures:
        return list(rows)
    differences = [_difference(row.values.get(sort, {}), rows[0].values[sort]) for row in rows[1:]]
    corrected = iter(holm([difference.p for difference in differences if difference is not None]))
    judged = [replace(rows[0], standing=BEST)]
    for row, difference in zip(rows[1:], differences, strict=True):
        if difference is None:
            judged.append(replace(row, standing=UNKNOWN if sort in row.figures else NONE))
        else:
            standing = WORSE if difference.p < 1.0 - LEVEL else NOISE
            judged.append(replace(row, standing=standing, difference=difference, p_corrected=next(corrected)))
    return judged


def _difference(values: Values, best: Values) -> Difference | None:
    """Paired where the variants share two seeds at least, and half of those of the smaller; else of all their seeds."""
    shared = [seed for seed in values if seed in best]
    if len(shared) >= 2 and 2 * len(shared) >= min(len(values), len(best)):
        return paired_difference([values[seed] for seed in shared], [best[seed] for seed in shared])
    if min(len(values), len(best)) < 2:
        return None
    return welch_difference(list(values.values()), list(best.values()))
