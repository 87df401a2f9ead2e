"""Fresh parameters of one affine layer."""

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from attnseq.models.model import dense_parameters


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
