"""A long short-term memory layer whose backward pass is written by hand, for populations under `torch.vmap`.

Shapes: B batch, T time steps, I inputs, J = I + 1 with a one for the bias, H hidden units, L = J + H, G = 4 H gates,
R = T B, K any number; `torch.vmap` puts a population axis before them. Gates stand in Keras' order: input, forget,
candidate, output.

`torch.nn.LSTM` knows no hard sigmoid and does not run under `torch.vmap`. Autograd would form weight gradients of shape
IxG and HxG at every time step and add up T of them; here all steps share one product. Also, each step reads only its
own buffers, so that all steps look alike to the compiler, which compiles one kernel for them.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from attnseq.layers.recurrence import Product, Tensors, is_traced, repeated, scan

# take activations' gradients from their values by autograd's own operations, which the compiler takes apart
aten = torch.ops.aten

UNROLLED = 16
"""Time steps that a traced program holds one by one, which saves memory traffic; of more it holds one, in a loop, so
that compiling takes no longer however many there are."""

RECURRENT_ACTIVATIONS = ("hard_sigmoid", "sigmoid")


def _gate(z: Tensor, hard: bool) -> Tensor:
    """Apply Keras 2's hard sigmoid, clip(0.2 z + 0.5, 0, 1), or the logistic function."""
    return torch.clamp(0.2 * z + 0.5, 0.0, 1.0) if hard else torch.sigmoid(z)


def _gate_backward(gradient: Tensor, gate: Tensor, hard: bool) -> Tensor:
    """Turn a gradient for `_gate(z)` into one for z, by the gate's value."""
    return aten.hardtanh_backward(gradient, gate, 0.0, 1.0) * 0.2 if hard else aten.sigmoid_backward(gradient, gate)


def _transposed(weight_KxG: Tensor) -> Tensor:
    """Make weight_GxK, transposed in memory, too: a product with the transposed view takes three times as long.

    The compiler writes a `cat` out as asked; for `contiguous()` it makes a copy in the order of weight_KxG.
    """
    return torch.cat([gate.transpose(-1, -2) for gate in weight_KxG.chunk(4, dim=-1)], dim=-2)


class _Kept(NamedTuple):
    """What the backward pass needs of one time step: its input (BxL), its gates and states (each BxH).

    Each step has tensors of its own: the compiler would fill one of all time steps by copying.
    """

    inputs: Tensor
    i: Tensor
    f: Tensor
    c: Tensor
    o: Tensor
    cell: Tensor
    tanh_cell: Tensor


class _Recurrence(torch.autograd.Function):
    """h_t, c_t = cell([x_t, h_{t-1}] W, c_{t-1}) from zero states; returns h_1 to h_T, or h_T alone.

    And, flat, the `_Kept` of each step.

    Each step takes one product for input and state, and one backward for the state. Every other gradient takes one
    product for all steps. A traced program drops the one for the inputs where nobody reads it.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(inputs_TxBxJ: Tensor, weight_LxG: Tensor, hard: bool, every: bool) -> tuple[Tensor, ...]:
        steps, batch, width = inputs_TxBxJ.shape
        hidden_BxH = cell_BxH = inputs_TxBxJ.new_zeros(batch, weight_LxG.shape[-1] // 4)
        states: list[Tensor] = []
        kept: list[Tensor] = []
        for step in range(steps):
            with repeated(step > 0 and steps > UNROLLED):
                inputs_BxL = torch.cat((inputs_TxBxJ[step], hidden_BxH), dim=-1)
                z_BxG = inputs_BxL @ weight_LxG if step else inputs_TxBxJ[0] @ weight_LxG[:width]  # h_0 is zero
                z_i, z_f, z_c, z_o = z_BxG.chunk(4, dim=-1)
                i, f, c, o = _gate(z_i, hard), _gate(z_f, hard), torch.tanh(z_c), _gate(z_o, hard)
                cell_BxH = f * cell_BxH + i * c
                tanh_cell_BxH = torch.tanh(cell_BxH)
                hidden_BxH = o * tanh_cell_BxH
            states.append(hidden_BxH)
            kept += _Kept(inputs_BxL, i, f, c, o, cell_BxH, tanh_cell_BxH)
        return *(states if every else states[-1:]), *kept

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        inputs_TxBxJ, weight_LxG, ctx.hard, every = inputs
        ctx.states = len(inputs_TxBxJ) if every else 1
        ctx.mark_non_differentiable(*output[ctx.states :])
        ctx.save_for_backward(weight_LxG, *output[ctx.states :])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        weight_LxG, *saved = ctx.saved_tensors
        size = len(_Kept._fields)
        kept = [_Kept(*saved[first : first + size]) for first in range(0, len(saved), size)]
        d_states = gradients[: ctx.states]
        d_hidden_BxH = d_states[-1]
        width = weight_LxG.shape[-2] - d_hidden_BxH.shape[-1]
        weight_GxJ, weight_GxH = _transposed(weight_LxG[:width]), _transposed(weight_LxG[width:])
        d_cell_BxH = torch.zeros_like(d_hidden_BxH)
        d_z = []
        for step in reversed(range(len(kept))):
            _, i, f, c, o, _, tanh_cell = kept[step]
            d_cell_BxH = d_cell_BxH + aten.tanh_backward(d_hidden_BxH * o, tanh_cell)
            d_i = _gate_backward(d_cell_BxH * c, i, ctx.hard)
            d_c = aten.tanh_backward(d_cell_BxH * i, c)
            d_o = _gate_backward(d_hidden_BxH * tanh_cell, o, ctx.hard)
            d_f = _gate_backward(d_cell_BxH * kept[step - 1].cell, f, ctx.hard) if step else torch.zeros_like(d_i)
            d_z_BxG = torch.cat((d_i, d_f, d_c, d_o), dim=-1)
            if step:
                d_hidden_BxH = d_z_BxG @ weight_GxH
                if ctx.states > 1:
                    d_hidden_BxH = d_hidden_BxH + d_states[step - 1]
            d_cell_BxH = d_cell_BxH * f
            d_z.append(d_z_BxG)
        d_z_RxG = torch.cat(d_z[::-1], dim=-2)
        inputs_RxL = torch.cat([step.inputs for step in kept], dim=-2)
        d_inputs_TxBxJ = (d_z_RxG @ weight_GxJ).unflatten(0, (len(kept), -1))
        return d_inputs_TxBxJ, inputs_RxL.transpose(-1, -2) @ d_z_RxG, None, None


def _behind_padding(inputs_BxTxJ: Tensor, lengths_B: Tensor) -> Tensor:
    """Move sequences to the end of their rows, with zeros before them, also in place of the ones for the bias.

    A step without input and bias leaves the zero states as they are: its candidate is tanh(0). So the states after the
    last time step are the final states of every sequence.
    """
    steps = inputs_BxTxJ.shape[-2]
    source_BxT = torch.arange(steps, device=inputs_BxTxJ.device) - (steps - lengths_B.unsqueeze(-1))
    moved_BxTxJ = inputs_BxTxJ.gather(-2, source_BxT.clamp(min=0).unsqueeze(-1).expand_as(inputs_BxTxJ))
    return moved_BxTxJ * (source_BxT >= 0).unsqueeze(-1)


def _before_padding(states_BxTxH: Tensor, lengths_B: Tensor) -> Tensor:
    """Move states of sequences that stand at the end of their rows to the start, with zeros behind them."""
    steps = states_BxTxH.shape[-2]
    position_T = torch.arange(steps, device=states_BxTxH.device)
    source_BxT = position_T + (steps - lengths_B.unsqueeze(-1))
    moved_BxTxH = states_BxTxH.gather(-2, source_BxT.clamp(max=steps - 1).unsqueeze(-1).expand_as(states_BxTxH))
    return moved_BxTxH * (source_BxT < steps).unsqueeze(-1)


class LSTM(nn.Module):
    """LSTM (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000).

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

    def forward(self, inputs_BxTxI: Tensor, lengths_B: Tensor | None = None) -> Tensor:
        """Run over all time steps.

        Args:
            inputs_BxTxI: the sequences; 0 where they have ended.
            lengths_B: time steps of each; None where all have T.

        Returns:
            hidden_BxH after the last time step of each.
        """
        inputs_TxBxJ, weight_LxG = self._joined(inputs_BxTxI, lengths_B)
        if len(inputs_TxBxJ) > UNROLLED and is_traced():
            return self._loop(inputs_TxBxJ, weight_LxG)[1]
        hidden_BxH: Tensor = _Recurrence.apply(inputs_TxBxJ, weight_LxG, self.hard, False)[0]
        return hidden_BxH

    def states(self, inputs_BxTxI: Tensor, lengths_B: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run over all time steps, and keep the state after each.

        Args:
            inputs_BxTxI, lengths_B: as for `forward`.

        Returns:
            states_BxTxH, 0 where a sequence has ended, and hidden_BxH, the last state of each.
        """
        inputs_TxBxJ, weight_LxG = self._joined(inputs_BxTxI, lengths_B)
        if len(inputs_TxBxJ) > UNROLLED and is_traced():
            states_BxTxH, last_BxH = self._loop(inputs_TxBxJ, weight_LxG)
        else:
            states = _Recurrence.apply(inputs_TxBxJ, weight_LxG, self.hard, True)[: len(inputs_TxBxJ)]
            states_BxTxH, last_BxH = torch.stack(states, dim=-2), states[-1]
        return states_BxTxH if lengths_B is None else _before_padding(states_BxTxH, lengths_B), last_BxH

    def _joined(self, inputs_BxTxI: Tensor, lengths_B: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return inputs_TxBxJ, behind their padding, and all parameters as weight_LxG."""
        inputs_BxTxJ = nn.functional.pad(inputs_BxTxI, (0, 1), value=1.0)
        if lengths_B is not None:
            inputs_BxTxJ = _behind_padding(inputs_BxTxJ, lengths_B)
        weight_LxG = torch.cat((self.kernel, self.bias.unsqueeze(0), self.recurrent_kernel))
        return inputs_BxTxJ.transpose(-3, -2), weight_LxG

    def _loop(self, inputs_TxBxJ: Tensor, weight_LxG: Tensor) -> tuple[Tensor, Tensor]:
        """Compute states_BxTxH and the last of them by a loop that stays one in the compiled program."""

        def step(carry: Tensors, inputs: Tensors, _: Tensors, product: Product) -> tuple[Tensors, Tensors]:
            hidden_BxH, cell_BxH = carry
            z_i, z_f, z_c, z_o = product(0, torch.cat((*inputs, hidden_BxH), dim=-1)).chunk(4, dim=-1)
            cell_BxH = _gate(z_f, self.hard) * cell_BxH + _gate(z_i, self.hard) * torch.tanh(z_c)
            hidden_BxH = _gate(z_o, self.hard) * torch.tanh(cell_BxH)
            return (hidden_BxH, cell_BxH), (hidden_BxH,)

        start_BxH = inputs_TxBxJ.new_zeros(inputs_TxBxJ.shape[1], len(self.recurrent_kernel))
        (last_BxH, _), (states_TxBxH,) = scan(step, (start_BxH, start_BxH), (inputs_TxBxJ,), (weight_LxG,))
        return states_TxBxH.transpose(-3, -2), last_BxH
