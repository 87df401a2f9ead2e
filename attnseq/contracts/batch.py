"""Samples, and what a model makes of them. Who only reads the keys of tasks and models need not load PyTorch for it.

Shapes: B batch, T positions, K answer positions, D vocabulary, F features, M heads; a population's have P before them,
and the samples of a split are a batch of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch
    from torch import Tensor

NO_TOKEN = -1
"""In the targets, where a sample's answer has ended; no loss and no metric counts it."""


class Batch(NamedTuple):
    """Samples. What there is none of is None.

    Args:
        inputs: BxT tokens (uint8, or int32 for a vocabulary of more than 256), or BxTxF real numbers (float32).
        targets: B numbers (float32 in training, float64 in a task's splits), B classes, or BxK tokens (both int32);
            None where a model predicts.
        lengths: B, int32: positions that each sample has, the first ones; None where all have T.
        valid: B: 1 for a sample, 0 for one that only fills up an epoch's last batch; None where all are samples.
        draws: random numbers of a step by name, see `Model.draws`; None outside training.
    """

    inputs: Tensor
    targets: Tensor | None = None
    lengths: Tensor | None = None
    valid: Tensor | None = None
    draws: Mapping[str, Tensor] | None = None

    @property
    def size(self) -> int:
        """B."""
        return len(self.inputs)

    @property
    def answers(self) -> Tensor:
        """The targets. Raises ValueError where they are not shown."""
        if self.targets is None:
            raise ValueError("a model that predicts is not shown the targets")
        return self.targets

    @property
    def tensors(self) -> list[Tensor]:
        """What a sample has: inputs, targets, lengths, those that there are."""
        return [values for values in self[:3] if values is not None]

    def map(self, function: Callable[[Tensor], Tensor]) -> Batch:
        """The batch with what `function` returns for each tensor of a sample in its place; draws are none of them."""
        targets, lengths, valid = (None if values is None else function(values) for values in self[1:4])
        return Batch(function(self.inputs), targets, lengths, valid, self.draws)

    def first(self, samples: int) -> Batch:
        """The first so many samples, or all where there are fewer."""
        return self.map(lambda values: values[:samples])

    def to(self, device: torch.device | str) -> Batch:
        """The same samples on a device."""
        return self.map(lambda values: values.to(device))

    def pieces(self, size: int) -> Iterator[Batch]:
        """The samples in order, at most `size` at a time."""
        for start in range(0, self.size, max(1, size)):
            yield self.map(lambda values, start=start: values[start : start + max(1, size)])  # type: ignore[misc]

    def present(self) -> Tensor | None:
        """present_BxT: whether a sample has a position; None where all have all."""
        import torch

        if self.lengths is None:
            return None
        positions_T = torch.arange(self.inputs.shape[1], device=self.inputs.device)
        return positions_T < self.lengths.unsqueeze(-1)


class Attention(NamedTuple):
    """Weights, and what they stand for.

    Args:
        weights: not negative; 0 at positions that a sample does not have.
        axes: "BT" (a weight a position), "BTD" (a weight for each feature of each position), "BKT" (a weight a position
            for each answer position) or "BMTT" (of each head, a weight a position for each position).
    """

    weights: Tensor
    axes: str


class Output(NamedTuple):
    """What a model makes of a batch.

    Args:
        prediction: B numbers, BxC logits of classes, or BxKxD logits of tokens.
        attention: by name, the one that explains the prediction first; may be empty.
        extra: whatever else a score or an objective of the model's own wants to see.
    """

    prediction: Tensor
    attention: Mapping[str, Attention] = {}
    extra: Mapping[str, Tensor] = {}
