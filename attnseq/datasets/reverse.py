"""Sequences of different lengths turned round: the alignment of answer and input is known exactly.

Shapes: N samples, B batch, T positions, K = T answer positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attnseq.contracts.batch import NO_TOKEN, Batch
from attnseq.contracts.spec import Spec, Tokens
from attnseq.contracts.task import Splits, Task
from attnseq.core.keys import key
from attnseq.core.randomness import generator
from attnseq.datasets.config import DATASETS, DatasetConfig

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Reverse(Task):
    """The tokens of a sequence in the opposite order. Lengths are uniform in 1 to T, padding is token 0.

    Args:
        length: T, of the longest sequence.
        vocabulary: D; tokens are independent and uniform.
        sizes: samples of train, validation and test, each from a stream of its own.
        seed: 0 or more.
    """

    length: int
    vocabulary: int
    sizes: tuple[int, int, int]
    seed: int

    @property
    def spec(self) -> Spec:
        tokens = Tokens(self.length, self.vocabulary, padded=True)
        return Spec(tokens, tokens)

    def splits(self) -> Splits:
        return Splits(*(self._draw(name, size) for name, size in zip(Splits._fields, self.sizes, strict=True)))

    def relevance(self, batch: Batch) -> Tensor:
        """Return relevance_BxKxT: 1 for the position whose token an answer position repeats; 0 elsewhere."""
        return (self._mirrored(batch).unsqueeze(-1) == self._positions(batch)).double()

    def answers(self, batch: Batch) -> Tensor:
        import torch

        mirrored_NxT = self._mirrored(batch)
        targets_NxK = batch.inputs.long().gather(1, mirrored_NxT.clamp(min=0))
        return targets_NxK.masked_fill(mirrored_NxT < 0, NO_TOKEN).to(torch.int32)

    def _draw(self, name: str, size: int) -> Batch:
        import torch

        from attnseq.contracts.examples import token_type

        # draw both from streams of their own, so that the first rows do not depend on how many there are
        lengths_N = generator(self.seed, f"data/reverse/{name}/lengths").integers(1, self.length + 1, size, np.int32)
        tokens = generator(self.seed, f"data/reverse/{name}/tokens")
        tokens_NxT = tokens.integers(0, self.vocabulary, (size, self.length), np.int64)
        batch = Batch(torch.from_numpy(tokens_NxT), lengths=torch.from_numpy(lengths_N))
        inputs_NxT = batch.inputs * (self._mirrored(batch) >= 0)  # zero the padding, which mirrors no position
        inputs = inputs_NxT.to(token_type(Tokens(self.length, self.vocabulary)))
        return Batch(inputs, self.answers(batch), batch.lengths)

    def _mirrored(self, batch: Batch) -> Tensor:
        """Compute mirrored_BxK: the position that each answer position repeats, negative where there is none."""
        return batch.lengths.unsqueeze(-1) - 1 - self._positions(batch)  # type: ignore[union-attr]

    def _positions(self, batch: Batch) -> Tensor:
        import torch

        return torch.arange(self.length, device=batch.inputs.device)


@DATASETS.register("reverse")
@dataclass
class ReverseConfig(DatasetConfig):
    """`conf/dataset/reverse.yaml`."""

    length: int = key("T, tokens of the longest sequence; lengths are uniform from 1", low=1, high=10_000)
    vocabulary: int = key("D, tokens are 0 to vocabulary - 1", low=2, high=65_536)

    def build(self) -> Reverse:
        return Reverse(self.length, self.vocabulary, self.sizes, self.seed)
