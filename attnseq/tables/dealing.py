"""Dealing sequences to training, validation and test.

Shapes: N sequences.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from attnseq.core.keys import ConfigError
from attnseq.core.randomness import generator
from attnseq.tables.columns import Array

NAMES = ("train", "validation", "test")


class Shares(NamedTuple):
    """Which share of all sequences is held out, each above 0."""

    validation: float
    test: float


class Dealt(NamedTuple):
    """The numbers of the sequences in each split, sorted."""

    train: Array
    validation: Array
    test: Array


def at_random(number: int, shares: Shares, seed: int) -> Dealt:
    """Deal sequences by a permutation.

    Args:
        number: N.
        shares: that are held out.
        seed: of the permutation.
    """
    return _cut(generator(seed, "data/table/split").permutation(number), shares)


def by_time(order_N: Array, shares: Shares) -> Dealt:
    """Deal the latest sequences to test, those before them to validation; of one time, the later in the file is later.

    Args:
        order_N: places in time.
        shares: that are held out.
    """
    return _cut(np.argsort(order_N, kind="stable"), shares)


def by_group(groups: Sequence[str] | Array, shares: Shares, seed: int) -> Dealt:
    """Deal whole groups, in random order: test gets groups until it has its share, then validation.

    Args:
        groups: name of each sequence's group.
        shares: that are held out.
        seed: of the order.

    Raises:
        ConfigError: there are fewer than three groups, or too few for these shares.
    """
    names, group_N, sizes = np.unique(np.array(groups, dtype=str), return_inverse=True, return_counts=True)
    waiting = list(generator(seed, "data/table/split").permutation(len(names)))
    split_of = np.zeros(len(names), dtype=np.int64)
    for split, share in ((2, shares.test), (1, shares.validation)):
        while waiting and sizes[split_of == split].sum() < len(groups) * share:
            split_of[waiting.pop()] = split
    dealt = Dealt(*(np.flatnonzero(split_of[group_N] == number) for number in range(3)))
    return _checked(dealt, f"dataset.split=grouped: {len(names)} groups do not fill")


def by_name(names: Sequence[str] | Array, column: str, shares: Shares, seed: int) -> Dealt:
    """Deal sequences as a column says; where it names none for validation, a share of those for training are drawn.

    Args:
        names: of each sequence's split.
        column: its name, for errors.
        shares: of which validation's is used.
        seed: of what is drawn.

    Raises:
        ConfigError: the column has another name, or leaves training or test empty.
    """
    named = np.array(names, dtype=str)
    for other in np.setdiff1d(named, NAMES)[:1]:
        raise ConfigError(f"dataset.split_column={column}: has {str(other)!r}; must be one of {', '.join(NAMES)}")
    dealt = Dealt(*(np.flatnonzero(named == name) for name in NAMES))
    if not len(dealt.validation) and len(dealt.train):
        shuffled = dealt.train[generator(seed, "data/table/validation").permutation(len(dealt.train))]
        held_out = _share(len(shuffled), shares.validation)
        dealt = dealt._replace(train=np.sort(shuffled[held_out:]), validation=np.sort(shuffled[:held_out]))
    return _checked(dealt, f"dataset.split_column={column}: leaves nothing for")


def _cut(ordered: Array, shares: Shares) -> Dealt:
    """Cut sequences in an order: the last ones are for test, those before them for validation."""
    number = len(ordered)
    test, validation = _share(number, shares.test), _share(number, shares.validation)
    pieces = np.split(ordered, [max(0, number - validation - test), max(0, number - test)])
    reason = (
        f"dataset.validation_share={shares.validation:g}, dataset.test_share={shares.test:g}: of {number} sequences"
    )
    return _checked(Dealt(*map(np.sort, pieces)), f"{reason} nothing is left for")


def _share(number: int, share: float) -> int:
    return max(1, round(number * share))


def _checked(dealt: Dealt, reason: str) -> Dealt:
    for name, members in zip(NAMES, dealt, strict=True):
        if not len(members):
            raise ConfigError(f"{reason} {name}")
    return dealt
