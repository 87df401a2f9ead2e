"""Two numbers among digits: answers against plain Python, exact relevance, padded digits, and refusals."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnseq.datasets.operands import Operands


@st.composite
def operands_with_digits(draw: st.DrawFn) -> tuple[Operands, list[list[int]]]:
    base = draw(st.integers(2, 10))
    digits = draw(st.integers(1, 4))
    length = draw(st.integers(2 * digits, 2 * digits + 4))
    positions = draw(st.permutations(range(length)))
    operands = Operands(length, base, tuple(positions[:digits]), tuple(positions[digits : 2 * digits]))
    row = st.lists(st.integers(0, base - 1), min_size=length, max_size=length)
    return operands, draw(st.lists(row, min_size=1, max_size=5))


@settings(max_examples=60)
@given(operands_with_digits())
def test_answers_equal_plain_python(case: tuple[Operands, list[list[int]]]) -> None:
    operands, rows = case
    digits_NxT = np.array(rows, dtype=np.uint8)
    a = [int("".join(str(row[p]) for p in operands.left), operands.base) for row in rows]
    b = [int("".join(str(row[p]) for p in operands.right), operands.base) for row in rows]
    expected = [abs(x - y) for x, y in zip(a, b, strict=True)]

    a_N, b_N = operands.operands(digits_NxT)
    assert (a_N.tolist(), b_N.tolist()) == (a, b)
    answers_N = operands.answers(digits_NxT)
    assert answers_N.dtype == np.int64
    assert answers_N.tolist() == expected

    padded_NxK = operands.answer_digits_NxK(digits_NxT)
    assert padded_NxK.dtype == np.uint8
    assert padded_NxK.shape == (len(rows), operands.answer_digits)
    assert [int("".join(map(str, row)), operands.base) for row in padded_NxK.tolist()] == expected


@settings(max_examples=60)
@given(operands_with_digits())
def test_relevance_is_what_a_step_of_a_digit_moves(case: tuple[Operands, list[list[int]]]) -> None:
    operands, _ = case
    zero_1xT = np.zeros((1, operands.length), dtype=np.uint8)
    steps_TxT = zero_1xT + np.eye(operands.length, dtype=np.uint8)
    np.testing.assert_array_equal(operands.answers(steps_TxT) - operands.answers(zero_1xT), operands.relevance)


def test_a_digit_drawn_anew_changes_the_answer_by_less_in_the_same_order() -> None:
    """Of all pairs of operands and all digits: mean change of the answer per mean change of the digit, exactly."""
    numbers_N = np.arange(1000)
    answers_NxN = np.abs(numbers_N[:, None] - numbers_N)
    ratios = []
    for place in Operands().place_values:
        digits_N = numbers_N // place % 10
        changed, moved = 0, 0
        for digit in range(10):
            drawn_N = numbers_N + (digit - digits_N) * place
            changed += int(np.abs(np.abs(drawn_N[:, None] - numbers_N) - answers_NxN).sum())
            moved += int(np.abs(digit - digits_N).sum()) * len(numbers_N)
        ratios.append(Fraction(changed, moved))
    assert ratios == [75, Fraction("9.75"), Fraction(823, 825)]


def test_the_default_is_the_tutorials() -> None:
    operands = Operands()
    assert (operands.answer_digits, operands.scale) == (3, 1000)
    assert operands.relevance.dtype == np.float64
    assert operands.relevance.tolist() == [0, 100, 10, 1, 0, 100, 10, 1, 0, 0]


def test_short_answers_are_padded_on_the_left() -> None:
    digits_1xT = torch.tensor([[0, 1, 2, 3, 0, 1, 1, 9, 0, 0]], dtype=torch.uint8)
    assert Operands().answer_digits_NxK(digits_1xT).tolist() == [[0, 0, 4]]


def test_the_largest_task_is_exact() -> None:
    operands = Operands(18, 10, tuple(range(9)), tuple(range(9, 18)))
    digits_1xT = np.array([[9] * 9 + [0] * 9], dtype=np.uint8)
    assert operands.answers(digits_1xT).tolist() == [10**9 - 1]


def test_lists_become_tuples() -> None:
    operands = Operands(10, 10, [1, 2, 3], [5, 6, 7])  # type: ignore[arg-type]
    assert operands == Operands()
    assert hash(operands) == hash(Operands())


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("left", {"left": (), "right": ()}),
        ("right", {"right": (5, 6)}),
        ("left", {"left": (1, 2, 10)}),
        ("right", {"right": (5, 6, -1)}),
        ("right", {"right": (3, 5, 6)}),
        ("left", {"left": (1, 1, 2)}),
        ("left", {"length": 20, "left": tuple(range(10)), "right": tuple(range(10, 20))}),
    ],
)
def test_bad_values_are_refused_in_one_line_that_names_the_key(key: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^dataset\.{key} [^\n]+$"):
        Operands(**arguments)


def test_digits_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(samples, 10\)"):
        Operands().answers(np.zeros((2, 9), dtype=np.uint8))


def test_positions_are_called_by_what_stands_there() -> None:
    assert Operands().labels[:6] == (
        "0 distractor",
        "1 a hundreds",
        "2 a tens",
        "3 a ones",
        "4 distractor",
        "5 b hundreds",
    )
    assert Operands(5, 4, (1, 0), (3, 4)).labels == ("0 a ones", "1 a 4s", "2 distractor", "3 b 4s", "4 b ones")
