"""Fresh weights: drawn from the run's own generator; those of one affine layer."""

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from attnseq.core.randomness import generator
from attnseq.layers import initializers
from attnseq.layers.weights import KerasInitializer, dense_parameters


def test_keras_initializer_draws_one_kernel_after_the_other_from_its_generator() -> None:
    init, rng = KerasInitializer(generator(3, "weights")), generator(3, "weights")
    np.testing.assert_array_equal(init.glorot_uniform((4, 6)), initializers.glorot_uniform((4, 6), rng))
    np.testing.assert_array_equal(init.orthogonal((4, 16)), initializers.orthogonal((4, 16), rng))
    np.testing.assert_array_equal(init.glorot_uniform((4, 6)), initializers.glorot_uniform((4, 6), rng))


def test_keras_initializer_draws_afresh_every_time() -> None:
    init = KerasInitializer(generator(3, "weights"))
    assert not np.array_equal(init.glorot_uniform((4, 6)), init.glorot_uniform((4, 6)))
    assert not np.array_equal(init.orthogonal((4, 16)), init.orthogonal((4, 16)))


class Counting:
    """An initializer whose kernels count up, so that a transposition shows."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, int]] = []

    def glorot_uniform(self, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
        self.shapes.append(shape)
        return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)

    def orthogonal(self, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
        raise AssertionError(f"an affine layer has no orthogonal kernel {shape}")


def test_kernel_is_drawn_in_keras_orientation_and_kept_in_pytorchs() -> None:
    layer, init = nn.Linear(2, 3), Counting()
    weight_before = layer.weight.clone()
    parameters = dict(dense_parameters("block.score", layer, init))
    assert init.shapes == [(2, 3)]
    assert list(parameters) == ["block.score.weight", "block.score.bias"]
    assert parameters["block.score.weight"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert parameters["block.score.weight"].is_contiguous()
    assert parameters["block.score.bias"].tolist() == [0, 0, 0]
    assert torch.equal(layer.weight, weight_before)


def test_loaded_into_the_layer_it_computes_what_keras_would() -> None:
    layer, init = nn.Linear(2, 3), Counting()
    layer.load_state_dict({name.removeprefix("x."): value for name, value in dense_parameters("x", layer, init)})
    inputs = np.array([[1.0, -2.0]], dtype=np.float32)
    expected = inputs @ init.glorot_uniform((2, 3))  # Keras: x K + b
    np.testing.assert_array_equal(layer(torch.from_numpy(inputs)).detach().numpy(), expected)
