"""The notebook's own run: all that is random in it, replayed from its single legacy stream (`tutorial/RECIPE.md`).

The notebook draws, in this order: three op seeds for the MLP's kernels, the digits, a shuffle before each of ten
epochs, the LSTM's op seeds and recurrent kernel, and a shuffle before each of its epochs. Here each of these can be had
in any order, any number of times.

Shape suffixes: N samples, T positions, H hidden units, G = 4 H gate inputs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from attnseq.datasets.abs_difference import AbsDifference
from attnseq.datasets.config import DATASETS, NoisyDatasetConfig
from attnseq.datasets.digits import Digits, uniform_digits
from attnseq.datasets.operands import Operands

TUTORIAL_SEED = 1337
TUTORIAL_SAMPLES = 300_000

# the notebook built the LSTM after the MLP had trained for so many epochs, each with a shuffle
MLP_EPOCHS = 10

# Keras' TensorFlow backend calls `randint(10e6)`
_OP_SEEDS = 10_000_000

_SAMPLES_AT_ONCE = 4096


class LstmDraws(NamedTuple):
    """The draws from which the initial weights of the LSTM model are made.

    Args:
        attention_op_seed: TensorFlow op seed of the attention kernel; None for a model without attention.
        input_op_seed: op seed of the LSTM's input kernel.
        recurrent_normal_HxG: float64, standard normal; the recurrent kernel is its thin SVD factor.
        output_op_seed: op seed of the output kernel.
    """

    attention_op_seed: int | None
    input_op_seed: int
    recurrent_normal_HxG: npt.NDArray[np.float64]
    output_op_seed: int


class TutorialStream:
    """The legacy stream of the notebook, `numpy.random.RandomState(1337)`, replayed piece by piece.

    Args:
        seed: of the legacy stream, 0 to 2**32 - 1; the notebook's is 1337.
        samples: N, sequences to draw, 1 or more; the notebook's 300,000. All draws after the digits depend on it.
        length: T, digits of a sequence.
    Raises:
        ValueError: the seed or the number of samples is out of range; one line that names the key.

    Source: `tutorial/tutorial.txt` (Keras 2.2 on TensorFlow 1.x), by `tutorial/RECIPE.md`.
    """

    mlp_op_seeds: tuple[int, int, int]
    """TensorFlow op seeds of the MLP's kernels: attention, hidden, output."""

    digits_NxT: npt.NDArray[np.uint8]
    """The sequences, digits 0 to 9; the first rows do not depend on N."""

    def __init__(self, seed: int = TUTORIAL_SEED, samples: int = TUTORIAL_SAMPLES, length: int = 10) -> None:
        if not 0 <= seed < 2**32:
            raise ValueError(f"dataset.seed must be 0 to {2**32 - 1} for the tutorial, not {seed}")
        if samples < 1:
            raise ValueError(f"dataset.train_size must be 1 or more, not {samples}")
        self.samples = samples
        stream = np.random.RandomState(seed)
        self.mlp_op_seeds = (_op_seed(stream), _op_seed(stream), _op_seed(stream))
        self.digits_NxT = np.empty((samples, length), np.uint8)
        for first in range(0, samples, _SAMPLES_AT_ONCE):  # in parts, since int64 takes eight times the memory
            rows = self.digits_NxT[first : first + _SAMPLES_AT_ONCE]
            # ask for int64: narrower types draw from the stream in another way
            rows[...] = stream.randint(0, 10, size=rows.shape, dtype=np.int64)
        self._after_digits = stream.get_state()

    def mlp_orders(self) -> Iterator[npt.NDArray[np.int32]]:
        """Replay the order of the samples in each epoch of the MLP; the first ten are the published run's.

        Returns:
            An endless iterator over epochs; int32 of shape N, a permutation: one array, which the next epoch shuffles.
        """
        return _orders(self._resume(self._after_digits), self.samples)

    def lstm_draws(self, hidden_size: int = 64, attention: bool = True) -> LstmDraws:
        """Replay what the LSTM model draws for its weights, after the ten epochs of the MLP.

        Args:
            hidden_size: H, 1 or more; the notebook's 64.
            attention: whether the model has an attention kernel, which takes a draw of its own.
        Returns:
            Op seeds and the normal matrix.
        """
        return self._draw_lstm(self._resume(self._after_mlp), hidden_size, attention)

    def lstm_orders(self, hidden_size: int = 64, attention: bool = True) -> Iterator[npt.NDArray[np.int32]]:
        """Replay the order of the samples in each epoch of the LSTM, after its weights were drawn.

        Args:
            hidden_size: H, 1 or more; it decides how many numbers the weights took from the stream.
            attention: whether the model has an attention kernel; needed for the same reason.
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


@DATASETS.register("tutorial")
@dataclass
class TutorialConfig(NoisyDatasetConfig):
    """`conf/dataset/tutorial.yaml`: the notebook's own samples, and held-out samples, which the notebook lacks.

    Training samples are the first rows of the notebook's stream. Validation and test come from streams of their own, so
    that the published run stays the same.

    Source: `tutorial/tutorial.txt`, by `tutorial/RECIPE.md`.
    """

    init: ClassVar[str] = "tutorial"
    order: ClassVar[str] = "tutorial"

    @property
    def words(self) -> str:
        return "the article's task"

    def build(self) -> AbsDifference:
        return AbsDifference(Operands(), self._draw)

    def _draw(self) -> list[Digits]:
        operands = Operands()
        return [
            TutorialStream(self.seed, self.train_size, operands.length).digits_NxT,
            uniform_digits(operands, self.validation_size, self.seed, "tutorial/validation"),
            uniform_digits(operands, self.test_size, self.seed, "tutorial/test"),
        ]


def _orders(stream: np.random.RandomState, samples: int) -> Iterator[npt.NDArray[np.int32]]:
    index_N = np.arange(samples, dtype=np.int32)
    shown_N = index_N.view()
    shown_N.flags.writeable = False  # protected, since the next epoch shuffles this one
    while True:
        stream.shuffle(index_N)
        yield shown_N


def _op_seed(stream: np.random.RandomState) -> int:
    return int(stream.randint(_OP_SEEDS, dtype=np.int64))
