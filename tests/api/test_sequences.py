"""Sequences as people have them become the samples that a model was trained on; what is none is refused in one line."""

from typing import Any

import numpy as np
import pytest
import torch

from attnseq.api.sequences import samples
from attnseq.contracts.spec import Inputs, Reals, Tokens

DIGITS = Tokens(4, 10)
PADDED = Tokens(4, 10, padded=True)
LETTERS = Tokens(4, 3, padded=True, symbols=("a", " ", "b"))
WORDS = Tokens(4, 3, symbols=("one", "two", "three"))
ONE = Reals(3)
TWO = Reals(3, 2)


@pytest.mark.parametrize(
    "sequences",
    [
        ["0123", "4567"],
        [[0, 1, 2, 3], [4, 5, 6, 7]],
        [np.array([0, 1, 2, 3]), (4, 5, 6, 7)],
        np.arange(8).reshape(2, 4),
        np.arange(8.0).reshape(2, 4),
        torch.arange(8, dtype=torch.uint8).reshape(2, 4),
        (text for text in ("0123", "4567")),
        np.array(["0123", "4567"]),
        np.array(["0123", "4567"], dtype=object),
        [torch.arange(4.0, requires_grad=True), torch.arange(4, 8, dtype=torch.bfloat16)],
        torch.arange(8, dtype=torch.bfloat16).reshape(2, 4),
    ],
)
def test_all_ways_of_writing_tokens_are_the_same(sequences: Any) -> None:
    batch = samples(sequences, DIGITS)
    assert batch.inputs.dtype == torch.uint8
    assert batch.inputs.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert batch.lengths is None
    assert batch.targets is None


def test_a_table_of_pandas_is_its_values() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame([[0, 1, 2, 3], [4, 5, 6, 7]])
    assert samples(table, DIGITS).inputs.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert samples(pandas.Series(["0123", "4567"]), DIGITS).inputs.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]


@pytest.mark.parametrize("sequence", ["0123", [0, 1, 2, 3], np.arange(4), torch.arange(4)])
def test_a_single_sequence_is_a_batch_of_one(sequence: Any) -> None:
    assert samples(sequence, DIGITS).inputs.tolist() == [[0, 1, 2, 3]]


def test_a_string_of_the_task_s_own_characters_is_its_tokens() -> None:
    batch = samples(["ab a", "b"], LETTERS)
    assert batch.inputs.tolist() == [[0, 2, 1, 0], [2, 0, 0, 0]]
    assert batch.lengths is not None
    assert batch.lengths.tolist() == [4, 1]
    assert torch.equal(samples([[0, 2, 1, 0], [2]], LETTERS).inputs, batch.inputs)  # tokens are numbers all the same
    assert samples("0120", WORDS).inputs.tolist() == [[0, 1, 2, 0]]


def test_ragged_and_padded_are_the_same() -> None:
    ragged = samples([[1, 2], [3, 4, 5, 6], [7]], PADDED)
    assert ragged.inputs.tolist() == [[1, 2, 0, 0], [3, 4, 5, 6], [7, 0, 0, 0]]
    assert ragged.lengths is not None
    assert ragged.lengths.tolist() == [2, 4, 1]
    assert ragged.lengths.dtype == torch.int32
    array = np.array([[1, 2, 9, 9], [3, 4, 5, 6], [7, 99, 99, 99]])  # behind the end may stand anything
    for same in (samples(array, PADDED, [2, 4, 1]), samples(["12", "3456", "7"], PADDED)):
        assert torch.equal(same.inputs, ragged.inputs)
        assert same.lengths is not None
        assert torch.equal(same.lengths, ragged.lengths)


def test_all_may_be_shorter_than_the_longest() -> None:
    batch = samples(np.array([[1, 2], [3, 4]]), PADDED)
    assert batch.inputs.tolist() == [[1, 2, 0, 0], [3, 4, 0, 0]]


def test_real_numbers_have_an_axis_of_features() -> None:
    for sequences in ([[0.5, 1, 2]], [0.5, 1, 2], np.array([[[0.5], [1], [2]]])):
        batch = samples(sequences, ONE)
        assert batch.inputs.dtype == torch.float32
        assert batch.inputs.tolist() == [[[0.5], [1.0], [2.0]]]
    for sequences in ([[[0, 1], [2, 3], [4, 5]]], [[0, 1], [2, 3], [4, 5]]):
        assert samples(sequences, TWO).inputs.tolist() == [[[0, 1], [2, 3], [4, 5]]]


@pytest.mark.parametrize(
    ("sequences", "inputs", "lengths", "line"),
    [
        ([], DIGITS, None, "no sequences"),
        ("", DIGITS, None, "sequence 0: has 0 positions; the model takes 4"),
        (["0123", "012"], DIGITS, None, "sequence 1: has 3 positions; the model takes 4"),
        ([[1], [1] * 5], PADDED, None, "sequence 1: has 5 positions; the model takes 1 to 4"),
        (["0123", "01a3"], DIGITS, None, "sequence 1, position 2: 'a' is no digit"),
        (["01²3"], DIGITS, None, "sequence 0, position 2: '²' is no digit"),
        (["ab", "ac"], LETTERS, None, "sequence 1, position 1: 'c' is none of \"a b\""),
        (["0123", 7], DIGITS, None, "sequence 1: 7 is no string, as others are"),
        ([[0, 1, 2, 10]], DIGITS, None, "sequence 0, position 3: 10 is no token; they are 0 to 9"),
        ([[0, 1, -1, 2]], DIGITS, None, "sequence 0, position 2: -1 is no token; they are 0 to 9"),
        ([[0, 1, 0.5, 2]], DIGITS, None, "sequence 0, position 2: 0.5 is no token; they are 0 to 9"),
        ([[0, 1, float("nan"), 2]], DIGITS, None, "sequence 0, position 2: nan is no token; they are 0 to 9"),
        ([0.5, float("inf"), 1], ONE, None, "sequence 0, position 1: inf is not finite"),
        ("012", ONE, None, "sequence 0: a string, but the task's inputs are real numbers"),
        (np.zeros((2, 3, 4)), TWO, None, r"sequences must have the shape (samples, T, 2), not (2, 3, 4)"),
        (np.zeros((2, 4, 1)), DIGITS, None, r"sequences must have the shape (samples, T), not (2, 4, 1)"),
        ([[{}, {}, {}, {}]], DIGITS, None, "sequences must be numbers, not object"),
        (["0123"], DIGITS, [3], "sequence 0: has 3 positions; the model takes 4"),
        (["0123"], PADDED, [5], "lengths: sequence 0 has 4 positions, not 5"),
        (["0123"], PADDED, [0], "sequence 0: has 0 positions; the model takes 1 to 4"),
        (["0123"], PADDED, [1, 2], "lengths: must be 1 whole numbers, one a sequence"),
        (7, DIGITS, None, "sequences must be an array, a list or strings, not int"),
        (None, DIGITS, None, "sequences must be an array, a list or strings, not NoneType"),
        (np.array(7), DIGITS, None, "sequences must be a batch or one sequence, not of the shape ()"),
        ([0.5, 1], TWO, None, "sequences must be a batch or one sequence, not of the shape (2,)"),
        ([[0, 1, 2, 3], 7], DIGITS, None, "sequence 1: 7 is no sequence, as others are"),
        ([None, [0, 1, 2, 3]], DIGITS, None, "sequence 0: None is no sequence, as others are"),
        (["0123", "0123"], PADDED, [[1], [2, 3]], "lengths: must be 2 whole numbers, one a sequence"),
        (["0123"], PADDED, [1.5], "lengths: must be 1 whole numbers, one a sequence"),
    ],
)
def test_what_the_task_does_not_have_is_refused_in_one_line(
    sequences: Any, inputs: Inputs, lengths: list[int] | None, line: str
) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011  # the whole line is compared
        samples(sequences, inputs, lengths)
    assert str(error.value) == line


def test_tokens_may_be_called_by_their_names() -> None:
    kind, names = Tokens(3, 4, padded=True), ("up", "down", "left", "right")
    named = samples([["right", "up"], ["down"]], kind, names=names)
    assert named.inputs.tolist() == [[3, 0, 0], [1, 0, 0]]
    assert named.lengths.tolist() == [2, 1]
    assert samples(["left", "up"], kind, names=names).inputs.tolist() == [[2, 0, 0]]
    assert samples(np.array([["left", "up"]]), kind, names=names).inputs.tolist() == [[2, 0, 0]]
    assert samples([[2, 0]], kind, names=names).inputs.tolist() == [[2, 0, 0]]
    assert samples(np.array([2, 0]), kind, names=names).inputs.tolist() == [[2, 0, 0]]
    with pytest.raises(ValueError, match=r"^sequence 1, position 0: 'over' is none of up, down, left, right$"):
        samples([["up"], ["over"]], kind, names=names)


def test_numbers_are_encoded_and_padding_stays_0() -> None:
    batch = samples([[1.0, 2.0], [3.0]], Reals(2, padded=True), encode=lambda values: values + 10)
    assert batch.inputs.squeeze(-1).tolist() == [[11, 12], [13, 0]]
