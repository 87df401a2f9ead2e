"""Initializers: the run's own generator, and the notebook's draws."""

import numpy as np
import pytest

from attnseq.core.randomness import generator
from attnseq.layers import initializers
from attnseq.layers.weights import KerasInitializer, TutorialInitializer


def test_keras_initializer_draws_one_kernel_after_the_other_from_its_generator() -> None:
    init, rng = KerasInitializer(generator(3, "weights")), generator(3, "weights")
    np.testing.assert_array_equal(init.glorot_uniform((4, 6)), initializers.glorot_uniform((4, 6), rng))
    np.testing.assert_array_equal(init.orthogonal((4, 16)), initializers.orthogonal((4, 16), rng))
    np.testing.assert_array_equal(init.glorot_uniform((4, 6)), initializers.glorot_uniform((4, 6), rng))


def test_keras_initializer_draws_afresh_every_time() -> None:
    init = KerasInitializer(generator(3, "weights"))
    assert not np.array_equal(init.glorot_uniform((4, 6)), init.glorot_uniform((4, 6)))
    assert not np.array_equal(init.orthogonal((4, 16)), init.orthogonal((4, 16)))


def test_tutorial_initializer_takes_its_op_seeds_in_order() -> None:
    normal = generator(0, "weights").standard_normal((4, 16))
    init = TutorialInitializer([11, 22], normal)
    np.testing.assert_array_equal(init.glorot_uniform((3, 5)), initializers.tensorflow_glorot_uniform((3, 5), 11))
    np.testing.assert_array_equal(init.orthogonal((4, 16)), initializers.orthogonal_from_normal(normal))
    np.testing.assert_array_equal(init.glorot_uniform((5, 1)), initializers.tensorflow_glorot_uniform((5, 1), 22))
    with pytest.raises(StopIteration):
        init.glorot_uniform((5, 1))


def test_tutorial_initializer_has_no_recurrent_kernel_but_the_one_drawn() -> None:
    normal = generator(0, "weights").standard_normal((4, 16))
    with pytest.raises(ValueError, match=r"\(8, 32\)"):
        TutorialInitializer([], normal).orthogonal((8, 32))
    with pytest.raises(ValueError, match=r"\(4, 16\)"):
        TutorialInitializer([]).orthogonal((4, 16))
