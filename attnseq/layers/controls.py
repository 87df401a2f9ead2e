"""Controls: attention that is made of less than a learnt one, or of the truth, and what a model does with it.

Shapes: B batch, T positions.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch
from attnseq.layers.attention import softmax

CONTROLS = ("position", "uniform", "operands", "oracle")
"""Kinds of control; `models/control_kinds.py` says what they are."""


class Control(nn.Module):
    """A weight a position that no input decides but through the truth; where frozen, without parameters.

    - position: the softmax of T learnt numbers, the same for all samples; 0 at first, so that it begins as uniform;
    - uniform: frozen, 1/T, or 1 by the number of positions that a sample has;
    - operands: frozen, the same for all positions that are relevant;
    - oracle: frozen, the exact relevance, scaled to sum 1.

    A sample in which nothing is relevant has weights of 0 where the truth decides.

    Args:
        kind: one of `CONTROLS`.
        positions: T.
    """

    def __init__(self, kind: str, positions: int):
        super().__init__()
        self.kind = kind
        if kind == "position":
            self.logits = nn.Parameter(torch.zeros(positions))

    def forward(self, batch: Batch, dtype: torch.dtype, truth: Callable[[Batch], Tensor | None] | None) -> Attention:
        """Compute the weights.

        Args:
            batch: samples; neither their targets nor what stands in place of their encoded inputs is looked at.
            dtype: of the weights.
            truth: the task's relevance, see `Model.truth`.

        Raises:
            ValueError: the truth decides, and there is none.
        """
        samples, positions = batch.inputs.shape[:2]
        present_BxT = batch.present()
        if self.kind == "position":
            return Attention(softmax(self.logits.expand(samples, positions), present_BxT), "BT")
        if self.kind == "uniform":
            counts_BxT = torch.ones(samples, positions, dtype=dtype, device=batch.inputs.device)
        else:
            counts_BxT = self._relevance(batch, truth)
        if present_BxT is not None:
            counts_BxT = counts_BxT * present_BxT
        totals_Bx1 = counts_BxT.sum(dim=-1, keepdim=True)
        return Attention((counts_BxT / totals_Bx1.masked_fill(totals_Bx1 == 0, 1.0)).to(dtype), "BT")

    def _relevance(self, batch: Batch, truth: Callable[[Batch], Tensor | None] | None) -> Tensor:
        relevance_BxT = None if truth is None else truth(Batch(batch.inputs, lengths=batch.lengths))
        if relevance_BxT is None:
            raise ValueError(f"model.attention={self.kind}: the model was built without the relevance of a task")
        relevance_BxT = relevance_BxT.detach()
        return (relevance_BxT > 0).to(relevance_BxT.dtype) if self.kind == "operands" else relevance_BxT

    def initial(self, name: str) -> dict[str, Tensor]:
        """Return fresh parameters, by the name of this module in a model; nothing is drawn."""
        return {f"{name}.{key}": torch.zeros_like(value) for key, value in self.named_parameters()}
