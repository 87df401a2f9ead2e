"""A recurrent encoder in one direction, or in both, that keeps its states.

Shapes: B batch, T positions, I inputs, H hidden units of all directions together; R directions, 1 or 2.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from attnseq.contracts.model import Initializer
from attnseq.layers.cells import CELLS, Cell
from attnseq.layers.recurrence import Product, Tensors, scan


class Encoder(nn.Module):
    """Cells that read a sequence forwards and, where there are two directions, backwards.

    Args:
        inputs: I.
        units: H, of all directions together.
        cell: one of `CELLS`.
        directions: 1, or 2 with H / 2 units each (Schuster & Paliwal 1997).
    """

    def __init__(self, inputs: int, units: int, cell: str, directions: int):
        super().__init__()
        self.units = units // directions
        self.forwards = CELLS[cell](inputs, self.units)
        self.backwards = CELLS[cell](inputs, self.units) if directions == 2 else None

    @property
    def cells(self) -> list[Cell]:
        """A cell for each direction."""
        return [self.forwards] if self.backwards is None else [self.forwards, self.backwards]

    def forward(self, inputs_BxTxI: Tensor, present_BxT: Tensor | None) -> tuple[Tensor, Tensors]:
        """Read sequences.

        Args:
            inputs_BxTxI: the sequences.
            present_BxT: which positions they have; None: all.

        Returns:
            states_BxTxH, 0 at positions that a sequence does not have, and the last state of each: the tensors of the
            cell's carry, BxH.
        """
        inputs = [self._turned(inputs_BxTxI.transpose(0, 1))]
        if present_BxT is not None:
            inputs.append(self._turned(present_BxT.transpose(0, 1).unsqueeze(-1)))
        weights = [torch.stack(each) for each in zip(*(cell.weights() for cell in self.cells), strict=True)]
        start_RxBxU = inputs_BxTxI.new_zeros(len(self.cells), inputs_BxTxI.shape[0], self.units)
        kind = type(self.forwards)

        def step(carry: Tensors, inputs: Tensors, _: Tensors, product: Product) -> tuple[Tensors, Tensors]:
            x_RxBxI, *present = inputs
            new = kind.step(carry, x_RxBxI, product, 0)
            if not present:
                return new, (new[0],)
            (present_RxBx1,) = present  # behind its end a sequence's state stays as it is
            kept = tuple(torch.where(present_RxBx1, value, old) for value, old in zip(new, carry, strict=True))
            return kept, (new[0] * present_RxBx1,)

        last, (states_TxRxBxU,) = scan(step, (start_RxBxU,) * kind.states, tuple(inputs), tuple(weights))
        directions = [states_TxRxBxU[:, 0], *(states.flip(0) for states in states_TxRxBxU[:, 1:].unbind(1))]
        states_BxTxH = torch.cat(directions, dim=-1).transpose(0, 1)
        return states_BxTxH, tuple(torch.cat(value.unbind(0), dim=-1) for value in last)

    def _turned(self, values_TxBxI: Tensor) -> Tensor:
        """Make values_TxRxBxI: as they are and, for a second direction, backwards."""
        return torch.stack((values_TxBxI, values_TxBxI.flip(0))[: len(self.cells)], dim=1)

    def initial(self, name: str, init: Initializer) -> Iterator[tuple[str, Tensor]]:
        """Draw fresh parameters, see `Cell.initial`."""
        for direction, cell in zip(("forwards", "backwards"), self.cells, strict=False):
            yield from cell.initial(f"{name}.{direction}", init)
