"""Fresh weights: Keras' distributions, drawn from the run's seed, and the parameters of layers.

Kernels have Keras' orientation, (inputs, outputs).
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from attnseq.contracts.model import Initializer, Kernel
from attnseq.layers import initializers
from attnseq.layers.lstm import LSTM


class KerasInitializer:
    """Keras' distributions, drawn from a generator.

    Args:
        rng: of the run, for its weights alone.
    """

    def __init__(self, rng: np.random.Generator):
        self._rng = rng

    def glorot_uniform(self, shape: tuple[int, int]) -> Kernel:
        return initializers.glorot_uniform(shape, self._rng)

    def orthogonal(self, shape: tuple[int, int]) -> Kernel:
        return initializers.orthogonal(shape, self._rng)


def lstm_parameters(name: str, layer: LSTM, init: Initializer) -> Iterator[tuple[str, Tensor]]:
    """Draw fresh parameters of one LSTM layer as Keras has them: Glorot-uniform kernel, orthogonal recurrent kernel.

    The bias is zero, and one for the forget gate.

    Args:
        name: the layer's name in its model.
        layer: gives the shapes; it is not changed.
        init: draws the kernels.

    Returns:
        (parameter name, value) of kernel, recurrent kernel and bias.
    """
    (inputs, gates), units = layer.kernel.shape, len(layer.recurrent_kernel)
    yield f"{name}.kernel", torch.from_numpy(init.glorot_uniform((inputs, gates)))
    yield f"{name}.recurrent_kernel", torch.from_numpy(init.orthogonal((units, gates)))
    yield f"{name}.bias", torch.from_numpy(initializers.lstm_bias(units))


def dense_parameters(name: str, layer: nn.Linear, init: Initializer) -> Iterator[tuple[str, Tensor]]:
    """Draw fresh parameters of one affine layer as Keras' Dense has them: Glorot-uniform kernel, zero bias.

    Args:
        name: the layer's name in its model.
        layer: gives the shapes; it is not changed.
        init: draws the kernel in Keras' orientation (inputs, outputs); PyTorch keeps it transposed.

    Returns:
        (parameter name, value) of weight and bias, if it has one.
    """
    kernel = init.glorot_uniform((layer.in_features, layer.out_features))
    yield f"{name}.weight", torch.from_numpy(kernel.T.copy())
    if layer.bias is not None:
        yield f"{name}.bias", torch.zeros(layer.out_features)
