"""What every model gives: its output, and fresh parameters.

Shapes: B batch, T positions, D digit values.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from attnseq.models.weights import Initializer


class ModelOutput(NamedTuple):
    """A model's prediction_B in [0, 1], and its attention: attention_BxT, or attention_BxTxD where features differ."""

    prediction: Tensor
    attention: Tensor


class Model(Protocol):
    """What the training needs of an `nn.Module`; it knows nothing of populations."""

    def __call__(self, digits_BxT: Tensor) -> ModelOutput: ...

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]: ...


def dense_parameters(name: str, layer: nn.Linear, init: Initializer) -> Iterator[tuple[str, Tensor]]:
    """Fresh parameters of one affine layer as Keras' Dense has them: Glorot-uniform kernel, zero bias.

    Args:
        name: the layer's name in its model.
        layer: gives the shapes; it is not changed.
        init: draws the kernel in Keras' orientation (inputs, outputs); PyTorch keeps it transposed.

    Returns:
        (parameter name, value) of weight and bias.
    """
    kernel = init.glorot_uniform((layer.in_features, layer.out_features))
    yield f"{name}.weight", torch.from_numpy(kernel.T.copy())
    yield f"{name}.bias", torch.zeros(layer.out_features)
