"""What a model is: an ordinary module that knows nothing of populations."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from attnseq.contracts.batch import Batch, Output

Kernel = npt.NDArray[np.float32]


class Initializer(Protocol):
    """Draws kernels, shape (inputs, outputs), one after the other, in the order in which a model builds its layers."""

    def glorot_uniform(self, shape: tuple[int, int]) -> Kernel:
        """Draw a kernel uniform in [-L, L) with L = sqrt(6 / (inputs + outputs))."""

    def orthogonal(self, shape: tuple[int, int]) -> Kernel:
        """Draw a kernel with orthonormal rows, or columns where there are fewer columns than rows."""


class Model(nn.Module):
    """What every model is."""

    any_length: bool = False
    """Whether it takes sequences longer or shorter than those of the spec that it was built for. Where answers grow
    with their inputs, it then gives as many answer positions as `Spec.answer_length` says."""

    truth: Callable[[Batch], Tensor | None] | None = None
    """The task's relevance, BxT, of inputs and lengths alone: what a control is frozen to. It is set where the model of
    a run is built, if its config asks for it (`ModelConfig.needs_truth`)."""

    @property
    def attends(self) -> bool:
        """Whether it has attention; a baseline has none, and its `Output.attention` is empty."""
        return True

    @property
    def takes_weights(self) -> bool:
        """Whether `Batch.weights` replace the weights of its first attention; all else is then computed as always."""
        return False

    @property
    def weighs_positions(self) -> bool:
        """Whether its first attention may weigh two positions of a sample differently; weights of features never do."""
        return True

    def encode(self, batch: Batch) -> Tensor:
        """Encode the inputs as numbers, of which all else is computed: one-hot, scaled or embedded tokens.

        Returns:
            BxTxF, or BxT where a position is one number; 0 at positions that a sample does not have. `Batch.encoded`
            where there are such.

        Raises:
            NotImplementedError: of a model that does not say it; it trains, but attribution cannot look into it.
        """
        raise NotImplementedError

    def forward(self, batch: Batch, training: bool = False) -> Output:
        """Predict the answers of a batch.

        Args:
            batch: inputs, and lengths where they differ; the model encodes the inputs. Only in training there are
                draws, and targets for models fed with them.
            training: whether this is a training step.

        Returns:
            Prediction and attention. A padded position has weight 0 and changes nothing.
        """
        raise NotImplementedError

    def search(self, batch: Batch, beams: int) -> Output:
        """Predict answers in tokens by beam search.

        Args:
            batch: as for `forward`.
            beams: beginnings kept at each step, 1 or more.

        Returns:
            As of `forward`; the logits are 0 for the token that was found, and -inf for others. Extra are the answers'
            log-probabilities in nats, "log_probability", B.

        Raises:
            ValueError: the model does not write its answers token after token.
        """
        raise ValueError("beam: this model does not write its answers token after token; only 1 is allowed")

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        """Draw fresh parameters, by name.

        Args:
            init: draws the kernels; ask it for them in the order in which Keras builds the layers.
        """
        raise NotImplementedError

    def draws(self, batch: Batch) -> Mapping[str, Sequence[int]]:
        """State the random numbers that a training step needs: their shapes by name.

        Each step draws them anew, uniform in (0, 1), and puts them into `Batch.draws`. A draw is a function of the
        run's seed, epoch, step and name.

        Args:
            batch: of one replica.
        """
        return {}
