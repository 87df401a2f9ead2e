"""Tasks whose answer repeats the tokens of the input in another order: the alignment is known exactly.

Shapes: N samples, B batch, T positions, K = T + 1 answer positions, one of which the end symbol takes.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from attnseq.contracts.batch import NO_TOKEN, Batch
from attnseq.contracts.spec import Spec, Tokens
from attnseq.core.keys import key
from attnseq.core.randomness import generator
from attnseq.datasets.config import LengthsConfig
from attnseq.datasets.drawn import DrawnTask

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Rearranged(DrawnTask):
    """Sequences of tokens, and the same tokens in another order. Lengths are uniform in 1 to T, padding is token 0.

    An answer ends with a symbol of its own, token D, which depends on no token of the input.

    Args:
        length: T, of the longest.
        vocabulary: D, tokens, which are independent and uniform; answers have one more.
        sizes: samples of train, validation and test, each from a stream of its own.
        seed: 0 or more.
        test_lengths: of further test samples.
    """

    name: ClassVar[str]
    """Of the task, which decides its streams."""
    any_length: ClassVar[bool] = True

    length: int
    vocabulary: int
    sizes: tuple[int, int, int]
    seed: int
    test_lengths: tuple[int, ...] = ()

    @abstractmethod
    def source(self, positions_T: Tensor, lengths_Bx1: Tensor) -> Tensor:
        """Find source_BxT, the position that each of the first T answer positions repeats.

        Args:
            positions_T: 0 to T - 1.
            lengths_Bx1: of the sequences; what is returned at positions that a sequence does not have is not looked at.
        """

    @property
    def spec(self) -> Spec:
        inputs = Tokens(self.length, self.vocabulary, padded=True)
        target = Tokens(self.length + 1, self.vocabulary + 1, padded=True, end=True)
        return Spec(inputs, target, grows=True)

    def relevance(self, batch: Batch) -> Tensor:
        """Compute relevance_BxKxT: 1 for the position whose token an answer position repeats; 0 elsewhere."""
        import torch

        repeated_BxTxT = self._source(batch).unsqueeze(-1) == self._positions(batch)
        relevance_BxTxT = (repeated_BxTxT & self._present(batch).unsqueeze(-1)).double()
        return torch.nn.functional.pad(relevance_BxTxT, (0, 0, 0, 1))

    def expected_change(self, batch: Batch) -> Tensor:
        """Return how likely each token of the answer becomes another one: 1 - 1 / D where it is repeated from."""
        return self.relevance(batch) * (1 - 1 / self.vocabulary)

    def answers(self, batch: Batch) -> Tensor:
        import torch

        assert batch.lengths is not None
        source_BxT = self._source(batch).clamp(0, batch.inputs.shape[1] - 1)
        tokens_BxT = batch.inputs.to(torch.int32).gather(1, source_BxT)
        answers_BxT = tokens_BxT.masked_fill(~self._present(batch), NO_TOKEN)
        answers_BxK = torch.nn.functional.pad(answers_BxT, (0, 1), value=NO_TOKEN)
        return answers_BxK.scatter(1, batch.lengths.long().unsqueeze(-1), self.vocabulary)

    def draw(self, name: str, size: int) -> Batch:
        # lengths and tokens from streams of their own, so that the first rows do not depend on how many there are
        lengths = generator(self.seed, f"data/{self.name}/{name}/lengths")
        return self._samples(name, lengths.integers(1, self.length + 1, size, np.int32), self.length)

    def draw_length(self, length: int, size: int) -> Batch:
        return self._samples(f"test@{length}", np.full(size, length, np.int32), length)

    def _samples(self, name: str, lengths_N: np.ndarray, longest: int) -> Batch:
        """Draw the tokens of sequences; they are padded to T, or to the longest where that is longer."""
        import torch

        from attnseq.contracts.examples import token_type

        tokens = generator(self.seed, f"data/{self.name}/{name}/tokens")
        tokens_NxT = tokens.integers(0, self.vocabulary, (len(lengths_N), longest), np.int64)
        padded_NxT = np.pad(tokens_NxT, ((0, 0), (0, max(0, self.length - longest))))
        batch = Batch(torch.from_numpy(padded_NxT), lengths=torch.from_numpy(lengths_N))
        inputs = (batch.inputs * self._present(batch)).to(token_type(Tokens(self.length, self.vocabulary)))
        return Batch(inputs, self.answers(batch), batch.lengths)

    def _source(self, batch: Batch) -> Tensor:
        assert batch.lengths is not None
        return self.source(self._positions(batch), batch.lengths.unsqueeze(-1))

    def _present(self, batch: Batch) -> Tensor:
        """Tell which positions, and so answer positions before the end symbol, a sample has: present_BxT."""
        assert batch.lengths is not None
        return self._positions(batch) < batch.lengths.unsqueeze(-1)

    def _positions(self, batch: Batch) -> Tensor:
        import torch

        return torch.arange(batch.inputs.shape[1], device=batch.inputs.device)


@dataclass
class RearrangedConfig(LengthsConfig):
    """What the datasets of rearranged tokens have."""

    length: int = key("T, tokens of the longest sequence; lengths are uniform from 1", low=1, high=10_000)
    vocabulary: int = key("D, tokens are 0 to vocabulary - 1", low=2, high=65_536)
