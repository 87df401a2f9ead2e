"""The notebook's own run: everything random in it, replayed from its one legacy stream (`tutorial/RECIPE.md`).

The notebook draws, in this order: three op seeds for the MLP's kernels, the digits, a shuffle before each of ten
epochs, the LSTM's op seeds and recurrent kernel, and a shuffle before each of its epochs. Here each of these can be
asked for in any order, again and again.

Shape suffixes: N samples, T positions, H hidden units, G = 4 H gate inputs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from attnseq.datasets.abs_difference import uniform_digits
from attnseq.datasets.config import DATASETS, DatasetConfig
from attnseq.datasets.dataset import Dataset, label
from attnseq.datasets.task import AbsDifference

TUTORIAL_SEED = 1337
TUTORIAL_SAMPLES = 300_000

# the LSTM was built after the MLP had trained for so many epochs, each with a shuffle
MLP_EPOCHS = 10

# `randint(10e6)` in Keras' TensorFlow backend
_OP_SEEDS = 10_000_000

_SAMPLES_AT_ONCE = 4096


class LstmDraws(NamedTuple):
    """What the initial weights of the LSTM model are made from.

    Args:
        attention_op_seed: TensorFlow op seed of the attention kernel; None for a model without attention.
        input_op_seed: that of the LSTM's input kernel.
        recurrent_normal_HxG: float64, standard normal; the recurrent kernel is its thin SVD factor.
        output_op_seed: that of the output kernel.
    """

    attention_op_seed: int | None
    input_op_seed: int
    recurrent_normal_HxG: npt.NDArray[np.float64]
    output_op_seed: int


class TutorialStream:
    """The legacy stream of the notebook, `numpy.random.RandomState(1337)`, replayed piece by piece.

    Args:
        seed: of the legacy stream, 0 to 2**32 - 1; the notebook's is 1337.
        samples: N, sequences drawn, 1 or more; the notebook's 300,000. All that comes after the digits depends on it.
        length: T, digits of a sequence.

    Source: `tutorial/tutorial.txt` (Keras 2.2 on TensorFlow 1.x), by `tutorial/RECIPE.md`.
    """

    mlp_op_seeds: tuple[int, int, int]
    """TensorFlow op seeds of the MLP's kernels: attention, hidden, output."""

    digits_NxT: npt.NDArray[np.uint8]
    """The sequences, digits 0 to 9; the first rows do not depend on N."""

    def __init__(self, seed: int = TUTORIAL_SEED, samples: int = TUTORIAL_SAMPLES, length: int = 10) -> None:
        self.samples = samples
        stream = np.random.RandomState(seed)
        self.mlp_op_seeds = (_op_seed(stream), _op_seed(stream), _op_seed(stream))
        self.digits_NxT = np.empty((samples, length), np.uint8)
        for first in range(0, samples, _SAMPLES_AT_ONCE):  # what is drawn takes eight times the memory
            rows = self.digits_NxT[first : first + _SAMPLES_AT_ONCE]
            # int64 must be asked for: narrower types draw from the stream in another way
            rows[...] = stream.randint(0, 10, size=rows.shape, dtype=np.int64)
        self._after_digits = stream.get_state()

    def mlp_orders(self) -> Iterator[npt.NDArray[np.int32]]:
        """The order of the samples in each epoch of the MLP, the first ten as published.

        Returns:
            An endless iterator over epochs; int32 of shape N, a permutation: one array, which the next epoch shuffles.
        """
        return _orders(self._resume(self._after_digits), self.samples)

    def lstm_draws(self, hidden_size: int = 64, attention: bool = True) -> LstmDraws:
        """What the LSTM model draws for its weights, after the ten epochs of the MLP.

        Args:
            hidden_size: H, 1 or more; the notebook's 64.
            attention: whether the model has an attention kernel, which takes a draw of its own.
        Returns:
            Op seeds and the normal matrix.
        """
        return self._draw_lstm(self._resume(self._after_mlp), hidden_size, attention)

    def lstm_orders(self, hidden_size: int = 64, attention: bool = True) -> Iterator[npt.NDArray[np.int32]]:
        """The order of the samples in each epoch of the LSTM, after its weights were drawn.

        Args:
            hidden_size: H, 1 or more; it says how many numbers the weights took.
            attention: whether the model has an attention kernel, for the same reason.
        Returns:
            An endless iterator over epochs; int32 of shape N, a permutation: one array, which the next epoch shuffles.
        """
        stream = self._resume(self._after_mlp)
        self._draw_lstm(stream, hidden_size, attention)
        return _orders(stream, self.samples)

    @cached_property
    def _after_mlp(self) -> Any:
        stream = self._resume(self._after_digits)
        for _ in islice(_orders(stream, self.samples), MLP_EPOCHS):
            pass
        return stream.get_state()

    @staticmethod
    def _resume(state: Any) -> np.random.RandomState:
        stream = np.random.RandomState()
        stream.set_state(state)
        return stream

    @staticmethod
    def _draw_lstm(stream: np.random.RandomState, hidden_size: int, attention: bool) -> LstmDraws:
        attention_op_seed = _op_seed(stream) if attention else None
        input_op_seed = _op_seed(stream)
        recurrent_normal_HxG = stream.normal(0.0, 1.0, (hidden_size, 4 * hidden_size))
        return LstmDraws(attention_op_seed, input_op_seed, recurrent_normal_HxG, _op_seed(stream))


def tutorial(
    train_size: int = TUTORIAL_SAMPLES,
    validation_size: int = 10_000,
    test_size: int = 10_000,
    seed: int = TUTORIAL_SEED,
) -> Dataset:
    """The notebook's own samples to train on, and held-out ones of which the notebook had none.

    Args:
        train_size: the first so many rows of the notebook's stream, 1 or more; the notebook's 300,000.
        validation_size: samples from a stream of their own, 1 or more, so that nothing of the published run moves.
        test_size: the same, from another stream.
        seed: of the legacy stream and, by other purposes, of the held-out ones; the notebook's is 1337.
    Returns:
        The dataset, on the CPU; the same on every platform.

    Source: `tutorial/tutorial.txt`, by `tutorial/RECIPE.md`.
    """
    task = AbsDifference()
    return Dataset(
        "tutorial",
        task,
        train=label(task, TutorialStream(seed, train_size, task.length).digits_NxT),
        validation=label(task, uniform_digits(task, validation_size, seed, "tutorial/validation")),
        test=label(task, uniform_digits(task, test_size, seed, "tutorial/test")),
    )


@DATASETS.register("tutorial")
@dataclass
class TutorialConfig(DatasetConfig):
    """`conf/dataset/tutorial.yaml`."""

    def build(self) -> Dataset:
        return tutorial(self.train_size, self.validation_size, self.test_size, self.seed)


def _orders(stream: np.random.RandomState, samples: int) -> Iterator[npt.NDArray[np.int32]]:
    index_N = np.arange(samples, dtype=np.int32)
    shown_N = index_N.view()
    shown_N.flags.writeable = False  # the next epoch is made of this one
    while True:
        stream.shuffle(index_N)
        yield shown_N


def _op_seed(stream: np.random.RandomState) -> int:
    return int(stream.randint(_OP_SEEDS, dtype=np.int64))
