"""Initial weights: Glorot's bounds, orthogonality with Keras' choice of the factor, the forget gate's bias."""

import numpy as np
import pytest

from attnseq.core.randomness import generator
from attnseq.layers.initializers import glorot_uniform, lstm_bias, orthogonal, orthogonal_from_normal


def test_glorot_is_within_its_bounds_and_fills_them() -> None:
    kernel = glorot_uniform((100, 50), generator(0, "weights"))
    limit = np.float32(np.sqrt(6 / 150))
    assert kernel.dtype == np.float32
    assert kernel.shape == (100, 50)
    assert -limit <= kernel.min() < -0.99 * limit
    assert 0.99 * limit < kernel.max() <= limit
    assert abs(kernel.mean()) < 0.05 * limit
    np.testing.assert_array_equal(kernel, glorot_uniform((100, 50), generator(0, "weights")))


@pytest.mark.parametrize("shape", [(8, 32), (32, 8), (8, 8)])
def test_orthogonal_is_orthonormal_along_the_shorter_side(shape: tuple[int, int]) -> None:
    kernel = orthogonal(shape, generator(0, "weights"))
    assert kernel.dtype == np.float32
    assert kernel.shape == shape
    product = kernel @ kernel.T if shape[0] <= shape[1] else kernel.T @ kernel
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-6)


def test_orthogonal_takes_the_factor_that_keras_takes() -> None:
    normal = generator(0, "weights").standard_normal((3, 12))
    left, values, right = np.linalg.svd(normal, full_matrices=False)
    np.testing.assert_array_equal(orthogonal_from_normal(normal), right.astype(np.float32))
    np.testing.assert_allclose(left * values @ orthogonal_from_normal(normal), normal, atol=1e-5)
    # a square one takes the left factor
    square = normal[:, :3]
    np.testing.assert_array_equal(orthogonal_from_normal(square), np.linalg.svd(square)[0].astype(np.float32))


def test_only_the_forget_gate_has_a_bias() -> None:
    assert lstm_bias(2).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    assert lstm_bias(2).dtype == np.float32
