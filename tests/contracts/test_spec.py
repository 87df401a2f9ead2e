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


@pytest.mark.parametrize(("grows", "lengths"), [(False, (4, 4, 4)), (True, (2, 4, 7))])
def test_an_answer_grows_by_as_many_positions_as_the_inputs_or_not_at_all(
    grows: bool, lengths: tuple[int, int, int]
) -> None:
    spec = Spec(Tokens(3, 10, padded=True), Tokens(4, 11, padded=True, end=True), grows)
    assert tuple(map(spec.answer_length, (1, 3, 6))) == lengths


@pytest.mark.parametrize("target", [Scalar(), Classes(("yes", "no"))])
def test_a_number_and_a_class_are_one_answer(target: Target) -> None:
    assert Spec(Tokens(3, 10), target).answer_length(3) == 1
    assert Spec(Tokens(3, 10), target).answer_length(5) == 1


def test_each_token_has_a_symbol_but_the_end() -> None:
    assert Tokens(3, 2, symbols=("a", "b")).symbols == Tokens(3, 3, symbols=("a", "b"), end=True).symbols
    with pytest.raises(ValueError, match=r"^2 symbols for 3 tokens$"):
        Tokens(3, 3, symbols=("a", "b"))


@pytest.mark.parametrize(
    ("symbols", "in_characters", "text"),
    [((), False, "2 0"), (("a", "b", "-"), True, "-a"), (("one", "two", "-"), False, "- one")],
)
def test_tokens_are_written_by_their_symbols(symbols: tuple[str, ...], in_characters: bool, text: str) -> None:
    kind = Tokens(4, 3, symbols=symbols)
    assert (kind.in_characters, kind.text([2, 0]), kind.text([])) == (in_characters, text, "")


def test_specs_are_values() -> None:
    one, same, other = (Spec(Tokens(3, base), Scalar(10.0, whole=True)) for base in (10, 10, 9))
    assert one == same != other
    assert len({one, same, other}) == 2
