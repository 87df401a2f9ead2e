"""What every model gives: its output, and fresh parameters.

Shapes: B batch, T positions, D digit values.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnseq.layers.weights import Initializer


class ModelOutput(NamedTuple):
    """A model's prediction_B in [0, 1], and its attention: attention_BxT, or attention_BxTxD where features differ."""

    prediction: Tensor
    attention: Tensor


class Model(nn.Module):
    """What every model is: an ordinary module that knows nothing of populations, and draws its own fresh parameters."""

    def forward(self, digits_BxT: Tensor) -> ModelOutput:
        """Predict.

        Args:
            digits_BxT: uint8; the model encodes them itself.

        Returns:
            Prediction and attention.
        """
        raise NotImplementedError

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        """Fresh parameters by name; kernels are drawn in the order in which Keras builds the layers.

        Args:
            init: draws the kernels.
        """
        raise NotImplementedError


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
