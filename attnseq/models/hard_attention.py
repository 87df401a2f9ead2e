"""Hard attention: a recurrent network looks at one position after the other, and says where to look next.

Shapes: B batch, T positions, F features, G glimpses, H hidden units, O outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output, Policy
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Spec
from attnseq.layers.cells import LSTMCell
from attnseq.layers.encoding import features, one_hot, outputs, prediction
from attnseq.layers.looks import drawn, entropy, log_probability, most_likely, straight_through
from attnseq.layers.weights import dense_parameters

if TYPE_CHECKING:
    from attnseq.models.hard_attention_config import HardAttentionConfig


class Walk(NamedTuple):
    """All glimpses: where, by which logits, from which state, and the state after the last one."""

    looks_BxGxT: Tensor
    logits_BxGxT: Tensor
    states_BxGxH: Tensor
    last_BxH: Tensor


class HardAttention(Model):
    """A policy over positions, G looks, an LSTM over what they see, Dense(O).

    In training looks are drawn, elsewhere they go where the policy is surest, so that an answer does not hang on luck.
    The weight of a position is its share of the looks.

    Args:
        spec: of the task.
        config: sizes and kinds.

    Source: Mnih et al. 2014, "Recurrent Models of Visual Attention" (arXiv:1406.6247), on positions of a sequence in
    place of places of an image; REINFORCE as in `objectives.reinforce`.
    """

    def __init__(self, spec: Spec, config: HardAttentionConfig):
        super().__init__()
        self.spec, self.config = spec, config
        units, positions = config.hidden_size, spec.inputs.length
        self.what = nn.Linear(features(spec.inputs), units)
        self.where = nn.Parameter(torch.empty(positions, units))
        self.cell = LSTMCell(units, units)
        self.hidden = nn.Linear(units, config.policy_size) if config.policy_size else None
        self.policy = nn.Linear(config.policy_size or units, positions)
        has_baseline = config.estimator == "reinforce" and config.baseline == "learnt"
        self.baseline = nn.Linear(units, 1) if has_baseline else None
        self.output = nn.Linear(units, outputs(spec.target))

    def encode(self, batch: Batch) -> Tensor:
        return one_hot(batch, self.spec.inputs, self.output.weight.dtype)

    def forward(self, batch: Batch, training: bool = False) -> Output:
        walk = self.walk(batch, batch.draws["looks"] if training and batch.draws else None)
        answer = prediction(self.output(walk.last_BxH), self.spec.target)
        attention = {"looks": Attention(walk.looks_BxGxT.mean(dim=-2), "BT")}
        reinforces = training and self.config.estimator == "reinforce"
        return Output(answer, attention, policy=self._drawn(walk) if reinforces else None)

    def walk(self, batch: Batch, uniform_GxBxT: Tensor | None = None) -> Walk:
        """Look at the sequence G times.

        Args:
            batch: inputs, and lengths where they differ.
            uniform_GxBxT: random numbers in (0, 1) by which looks are drawn; None: they go where the policy is surest.
        """
        seen_BxTxH = torch.tanh(self.what(self.encode(batch)) + self.where)  # at each position, if it is looked at
        present_BxT, weights = batch.present(), self.cell.weights()
        hidden_BxH = cell_BxH = torch.zeros_like(seen_BxTxH[..., 0, :])
        looks, logits, states = [], [], []
        for glimpse in range(self.config.glimpses):
            states.append(hidden_BxH)
            logits.append(self._logits(hidden_BxH, present_BxT))
            looks.append(self._look(logits[-1], None if uniform_GxBxT is None else uniform_GxBxT[glimpse]))
            look_BxH = (looks[-1].unsqueeze(-2) @ seen_BxTxH).squeeze(-2)
            carry = self.cell.step((hidden_BxH, cell_BxH), look_BxH, lambda number, x: x @ weights[number], 0)
            hidden_BxH, cell_BxH = carry
        looked, scored, before = (torch.stack(values, dim=-2) for values in (looks, logits, states))
        return Walk(looked, scored, before, hidden_BxH)

    def _logits(self, hidden_BxH: Tensor, present_BxT: Tensor | None) -> Tensor:
        """Compute the policy's logits_BxT."""
        reinforces = self.config.estimator == "reinforce"
        if reinforces and self.config.policy_trains == "policy":
            hidden_BxH = hidden_BxH.detach()
        hidden = hidden_BxH if self.hidden is None else torch.tanh(self.hidden(hidden_BxH))
        logits_BxT: Tensor = self.policy(hidden)
        if reinforces:
            logits_BxT = logits_BxT / self.config.temperature
        return logits_BxT if present_BxT is None else logits_BxT.masked_fill(~present_BxT, -torch.inf)

    def _look(self, logits_BxT: Tensor, uniform_BxT: Tensor | None) -> Tensor:
        if uniform_BxT is None:
            return most_likely(logits_BxT).detach()
        if self.config.estimator == "reinforce":
            return drawn(logits_BxT, uniform_BxT)
        return straight_through(logits_BxT, uniform_BxT, self.config.temperature)

    def _drawn(self, walk: Walk) -> Policy:
        """Say how likely the looks were, and how much reward was expected before each."""
        # what is expected moves no other parameter than its own
        expected = None if self.baseline is None else self.baseline(walk.states_BxGxH.detach()).squeeze(-1)
        bonus_BxG = self.config.entropy_bonus * entropy(walk.logits_BxGxT)
        return Policy(log_probability(walk.logits_BxGxT, walk.looks_BxGxT), expected, bonus_BxG)

    def draws(self, batch: Batch) -> Mapping[str, Sequence[int]]:
        return {"looks": (self.config.glimpses, *batch.inputs.shape[:2])}

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        parameters = dict(dense_parameters("what", self.what, init))
        parameters["where"] = torch.from_numpy(init.glorot_uniform((len(self.where), self.config.hidden_size)))
        parameters |= dict(self.cell.initial("cell", init))
        for name in ("hidden", "policy", "baseline", "output"):
            layer = getattr(self, name)
            if layer is not None:
                parameters |= dict(dense_parameters(name, layer, init))
        return parameters
