"""Philox-4x32-10 against the published known answers, and TensorFlow's way from words to floats."""

import numpy as np
import pytest

from attnseq.article.philox import philox4x32, tensorflow_uniform

# kat_vectors of Random123, philox4x32 with 10 rounds: counter, key, result
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_known_answers(counter: str, key: str, result: str) -> None:
    key_0, key_1 = words(key)
    out_4x1 = philox4x32(np.array([words(counter)], dtype=np.uint32).T, (key_0, key_1))
    assert out_4x1.dtype == np.uint32
    assert out_4x1[:, 0].tolist() == words(result)


def test_each_column_is_a_counter_of_its_own() -> None:
    counter_4xM = np.array([words(counter) for counter, _, _ in KNOWN_ANSWERS], dtype=np.uint32).T
    out_4xM = philox4x32(counter_4xM, (1, 2))
    for column in range(counter_4xM.shape[1]):
        np.testing.assert_array_equal(out_4xM[:, [column]], philox4x32(counter_4xM[:, [column]], (1, 2)))


def test_floats_are_made_of_the_low_bits_of_consecutive_groups() -> None:
    op_seed, graph_seed = (5 << 32) + 1313943, (7 << 32) + 9
    drawn = tensorflow_uniform((2, 3), op_seed, graph_seed)
    assert drawn.dtype == np.float32
    assert drawn.shape == (2, 3)
    counter_4x2 = np.array([[0, 1], [0, 0], [1313943, 1313943], [5, 5]], dtype=np.uint32)
    expected = (philox4x32(counter_4x2, (9, 7)).T.ravel()[:6] & 0x7FFFFF) / 2**23
    np.testing.assert_array_equal(drawn.ravel(), expected)


def test_a_shorter_draw_is_the_start_of_a_longer_one() -> None:
    np.testing.assert_array_equal(tensorflow_uniform((5,), 3), tensorflow_uniform((10, 10), 3).ravel()[:5])


def test_numbers_are_uniform_and_depend_on_the_seed() -> None:
    drawn = tensorflow_uniform((10_000,), 1313943)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 0.015
    assert not np.array_equal(drawn, tensorflow_uniform((10_000,), 8315069))
