"""`model.init=tutorial`: initial weights as TensorFlow made them from Keras' draws of the notebook's legacy stream.

Kernels have Keras' orientation, (inputs, outputs).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from attnseq.article.philox import tensorflow_uniform
from attnseq.layers.initializers import orthogonal_from_normal, scale_uniform

Kernel = npt.NDArray[np.float32]


class TutorialInitializer:
    """Draws the kernels of a model in the order of its layers.

    Args:
        op_seeds: one for each Glorot kernel.
        recurrent_normal: standard normal matrix that becomes the recurrent kernel; None for a model without one.
    """

    def __init__(self, op_seeds: Sequence[int], recurrent_normal: npt.NDArray[np.float64] | None = None):
        self._op_seeds = iter(op_seeds)
        self._recurrent_normal = recurrent_normal

    def glorot_uniform(self, shape: tuple[int, int]) -> Kernel:
        return tensorflow_glorot_uniform(shape, next(self._op_seeds))

    def orthogonal(self, shape: tuple[int, int]) -> Kernel:
        if self._recurrent_normal is None or self._recurrent_normal.shape != shape:
            raise ValueError(f"no recurrent matrix of shape {shape} was drawn")
        return orthogonal_from_normal(self._recurrent_normal)


def tensorflow_glorot_uniform(shape: tuple[int, int], op_seed: int) -> Kernel:
    """Make the Glorot-uniform kernel that Keras 2 on TensorFlow 1.x makes from an op seed, bit for bit.

    Args:
        shape: (inputs, outputs).
        op_seed: what Keras drew with `randint(10e6)`.
    Returns:
        float32 of that shape.

    Source: `tutorial/RECIPE.md`.
    """
    return scale_uniform(tensorflow_uniform(shape, op_seed))
