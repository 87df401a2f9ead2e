"""What a model is: an ordinary module that knows nothing of populations."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from attnseq.contracts.batch import Batch, Output

Kernel = npt.NDArray[np.float32]


class Initializer(Protocol):
    """Draws kernels one after the other, in the order in which the model builds its layers; (inputs, outputs)."""

    def glorot_uniform(self, shape: tuple[int, int]) -> Kernel:
        """Uniform in [-L, L) with L = sqrt(6 / (inputs + outputs))."""

    def orthogonal(self, shape: tuple[int, int]) -> Kernel:
        """With orthonormal rows, or columns where there are fewer of them."""


class Model(nn.Module):
    """What every model is."""

    def forward(self, batch: Batch, training: bool = False) -> Output:
        """Predict.

        Args:
            batch: inputs, and lengths where they differ; the model encodes the inputs itself. Only in training has it
                draws, and targets, for models that are fed them.
            training: whether a step is taken.

        Returns:
            Prediction and attention. A padded position has weight 0 and changes nothing.
        """
        raise NotImplementedError

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        """Fresh parameters by name.

        Args:
            init: draws the kernels, which are asked for in the order in which Keras builds the layers.
        """
        raise NotImplementedError

    def draws(self, batch: Batch) -> Mapping[str, Sequence[int]]:
        """Random numbers that a training step needs: shapes by name.

        Each is filled with numbers uniform in (0, 1), anew in each step, and stands in `Batch.draws`; it is a function
        of the run's seed, epoch, step and name.

        Args:
            batch: of one replica.
        """
        return {}
