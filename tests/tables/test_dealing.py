"""Every sequence is in one split; of time, groups and names each way of dealing keeps what it promises.

Shapes: N sequences.
"""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnseq.core.keys import ConfigError
from attnseq.tables.dealing import Dealt, Shares, at_random, by_group, by_name, by_time

SHARES = Shares(0.2, 0.1)


def assert_whole(dealt: Dealt, number: int) -> None:
    assert sorted(np.concatenate(dealt).tolist()) == list(range(number))
    assert all(len(part) and (np.diff(part) > 0).all() for part in dealt)


@given(number=st.integers(3, 200), seed=st.integers(0, 9))
def test_at_random_each_split_has_its_share(number: int, seed: int) -> None:
    dealt = at_random(number, SHARES, seed)
    assert_whole(dealt, number)
    assert [len(part) for part in dealt[1:]] == [max(1, round(number * share)) for share in SHARES]


def test_a_seed_deals_anew_and_the_same_one_the_same() -> None:
    one, same, other = (at_random(50, SHARES, seed) for seed in (1, 1, 2))
    assert one.test.tolist() == same.test.tolist() != other.test.tolist()


def test_by_time_the_latest_are_held_out() -> None:
    order_N = np.random.default_rng(0).permutation(40)
    dealt = by_time(order_N, SHARES)
    assert_whole(dealt, 40)
    assert order_N[dealt.train].max() < order_N[dealt.validation].min()
    assert order_N[dealt.validation].max() < order_N[dealt.test].min()


@given(sizes=st.lists(st.integers(3, 6), min_size=5, max_size=12), seed=st.integers(0, 9))
def test_by_group_no_group_is_divided_and_each_split_has_its_share(sizes: list[int], seed: int) -> None:
    groups = [f"group {group}" for group, size in enumerate(sizes) for _ in range(size)]
    dealt = by_group(groups, SHARES, seed)
    assert_whole(dealt, len(groups))
    assert sum(len({groups[number] for number in part}) for part in dealt) == len(sizes)
    for part, share in zip(dealt[1:], SHARES, strict=True):
        assert share * len(groups) <= len(part) < share * len(groups) + max(sizes)


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^dataset\.split=grouped: 2 groups do not fill train$"):
        by_group(["a", "b", "a"], SHARES, seed=0)


def test_by_name_each_is_where_the_column_says() -> None:
    dealt = by_name(["test", "train", "validation", "train"], "part", SHARES, seed=0)
    assert [part.tolist() for part in dealt] == [[1, 3], [2], [0]]


def test_validation_is_drawn_from_training_where_none_is_named() -> None:
    names = ["train"] * 20 + ["test"] * 5
    dealt = by_name(names, "part", SHARES, seed=0)
    assert_whole(dealt, 25)
    assert (len(dealt.train), len(dealt.validation), dealt.test.tolist()) == (16, 4, [20, 21, 22, 23, 24])
    assert dealt.validation.max() < 20
    assert by_name(names, "part", SHARES, seed=1).validation.tolist() != dealt.validation.tolist()


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["train", "dev", "test"], "has 'dev'; must be one of train, validation, test"),
        (["train", "train"], "leaves nothing for test"),
        (["test", "validation"], "leaves nothing for train"),
    ],
)
def test_names_that_do_not_do_are_refused(names: list[str], problem: str) -> None:
    with pytest.raises(ConfigError, match=f"^dataset.split_column=part: {re.escape(problem)}$"):
        by_name(names, "part", SHARES, seed=0)


def test_shares_that_leave_nothing_are_refused() -> None:
    line = "dataset.validation_share=0.2, dataset.test_share=0.1: of 2 sequences nothing is left for train"
    with pytest.raises(ConfigError, match=f"^{re.escape(line)}$"):
        at_random(2, SHARES, 0)
