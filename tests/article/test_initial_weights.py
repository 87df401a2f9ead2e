"""Initial weights from the notebook's draws: TensorFlow's Glorot kernels, and an orthogonal one."""

import numpy as np
import pytest

from attnseq.article.initial_weights import TutorialInitializer, tensorflow_glorot_uniform
from attnseq.article.philox import tensorflow_uniform
from attnseq.core.randomness import generator
from attnseq.layers.initializers import orthogonal_from_normal

# tutorial/RECIPE.md: the MLP's attention, hidden and output kernel, then the LSTM's attention, input and output kernel
PUBLISHED = [
    (1313943, (10, 10)),
    (8315069, (10, 10)),
    (7087336, (10, 1)),
    (2006956, (10, 10)),
    (7073026, (10, 256)),
    (7944341, (64, 1)),
]


@pytest.mark.parametrize(("op_seed", "shape"), PUBLISHED)
def test_tensorflow_glorot_is_the_scaled_uniform_draw(op_seed: int, shape: tuple[int, int]) -> None:
    kernel = tensorflow_glorot_uniform(shape, op_seed)
    limit = np.sqrt(6 / sum(shape))
    assert kernel.dtype == np.float32
    assert kernel.shape == shape
    uniform = tensorflow_uniform(shape, op_seed).astype(np.float64)
    np.testing.assert_allclose(kernel, (2 * uniform - 1) * limit, atol=1e-6)
    assert np.abs(kernel).max() <= np.float32(limit)


def test_tutorial_initializer_takes_its_op_seeds_in_order() -> None:
    normal = generator(0, "weights").standard_normal((4, 16))
    init = TutorialInitializer([11, 22], normal)
    np.testing.assert_array_equal(init.glorot_uniform((3, 5)), tensorflow_glorot_uniform((3, 5), 11))
    np.testing.assert_array_equal(init.orthogonal((4, 16)), orthogonal_from_normal(normal))
    np.testing.assert_array_equal(init.glorot_uniform((5, 1)), tensorflow_glorot_uniform((5, 1), 22))
    with pytest.raises(StopIteration):
        init.glorot_uniform((5, 1))


def test_tutorial_initializer_has_no_recurrent_kernel_but_the_one_drawn() -> None:
    normal = generator(0, "weights").standard_normal((4, 16))
    with pytest.raises(ValueError, match=r"\(8, 32\)"):
        TutorialInitializer([], normal).orthogonal((8, 32))
    with pytest.raises(ValueError, match=r"\(4, 16\)"):
        TutorialInitializer([]).orthogonal((4, 16))
