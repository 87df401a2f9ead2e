"""What samples look like, in values and in words."""

import pytest

from attnseq.contracts.spec import Classes, Inputs, Reals, Scalar, Spec, Target, Tokens, described


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Tokens(3, 10), "tokens"),
        (Tokens(3, 10, padded=True), "tokens of lengths that differ"),
        (Reals(3), "real numbers"),
        (Reals(3, features=4), "real numbers (4 a position)"),
        (Reals(3, features=4, padded=True), "real numbers (4 a position) of lengths that differ"),
        (Scalar(10, "mm"), "a number"),
        (Classes(("yes", "no")), "a class"),
    ],
)
def test_words(kind: Inputs | Target, words: str) -> None:
    assert described(kind) == words


def test_a_class_for_each_name() -> None:
    assert Classes(("yes", "no", "perhaps")).number == 3


def test_specs_are_values() -> None:
    one, same, other = (Spec(Tokens(3, base), Scalar(10.0, whole=True)) for base in (10, 10, 9))
    assert one == same != other
    assert len({one, same, other}) == 2
