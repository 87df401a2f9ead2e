"""Seeds whose average is over fewer runs than another's: keys that `group=` leaves out were not swept for all alike."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from attnseq.comparison.variants import DATASET_SEED, Replica, Variant, fold, naming_keys, replica
from attnseq.runs.reading import FINISHED, RunRecord


@dataclass(frozen=True)
class Incomplete:
    """Seeds of a variant that lack the same part of the grid.

    Args:
        variant: its name.
        seeds: whose averages lack it.
        lacking: points of the grid without a finished run of these seeds, such as "learning_rate=0.01".
    """

    variant: str
    seeds: Sequence[Replica]
    lacking: Sequence[str]


def incomplete_averages(variants: Sequence[Variant], keys: Sequence[str]) -> list[Incomplete]:
    """Find seeds that lack a point of the grid over which a seed's runs are averaged.

    The grid is all that any run has tried, in every state and variant. Where its values come with a choice (an LSTM's
    hidden units), it is what variants of the same choice have tried.

    Args:
        variants: folded by `keys`, without copies.
        keys: that name variants; runs of a variant that differ in other keys are averaged.
    """
    runs = [run for variant in variants for run in variant.runs]
    averaged = [key for key in naming_keys(runs) if key not in (*keys, DATASET_SEED) and _varies(key, variants)]
    if not averaged:
        return []
    choices = [f"{group}.name" for group in dict.fromkeys(key.partition(".")[0] for key in averaged)]

    def choice(run: RunRecord) -> Replica:
        return tuple(run.config.get(key) for key in choices)

    point_of = {id(run): point.name for point in fold(runs, averaged) for run in point.runs}
    grids: dict[Replica, dict[str, None]] = defaultdict(dict)  # the keys serve as a set that keeps its order
    for run in runs:
        grids[choice(run)][point_of[id(run)]] = None
    found = []
    for variant in variants:
        grid = [point for of_choice in dict.fromkeys(map(choice, variant.runs)) for point in grids[of_choice]]
        points: dict[Replica, set[str]] = defaultdict(set)
        for run in variant.of_state(FINISHED):
            points[replica(run, keys)].add(point_of[id(run)])
        lacking: dict[tuple[str, ...], list[Replica]] = defaultdict(list)
        for seed, its_points in points.items():
            lacking[tuple(point for point in grid if point not in its_points)].append(seed)
        found += [Incomplete(variant.name, seeds, points) for points, seeds in lacking.items() if points]
    return found


def _varies(key: str, variants: Sequence[Variant]) -> bool:
    return any(len({run.config.get(key, ...) for run in variant.runs}) > 1 for variant in variants)
