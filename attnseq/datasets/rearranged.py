"""Tasks whose answer repeats the tokens of the input in another order: the alignment is known exactly.

Shapes: N samples, B batch, T positions, K = T answer positions.
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
from attnseq.datasets.config import DatasetConfig
from attnseq.datasets.drawn import DrawnTask

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Rearranged(DrawnTask):
    """Sequences of tokens, and the same tokens in another order. Lengths are uniform in 1 to T, padding is token 0.

    Args:
        length: T, of the longest.
        vocabulary: D, tokens, which are independent and uniform.
        sizes: samples of train, validation and test, each from a stream of its own.
        seed: 0 or more.
    """

    name: ClassVar[str]
    """Of the task, which decides its streams."""

    length: int
    vocabulary: int
    sizes: tuple[int, int, int]
    seed: int

    @abstractmethod
    def source(self, positions_K: Tensor, lengths_Bx1: Tensor) -> Tensor:
        """Find source_BxK, the position that each answer position repeats.

        Args:
            positions_K: 0 to T - 1.
            lengths_Bx1: of the sequences; what is returned at positions that a sequence does not have is not looked at.
        """

    @property
    def spec(self) -> Spec:
        tokens = Tokens(self.length, self.vocabulary, padded=True)
        return Spec(tokens, tokens)

    def relevance(self, batch: Batch) -> Tensor:
        """Compute relevance_BxKxT: 1 for the position whose token an answer position repeats; 0 elsewhere."""
        positions_T = self._positions(batch)
        repeated_BxKxT = self._source(batch).unsqueeze(-1) == positions_T
        return (repeated_BxKxT & self._present(batch).unsqueeze(-1)).double()

    def answers(self, batch: Batch) -> Tensor:
        import torch

        source_BxK = self._source(batch).clamp(0, self.length - 1)
        targets_BxK = batch.inputs.long().gather(1, source_BxK)
        return targets_BxK.masked_fill(~self._present(batch), NO_TOKEN).to(torch.int32)

    def draw(self, name: str, size: int) -> Batch:
        import torch

        from attnseq.contracts.examples import token_type

        # from streams of their own, so that the first rows do not depend on how many there are
        stream = f"data/{self.name}/{name}"
        lengths_N = generator(self.seed, f"{stream}/lengths").integers(1, self.length + 1, size, np.int32)
        tokens = generator(self.seed, f"{stream}/tokens")
        tokens_NxT = tokens.integers(0, self.vocabulary, (size, self.length), np.int64)
        batch = Batch(torch.from_numpy(tokens_NxT), lengths=torch.from_numpy(lengths_N))
        inputs = (batch.inputs * self._present(batch)).to(token_type(Tokens(self.length, self.vocabulary)))
        return Batch(inputs, self.answers(batch), batch.lengths)

    def _source(self, batch: Batch) -> Tensor:
        assert batch.lengths is not None
        return self.source(self._positions(batch), batch.lengths.unsqueeze(-1))

    def _present(self, batch: Batch) -> Tensor:
        """Tell which answer positions, and so positions, a sample has: present_BxT."""
        assert batch.lengths is not None
        return self._positions(batch) < batch.lengths.unsqueeze(-1)

    def _positions(self, batch: Batch) -> Tensor:
        import torch

        return torch.arange(self.length, device=batch.inputs.device)


@dataclass
class RearrangedConfig(DatasetConfig):
    """What the datasets of rearranged tokens have."""

    length: int = key("T, tokens of the longest sequence; lengths are uniform from 1", low=1, high=10_000)
    vocabulary: int = key("D, tokens are 0 to vocabulary - 1", low=2, high=65_536)
