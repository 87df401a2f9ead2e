"""A long short-term memory layer whose backward pass is written by hand, for populations under `torch.vmap`.

Shapes: B batch, T time steps, I inputs, H hidden units, R = (T - 1) B; `torch.vmap` puts a population axis before them.
Gates stand in Keras' order: input, forget, candidate, output.

`torch.nn.LSTM` knows no hard sigmoid and does not run under `torch.vmap`. Left to autograd, the recurrence forms a
weight gradient of shape Hx4H at every time step and adds up T of them; here all steps share one product.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

RECURRENT_ACTIVATIONS = ("hard_sigmoid", "sigmoid")


def _gate(z: Tensor, hard: bool) -> Tensor:
    """Keras 2's hard sigmoid, clip(0.2 z + 0.5, 0, 1), or the logistic function."""
    return torch.clamp(0.2 * z + 0.5, 0.0, 1.0) if hard else torch.sigmoid(z)


def _gate_slope(gate: Tensor, hard: bool) -> Tensor:
    """Derivative of `_gate`, from its value."""
    return 0.2 * ((gate > 0.0) & (gate < 1.0)).to(gate.dtype) if hard else gate * (1.0 - gate)


class _Kept(NamedTuple):
    """What the backward pass needs of one time step, each BxH: the gates, and the states after it.

    A tensor for each, not one of all time steps, which the compiler would fill by copying.
    """

    i: Tensor
    f: Tensor
    c: Tensor
    o: Tensor
    cell: Tensor
    tanh_cell: Tensor
    hidden: Tensor


class _Recurrence(torch.autograd.Function):
    """h_t, c_t = cell(z_t + h_{t-1} U, c_{t-1}) from zero states; returns h_T and, flat, the `_Kept` of each step."""

    generate_vmap_rule = True

    @staticmethod
    def forward(projected_TxBx4H: Tensor, recurrent_kernel_Hx4H: Tensor, hard: bool) -> tuple[Tensor, ...]:
        steps, batch, width = projected_TxBx4H.shape
        hidden_BxH = cell_BxH = projected_TxBx4H.new_zeros(batch, width // 4)
        kept: list[Tensor] = []
        for step in range(steps):
            z_Bx4H = projected_TxBx4H[step]
            if step:  # h_0 is zero
                z_Bx4H = z_Bx4H + hidden_BxH @ recurrent_kernel_Hx4H
            z_i, z_f, z_c, z_o = z_Bx4H.chunk(4, dim=-1)
            i, f, c, o = _gate(z_i, hard), _gate(z_f, hard), torch.tanh(z_c), _gate(z_o, hard)
            cell_BxH = f * cell_BxH + i * c
            tanh_cell_BxH = torch.tanh(cell_BxH)
            hidden_BxH = o * tanh_cell_BxH
            kept += _Kept(i, f, c, o, cell_BxH, tanh_cell_BxH, hidden_BxH)
        return hidden_BxH.clone(), *kept  # of the two h_T only the first is differentiable

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        _, recurrent_kernel_Hx4H, ctx.hard = inputs
        ctx.mark_non_differentiable(*output[1:])
        ctx.save_for_backward(recurrent_kernel_Hx4H, *output[1:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        kernel_Hx4H, *saved = ctx.saved_tensors
        size = len(_Kept._fields)
        kept = [_Kept(*saved[first : first + size]) for first in range(0, len(saved), size)]
        # transposed in memory too: a product with the transposed view takes three times as long. A cat is what the
        # compiler writes out as asked; of `contiguous()` it makes a copy in the order in which the kernel lies.
        kernel_4HxH = torch.cat([gate.transpose(-1, -2) for gate in kernel_Hx4H.chunk(4, dim=-1)], dim=-2)
        d_hidden_BxH = gradients[0]
        d_cell_BxH = torch.zeros_like(d_hidden_BxH)
        d_projected = []
        for step in reversed(range(len(kept))):
            i, f, c, o, _, tanh_cell, _ = kept[step]
            d_cell_BxH = d_cell_BxH + d_hidden_BxH * o * (1.0 - tanh_cell * tanh_cell)
            d_i = d_cell_BxH * c * _gate_slope(i, ctx.hard)
            d_c = d_cell_BxH * i * (1.0 - c * c)
            d_o = d_hidden_BxH * tanh_cell * _gate_slope(o, ctx.hard)
            d_f = d_cell_BxH * kept[step - 1].cell * _gate_slope(f, ctx.hard) if step else torch.zeros_like(d_i)
            d_z_Bx4H = torch.cat((d_i, d_f, d_c, d_o), dim=-1)
            d_projected.append(d_z_Bx4H)
            if step:
                d_hidden_BxH = d_z_Bx4H @ kernel_4HxH
                d_cell_BxH = d_cell_BxH * f
        d_projected_TxBx4H = torch.stack(d_projected[::-1])
        if len(kept) == 1:  # the only state that the kernel met is zero
            return d_projected_TxBx4H, torch.zeros_like(kernel_Hx4H), None
        # one product for the weight gradient of all time steps: sum over t and batch of h_{t-1}' dz_t
        hiddens_RxH = torch.cat([step.hidden for step in kept[:-1]], dim=-2)
        d_kernel_Hx4H = hiddens_RxH.transpose(-1, -2) @ d_projected_TxBx4H[1:].flatten(0, 1)
        return d_projected_TxBx4H, d_kernel_Hx4H, None


class LSTM(nn.Module):
    """LSTM (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000) that returns its last state.

    Args:
        inputs: I, features a time step.
        units: H, hidden units.
        recurrent_activation: of the gates: "hard_sigmoid" (clip(0.2 x + 0.5, 0, 1), as Keras 2) or "sigmoid".

    Raises:
        ValueError: `recurrent_activation` is neither.
    """

    def __init__(self, inputs: int, units: int, recurrent_activation: str = "sigmoid"):
        super().__init__()
        if recurrent_activation not in RECURRENT_ACTIVATIONS:
            allowed = ", ".join(RECURRENT_ACTIVATIONS)
            raise ValueError(f"model.recurrent_activation={recurrent_activation}: must be one of {allowed}")
        self.hard = recurrent_activation == "hard_sigmoid"
        self.kernel = nn.Parameter(torch.empty(inputs, 4 * units))
        self.recurrent_kernel = nn.Parameter(torch.empty(units, 4 * units))
        self.bias = nn.Parameter(torch.empty(4 * units))

    def forward(self, inputs_BxTxI: Tensor) -> Tensor:
        """Run over all time steps.

        Args:
            inputs_BxTxI: the sequence.

        Returns:
            hidden_BxH after the last time step.
        """
        projected_TxBx4H = inputs_BxTxI.transpose(-3, -2) @ self.kernel + self.bias
        hidden_BxH, *_ = _Recurrence.apply(projected_TxBx4H, self.recurrent_kernel, self.hard)
        return hidden_BxH
