"""Samples, and what a model makes of them. Importing this does not load PyTorch: keys of configs are read without it.

Shapes: B batch, T positions, K answer positions, D vocabulary, F features, M heads, G choices. Tensors of a population
have P before these axes. A split is one batch of all its samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch
    from torch import Tensor

NO_TOKEN = -1
"""The target at positions after the end of a sample's answer; no loss and no metric counts it."""


class Batch(NamedTuple):
    """Samples. A field is None where the samples have no such thing.

    Args:
        inputs: BxT tokens (uint8, or int32 for a vocabulary of more than 256), or BxTxF real numbers (float32).
        targets: B numbers (float32 in training, float64 in a task's splits), B classes, or BxK tokens (both int32);
            None where a model predicts.
        lengths: B, int32: how many positions each sample has, counted from the first; None where all have T.
        valid: B: 1 for a sample, 0 for padding of an epoch's last batch; None where all are samples.
        draws: random numbers of a step by name, see `Model.draws`; None outside training.
        relevance: BxT, float64, how much each position counts, where a task has it from its data; None in training.
        encoded: what the model reads in place of what `Model.encode` would return: attribution differentiates by it,
            and puts something else in the place of a position. None: the model encodes the inputs.
        weights: of the axes of the model's first attention, what it uses in place of the weights that it would compute,
            see `Model.takes_weights`. None: it computes them.
        base: what the base run's model makes of the samples, where a run is held against one; None elsewhere.
    """

    inputs: Tensor
    targets: Tensor | None = None
    lengths: Tensor | None = None
    valid: Tensor | None = None
    draws: Mapping[str, Tensor] | None = None
    relevance: Tensor | None = None
    encoded: Tensor | None = None
    weights: Tensor | None = None
    base: Output | None = None

    @property
    def size(self) -> int:
        """B."""
        return self.inputs.shape[0]  # and not len: a program that is exported takes any number

    @property
    def answers(self) -> Tensor:
        """The targets. Raises ValueError where they are not shown."""
        if self.targets is None:
            raise ValueError("a model that predicts is not shown the targets")
        return self.targets

    @property
    def tensors(self) -> list[Tensor]:
        """Inputs, targets and lengths, without those that are None."""
        return [values for values in self[:3] if values is not None]

    def map(self, function: Callable[[Tensor], Tensor]) -> Batch:
        """Apply `function` to all that each sample has, and return a new batch; draws stay as they are."""

        def of(values: Tensor | None) -> Tensor | None:
            return None if values is None else function(values)

        targets, lengths, valid = of(self.targets), of(self.lengths), of(self.valid)
        relevance, encoded, weights = of(self.relevance), of(self.encoded), of(self.weights)
        base = None if self.base is None else self.base.map(function)
        return Batch(function(self.inputs), targets, lengths, valid, self.draws, relevance, encoded, weights, base)

    def first(self, samples: int) -> Batch:
        """Take the first so many samples, or all where there are fewer."""
        return self.map(lambda values: values[:samples])

    def to(self, device: torch.device | str) -> Batch:
        """Move the samples to a device."""
        return self.map(lambda values: values.to(device))

    def pieces(self, size: int) -> Iterator[Batch]:
        """Yield the samples in order, at most `size` at a time."""
        for start in range(0, self.size, max(1, size)):
            yield self.map(lambda values, start=start: values[start : start + max(1, size)])  # type: ignore[misc]

    def present(self) -> Tensor | None:
        """Compute present_BxT, whether a sample has a position; None where all samples have all positions."""
        import torch

        if self.lengths is None:
            return None
        positions_T = torch.arange(self.inputs.shape[1], device=self.inputs.device)
        return positions_T < self.lengths.unsqueeze(-1)


class Attention(NamedTuple):
    """Weights, and what they stand for.

    Args:
        weights: not negative; 0 at positions that a sample does not have.
        axes: "BT" (a weight a position), "BTD" (a weight for each feature of each position), "BKT" (for each answer
            position a weight a position) or "BMTT" (for each head and each position a weight a position).
    """

    weights: Tensor
    axes: str


class Policy(NamedTuple):
    """What a model drew in a training step; the trainer adds the loss's gradient by its probability (REINFORCE).

    Args:
        log_probability: BxG, of each choice, in nats.
        baseline: BxG, the reward (the negative loss, and later bonuses) that is expected before each choice; None: 0.
        bonus: BxG, reward beside the negative loss, such as the entropy of what a choice is drawn from.
    """

    log_probability: Tensor
    baseline: Tensor | None
    bonus: Tensor


class Output(NamedTuple):
    """What a model makes of a batch.

    Args:
        prediction: B numbers, BxC logits of classes, or BxKxD logits of tokens.
        attention: by name; the first one explains the prediction; may be empty.
        extra: anything else that the model's own score or objective needs.
        policy: what the model drew; None outside training, and where its gradient does not need it.
    """

    prediction: Tensor
    attention: Mapping[str, Attention] = {}
    extra: Mapping[str, Tensor] = {}
    policy: Policy | None = None

    def map(self, function: Callable[[Tensor], Tensor]) -> Output:
        """Apply `function` to all that each sample has, and return a new output without a policy."""
        attention = {name: Attention(function(its.weights), its.axes) for name, its in self.attention.items()}
        extra = {name: function(values) for name, values in self.extra.items()}
        return Output(function(self.prediction), attention, extra)
