"""Where a model's fresh weights come from: the run's seed, or the notebook's own stream.

Kernels have Keras' orientation, (inputs, outputs).
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from attnseq.layers import initializers

Kernel = npt.NDArray[np.float32]


class Initializer(Protocol):
    """Draws kernels one after the other, in the order in which the model builds its layers."""

    def glorot_uniform(self, shape: tuple[int, int]) -> Kernel: ...

    def orthogonal(self, shape: tuple[int, int]) -> Kernel: ...


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


class TutorialInitializer:
    """Kernels as TensorFlow made them of what Keras drew from the notebook's legacy stream.

    Args:
        op_seeds: one a Glorot kernel, in the order of the layers.
        recurrent_normal: standard normal matrix of which the recurrent kernel is made; None for a model without one.
    """

    def __init__(self, op_seeds: Sequence[int], recurrent_normal: npt.NDArray[np.float64] | None = None):
        self._op_seeds = iter(op_seeds)
        self._recurrent_normal = recurrent_normal

    def glorot_uniform(self, shape: tuple[int, int]) -> Kernel:
        return initializers.tensorflow_glorot_uniform(shape, next(self._op_seeds))

    def orthogonal(self, shape: tuple[int, int]) -> Kernel:
        if self._recurrent_normal is None or self._recurrent_normal.shape != shape:
            raise ValueError(f"no recurrent matrix of shape {shape} was drawn")
        return initializers.orthogonal_from_normal(self._recurrent_normal)
