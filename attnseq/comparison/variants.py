"""Folding runs into variants: which keys of their configs tell variants apart, and what each is called.

A variant is what remains when seeds are left out. A key that merely follows another choice names nothing: an LSTM has
64 hidden units and an MLP 10, which come with the model. So values of a group are compared only among runs of the same
choice (`model.name`, ...).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from attnseq.runs.reading import DIVERGED, FINISHED, GROUPS, RunRecord, Value

DATASET_SEED = "dataset.seed"

Replica = tuple[object, ...]
"""Values of a config that tell replicas of a variant apart; `...` where it has no such key."""


@dataclass(frozen=True)
class Variant:
    """Runs that do not differ in any key that names variants.

    Args:
        name: such as "lstm_attention attention=time".
        values: of the naming keys that its runs have, by dotted key.
        runs: of every state.
    """

    name: str
    values: Mapping[str, Value]
    runs: Sequence[RunRecord]

    def of_state(self, state: str) -> list[RunRecord]:
        """List the runs of one state, see `attnseq.runs.reading.STATES`."""
        return [run for run in self.runs if run.state == state]


def config_keys(runs: Iterable[RunRecord]) -> list[str]:
    """List the keys that can tell variants apart: those of results, or of all runs where no run has a result.

    Results leave out keys that do not decide them, such as `trainer.compile`; the config of an unfinished run has them.

    Args:
        runs: found.

    Returns:
        Dotted keys without `seed`: the model's first, and of every group `name` first.
    """
    known = [run for run in runs if run.config]
    known = [run for run in known if run.state in (FINISHED, DIVERGED)] or known
    keys = {key for run in known for key in run.config if key != "seed"}
    return sorted(keys, key=lambda key: (GROUPS.index(_group(key)), not key.endswith(".name"), key))


def naming_keys(runs: Sequence[RunRecord]) -> list[str]:
    """List the keys that name variants by default: the model, and whatever differs among its runs.

    `dataset.seed` is one of them, unless each `seed` has one of its own (a sweep in which each seed draws its own
    samples): then it belongs to the replica, as `seed` does.

    Args:
        runs: found.

    Returns:
        Dotted keys, in the order of `config_keys`.
    """
    configs = [run.config for run in runs if run.config]
    keys = [key for key in config_keys(runs) if key == "model.name" or _differs(configs, key)]
    others = [key for key in keys if key != DATASET_SEED]
    if others != keys and all(_one_to_one(part) for part in _split(configs, others)):
        return others
    return keys


def fold(runs: Iterable[RunRecord], keys: Sequence[str]) -> list[Variant]:
    """Fold runs into variants; runs whose config is not known belong to none.

    Args:
        runs: found.
        keys: dotted keys that name variants.

    Returns:
        Variants in the order in which runs were found.
    """
    runs = [run for run in runs if run.config]
    short = short_keys(config_keys(runs))
    groups: dict[Replica, list[RunRecord]] = defaultdict(list)
    for run in runs:
        groups[_values(run.config, keys)].append(run)
    variants = []
    for group in groups.values():
        values = {key: group[0].config[key] for key in keys if key in group[0].config}
        variants.append(Variant(call(values, short), values, group))
    return variants


def call(values: Mapping[str, Value], short: Mapping[str, str]) -> str:
    """Name a variant by the values of its keys.

    Args:
        values: by dotted key.
        short: what keys are called, see `short_keys`; those that it lacks are called as they are.
    """
    return " ".join(_part(key, value, short) for key, value in values.items())


def replica(run: RunRecord, keys: Sequence[str]) -> Replica:
    """Return what paired runs of two variants share: the seed, and the dataset's seed where it names no variant.

    Args:
        run: with a config.
        keys: that name variants.
    """
    return _values(run.config, ["seed"] if DATASET_SEED in keys else ["seed", DATASET_SEED])


def without_copies(runs: Iterable[RunRecord]) -> tuple[list[RunRecord], list[tuple[RunRecord, RunRecord]]]:
    """Separate runs from copies of them: runs of the same config and seed are the same run, which counts once.

    Args:
        runs: finished ones.

    Returns:
        (runs, copies), each in their order; a copy comes with the run that it repeats.
    """
    kept: dict[frozenset[tuple[str, Value]], RunRecord] = {}
    copies: list[tuple[RunRecord, RunRecord]] = []
    for run in runs:
        counted = kept.setdefault(frozenset(run.config.items()), run)
        if counted is not run:
            copies.append((run, counted))
    return list(kept.values()), copies


def short_keys(keys: Sequence[str]) -> dict[str, str]:
    """Shorten a group's `name` to the group, and any key to its last part where no other key nor `seed` ends so."""
    lasts = ["seed"] + [key.rpartition(".")[2] for key in keys]
    short = {key: key.rpartition(".")[2] for key in keys if lasts.count(key.rpartition(".")[2]) == 1}
    return short | {f"{group}.name": group for group in GROUPS}


def written(value: Value) -> str:
    """Write a value as the command line takes it."""
    if isinstance(value, tuple):
        return ".".join(map(written, value))
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)


def _group(key: str) -> str:
    return key.partition(".")[0]


def _values(config: Mapping[str, Value], keys: Iterable[str]) -> Replica:
    return tuple(config.get(key, ...) for key in keys)


def _split(configs: Iterable[Mapping[str, Value]], keys: Sequence[str]) -> list[list[Mapping[str, Value]]]:
    parts: dict[Replica, list[Mapping[str, Value]]] = defaultdict(list)
    for config in configs:
        parts[_values(config, keys)].append(config)
    return list(parts.values())


def _differs(configs: Sequence[Mapping[str, Value]], key: str) -> bool:
    choice = f"{_group(key)}.name"
    parts = [configs] if key == choice else _split(configs, [choice])
    return any(len({_values(config, [key]) for config in part}) > 1 for part in parts)


def _one_to_one(configs: Iterable[Mapping[str, Value]]) -> bool:
    """Tell whether `dataset.seed` is the same throughout, or another one for every seed."""
    pairs = {_values(config, ["seed", DATASET_SEED]) for config in configs}
    seeds, dataset_seeds = ({pair[side] for pair in pairs} for side in (0, 1))
    return len(dataset_seeds) == 1 or len(pairs) == len(seeds) == len(dataset_seeds)


def _part(key: str, value: Value, short: Mapping[str, str]) -> str:
    return written(value) if key == "model.name" else f"{short.get(key, key)}={written(value)}"
