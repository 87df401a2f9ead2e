"""Recurrent cells for `layers.recurrence.scan`: the step, and the parameters that it multiplies with.

Shapes: B batch, I inputs, H hidden units, G = 4 H gates of an LSTM, 3 H of a GRU; other axes may stand before B.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from attnseq.contracts.model import Initializer
from attnseq.layers.initializers import lstm_bias
from attnseq.layers.recurrence import Product, Tensors


class Cell(nn.Module, ABC):
    """A recurrent cell.

    Args:
        inputs: I.
        units: H.
    """

    gates: ClassVar[int]
    """G / H."""
    states: ClassVar[int]
    """Tensors of the carry; the first is the hidden state."""
    products: ClassVar[int]
    """Weights that a step multiplies with."""

    def __init__(self, inputs: int, units: int):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(inputs, self.gates * units))
        self.recurrent_kernel = nn.Parameter(torch.empty(units, self.gates * units))
        self.bias = nn.Parameter(torch.empty(self.gates * units))

    @staticmethod
    @abstractmethod
    def step(carry: Tensors, inputs_BxI: Tensor, product: Product, first: int) -> Tensors:
        """Take a step.

        Args:
            carry: tensors BxH.
            inputs_BxI: of the step.
            product: with `weights`.
            first: the number of the first of them.

        Returns:
            The next carry.
        """

    @abstractmethod
    def weights(self) -> Tensors:
        """Join the parameters to the weights of a step's products, each with a row for the bias."""

    def initial(self, name: str, init: Initializer) -> Iterator[tuple[str, Tensor]]:
        """Draw fresh parameters: Glorot-uniform kernel, orthogonal recurrent kernel, zero bias.

        Args:
            name: the cell's name in its model.
            init: draws the kernels.

        Returns:
            (parameter name, value).
        """
        (inputs, gates), units = self.kernel.shape, len(self.recurrent_kernel)
        yield f"{name}.kernel", torch.from_numpy(init.glorot_uniform((inputs, gates)))
        yield f"{name}.recurrent_kernel", torch.from_numpy(init.orthogonal((units, gates)))
        yield f"{name}.bias", torch.zeros(gates)


class LSTMCell(Cell):
    """A long short-term memory; its carry is the hidden state and the cell's.

    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000; gates in Keras' order: input,
    forget, candidate, output.
    """

    gates, states, products = 4, 2, 1

    @staticmethod
    def step(carry: Tensors, inputs_BxI: Tensor, product: Product, first: int) -> Tensors:
        hidden_BxH, cell_BxH = carry
        z_BxG = product(first, torch.cat((inputs_BxI, _one(hidden_BxH), hidden_BxH), dim=-1))
        z_i, z_f, z_c, z_o = z_BxG.chunk(4, dim=-1)
        cell_BxH = torch.sigmoid(z_f) * cell_BxH + torch.sigmoid(z_i) * torch.tanh(z_c)
        return torch.sigmoid(z_o) * torch.tanh(cell_BxH), cell_BxH

    def weights(self) -> Tensors:
        return (torch.cat((self.kernel, self.bias.unsqueeze(0), self.recurrent_kernel)),)

    def initial(self, name: str, init: Initializer) -> Iterator[tuple[str, Tensor]]:
        yield from super().initial(name, init)
        yield f"{name}.bias", torch.from_numpy(lstm_bias(len(self.recurrent_kernel)))  # ones for the forget gate


class GRUCell(Cell):
    """A gated recurrent unit, with a bias of its own for the product with the state.

    Source: Cho et al. 2014 (arXiv:1406.1078), in the form of cuDNN and `torch.nn.GRU`, whose reset gate multiplies the
    product with the state; gates in the order reset, update, candidate.
    """

    gates, states, products = 3, 1, 2

    def __init__(self, inputs: int, units: int):
        super().__init__(inputs, units)
        self.recurrent_bias = nn.Parameter(torch.empty(self.gates * units))

    @staticmethod
    def step(carry: Tensors, inputs_BxI: Tensor, product: Product, first: int) -> Tensors:
        (hidden_BxH,) = carry
        one_Bx1 = _one(hidden_BxH)
        x_r, x_z, x_n = product(first, torch.cat((inputs_BxI, one_Bx1), dim=-1)).chunk(3, dim=-1)
        h_r, h_z, h_n = product(first + 1, torch.cat((hidden_BxH, one_Bx1), dim=-1)).chunk(3, dim=-1)
        candidate_BxH = torch.tanh(x_n + torch.sigmoid(x_r + h_r) * h_n)
        return (candidate_BxH + torch.sigmoid(x_z + h_z) * (hidden_BxH - candidate_BxH),)

    def weights(self) -> Tensors:
        return (
            torch.cat((self.kernel, self.bias.unsqueeze(0))),
            torch.cat((self.recurrent_kernel, self.recurrent_bias.unsqueeze(0))),
        )

    def initial(self, name: str, init: Initializer) -> Iterator[tuple[str, Tensor]]:
        yield from super().initial(name, init)
        yield f"{name}.recurrent_bias", torch.zeros_like(self.recurrent_bias)


def _one(hidden_BxH: Tensor) -> Tensor:
    """Make the column that the bias is multiplied with."""
    return torch.ones_like(hidden_BxH[..., :1])


CELLS: dict[str, Callable[[int, int], Cell]] = {"lstm": LSTMCell, "gru": GRUCell}
"""By their names in configs."""
