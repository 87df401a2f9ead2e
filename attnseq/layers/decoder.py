"""A recurrent decoder that looks back at an encoder's states, token after token.

Shapes: B batch, T positions of the source, K answer positions, D vocabulary, E features of an embedded token, H hidden
units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnseq.contracts.model import Initializer
from attnseq.layers.alignment import SCORES, Memory, Score, score_parameters
from attnseq.layers.attention import softmax
from attnseq.layers.beam import Speak
from attnseq.layers.cells import CELLS, Cell
from attnseq.layers.recurrence import Product, Tensors, scan
from attnseq.layers.weights import dense_parameters


class Source(NamedTuple):
    """What a decoder is given of the source.

    Args:
        states_BxTxH: of the encoder; 0 at positions that a sample does not have.
        last: the tensors of the cell's first carry, BxH.
        present_BxT: which positions samples have; None: all.
    """

    states_BxTxH: Tensor
    last: Tensors
    present_BxT: Tensor | None

    def repeated(self, times: int) -> Source:
        """Repeat each sample, row after row."""

        def again(value: Tensor) -> Tensor:
            return value.repeat_interleave(times, dim=0)

        present_BxT = None if self.present_BxT is None else again(self.present_BxT)
        return Source(again(self.states_BxTxH), tuple(map(again, self.last)), present_BxT)


class Given(NamedTuple):
    """What a decoder is given at each step.

    Args:
        tokens_KxBxE: the embedded token before.
        forced_KxBx1: whether it is read; else the decoder's own last token is. None: it always is.
        dropout: which features of the token that is read, and which units of what the last layer is given, are kept:
            KxBxE and KxBxH; empty: all.
        weights_KxBxT: what it looks at with in place of the weights that it would compute; None: it computes them.
    """

    tokens_KxBxE: Tensor
    forced_KxBx1: Tensor | None = None
    dropout: Tensors = ()
    weights_KxBxT: Tensor | None = None

    @property
    def inputs(self) -> Tensors:
        """The inputs of the steps."""
        forced = () if self.forced_KxBx1 is None else (self.forced_KxBx1,)
        weights = () if self.weights_KxBxT is None else (self.weights_KxBxT,)
        return self.tokens_KxBxE, *forced, *weights, *self.dropout


@dataclass(frozen=True)
class _Step:
    """A step of the decoder, for `scan`.

    carry: the cell's; then the last attentional state where `feeding`; then the embedded last token where `talking`.
    inputs: the given token; whether it is read, where `talking`; weights_BxT in place of its own, where `weighed`;
    which features and units dropout keeps, if any.
    weights: of the cell, of the score, the states, of the attentional layer; where `talking` the last layer's (with a
    row for its bias) and the embedding. constants: the score's; present_BxT where `padded`.
    Returns outputs (states for the last layer, or logits where `talking`; weights_BxT where it attends).
    """

    cell: type[Cell]
    score: type[Score] | None
    feeding: bool
    talking: bool
    padded: bool
    dropout: float
    weighed: bool = False

    def __call__(
        self, carry: Tensors, inputs: Tensors, constants: Tensors, product: Product
    ) -> tuple[Tensors, Tensors]:
        given_BxE, *rest = inputs
        share = 1.0 - self.dropout
        state, more = carry[: self.cell.states], list(carry[self.cell.states :])
        if self.talking:
            given_BxE = torch.where(rest.pop(0), given_BxE, more.pop())
        weights_BxT = rest.pop(0) if self.weighed else None
        if rest:
            given_BxE = given_BxE * rest[0] / share
        read = torch.cat((given_BxE, *more), dim=-1) if self.feeding else given_BxE
        state = self.cell.step(state, read, product, 0)
        number = self.cell.products
        looked: Tensors = ()
        combined_BxH = state[0]
        if self.score is not None:
            shared, present_BxT = (constants[:-1], constants[-1]) if self.padded else (constants, None)
            scores_BxT = self.score.of_step(state[0], product, number, shared)
            weights_BxT = softmax(scores_BxT, present_BxT) if weights_BxT is None else weights_BxT
            context_BxH = product(number + 1, weights_BxT.unsqueeze(-2)).squeeze(-2)
            combined_BxH = torch.cat((context_BxH, state[0]), dim=-1)
            looked, number = (weights_BxT,), number + 2
        attentional_BxH = torch.tanh(product(number, combined_BxH))
        carry = (*state, attentional_BxH) if self.feeding else state
        kept_BxH = attentional_BxH * rest[1] / share if rest else attentional_BxH
        if not self.talking:
            return carry, (kept_BxH, *looked)
        one_Bx1 = torch.ones_like(kept_BxH[..., :1])
        logits_BxD = product(number + 1, torch.cat((kept_BxH, one_Bx1), dim=-1))
        values_D = torch.arange(logits_BxD.shape[-1], device=logits_BxD.device)
        said_BxD = (logits_BxD.argmax(dim=-1, keepdim=True) == values_D).to(logits_BxD.dtype)
        return (*carry, product(number + 2, said_BxD)), (logits_BxD, *looked)


class Decoder(nn.Module):
    """Cell, attention to the source, and tanh(W [context; h]), of which the last layer makes logits.

    Args:
        features: E.
        units: H, of its cell and of the source's states.
        vocabulary: D.
        cell: one of `CELLS`.
        score: one of `SCORES`; "none": it sees the source's last state alone, and the layer is tanh(W h).
        feeding: whether the attentional state is read with the next token; at first it is 0.

    Source: Luong et al. 2015 (arXiv:1508.04025), sections 3.1 and 3.3, for all three scores; the additive score is that
    of Bahdanau et al. 2015.
    """

    def __init__(self, features: int, units: int, vocabulary: int, cell: str, score: str, feeding: bool):
        super().__init__()
        self.feeding = feeding
        self.cell = CELLS[cell](features + units * feeding, units)
        self.score = None if score == "none" else SCORES[score](units)
        self.combine = nn.Parameter(torch.empty(units * (1 if self.score is None else 2), units))
        self.output = nn.Linear(units, vocabulary)

    def forward(
        self, source: Source, given: Given, embedding_DxE: Tensor, dropout: float = 0.0
    ) -> tuple[Tensor, Tensor | None]:
        """Decode all answer positions.

        Args:
            source: what is looked at.
            given: what is read.
            embedding_DxE: of the tokens that the decoder may say.
            dropout: the share of units that dropout drops, where `given` says which.

        Returns:
            logits_BxKxD, and weights_BxKxT where it attends.
        """
        talking = given.forced_KxBx1 is not None
        memory = self.memory(source)
        last: Tensors = (self._last_layer(), embedding_DxE) if talking else ()
        said: Tensors = (torch.zeros_like(given.tokens_KxBxE[0]),) * talking
        fixed = self._fixed(source)
        carry = (*self.begin(source), *said)
        step = self.step(talking, bool(fixed), dropout, weighed=given.weights_KxBxT is not None)
        _, (states_KxBxH, *looked) = scan(step, carry, given.inputs, memory.weights + last, memory.shared, fixed)
        outputs_BxKxH = states_KxBxH.transpose(0, 1)
        logits_BxKxD = outputs_BxKxH if talking else self.output(outputs_BxKxH)
        return logits_BxKxD, looked[0].transpose(0, 1) if looked else None

    def begin(self, source: Source) -> Tensors:
        """Return the carry before the first step, without a last token."""
        return *source.last, *((torch.zeros_like(source.last[0]),) * self.feeding)

    def speak(self, source: Source, embedding_DxE: Tensor) -> Speak:
        """Return a step that reads tokens, for searches.

        Args:
            source: a row for each that `carry` has.
            embedding_DxE: of the tokens that the decoder may read.
        """
        memory = self.memory(source)
        fixed = self._fixed(source)
        step = self.step(talking=False, padded=bool(fixed))

        def speak(carry: Tensors, tokens_B: Tensor) -> tuple[Tensors, Tensor, Tensor | None]:
            inputs, constants = (embedding_DxE[tokens_B],), (*memory.shared, *fixed)
            carry, (state_BxH, *looked) = step(carry, inputs, constants, lambda n, x: x @ memory.weights[n])
            return carry, self.output(state_BxH), looked[0] if looked else None

        return speak

    def memory(self, source: Source) -> Memory:
        """Return weights and shared constants of the steps, without those of the last layer."""
        if self.score is None:
            return Memory((*self.cell.weights(), self.combine))
        memory = self.score.memory(source.states_BxTxH)
        return Memory((*self.cell.weights(), *memory.weights, source.states_BxTxH, self.combine), memory.shared)

    def step(self, talking: bool, padded: bool, dropout: float = 0.0, weighed: bool = False) -> _Step:
        """Return the step.

        Args:
            talking: whether it goes on with its own last token where none is forced.
            padded: whether some samples lack positions.
            dropout: the share of units that dropout drops.
            weighed: whether it is given the weights that it looks with.
        """
        score = None if self.score is None else type(self.score)
        return _Step(type(self.cell), score, self.feeding, talking, padded, dropout, weighed)

    def _fixed(self, source: Source) -> Tensors:
        return () if self.score is None or source.present_BxT is None else (source.present_BxT,)

    def _last_layer(self) -> Tensor:
        """Join the last layer's weight and bias to one factor, (H + 1)xD."""
        return torch.cat((self.output.weight.transpose(-1, -2), self.output.bias.unsqueeze(0)))

    def initial(self, name: str, init: Initializer) -> Iterator[tuple[str, Tensor]]:
        """Draw fresh parameters: the cell's, Glorot-uniform kernels, and zero biases."""
        yield from self.cell.initial(f"{name}.cell", init)
        if self.score is not None:
            yield from score_parameters(f"{name}.score", self.score, init)
        rows, columns = self.combine.shape
        yield f"{name}.combine", torch.from_numpy(init.glorot_uniform((rows, columns)))
        yield from dense_parameters(f"{name}.output", self.output, init)
