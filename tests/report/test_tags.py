"""Names of tags: what is looked at first sorts first."""

import pytest

from attnseq.report.tags import WEIGHTS, number_tag, view_tag, weights_tag


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("loss/train", "loss/train"),
        ("loss/test", "test/loss"),
        ("mae/validation", "metrics/mae/validation"),
        ("mae/test", "test/mae"),
        ("attention/entropy", "scores/entropy"),
        ("attention/other/entropy", "scores/other/entropy"),
        ("relevance/auroc", "scores/auroc"),
        ("own/gini", "scores/own/gini"),
        ("exact/test@20", "test/exact@20"),
    ],
)
def test_a_number_is_in_its_group(name: str, tag: str) -> None:
    assert number_tag(name) == tag


def test_groups_sort_as_they_are_looked_at() -> None:
    names = ["loss/validation", "accuracy/validation", "relevance/mass_accuracy", "loss/test"]
    tags = [*map(number_tag, names), view_tag("attention", "mean attention"), weights_tag("attention", "1 a hundreds")]
    assert sorted(tags) == tags


def test_a_second_attention_has_groups_of_its_own() -> None:
    assert weights_tag("attention/heads", "2 a tens") == f"{WEIGHTS}, heads/2 a tens"
    assert view_tag("attention/heads", "mean attention") == "views/mean attention, heads"


def test_a_slash_in_the_name_of_a_position_makes_no_group() -> None:
    assert weights_tag("attention", "0 m/s") == f"{WEIGHTS}/0 m s"
