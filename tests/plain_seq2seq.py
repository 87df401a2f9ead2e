"""Encoder and decoder as the articles write them, for one sample and without padding: what the layers are held against.

Everything is left to autograd. Parameters are those of the layers that are given.

Shapes: T positions of the source, K answer positions, D vocabulary, E features, I inputs, H hidden units.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from attnseq.layers.alignment import AdditiveScore, GeneralScore, Score
from attnseq.layers.cells import Cell, GRUCell, LSTMCell
from attnseq.layers.decoder import Decoder
from attnseq.layers.encoder import Encoder


def fill(module: nn.Module, seed: int = 0) -> None:
    """Give each parameter normal numbers in float64: biases of all sizes, attention far from uniform."""
    numbers = torch.Generator().manual_seed(seed)
    module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=numbers, dtype=torch.float64))


def step(cell: Cell, state: Sequence[Tensor], x_I: Tensor) -> list[Tensor]:
    """Next state of a cell: the hidden state and, of an LSTM, the cell's."""
    hidden_H, units = state[0], len(state[0])
    if isinstance(cell, LSTMCell):
        z_4H = x_I @ cell.kernel + hidden_H @ cell.recurrent_kernel + cell.bias
        z_i, z_f, z_c, z_o = (z_4H[k * units : (k + 1) * units] for k in range(4))
        memory_H = state[1] / (1 + torch.exp(-z_f)) + torch.tanh(z_c) / (1 + torch.exp(-z_i))
        return [torch.tanh(memory_H) / (1 + torch.exp(-z_o)), memory_H]
    assert isinstance(cell, GRUCell)
    x_3H, h_3H = x_I @ cell.kernel + cell.bias, hidden_H @ cell.recurrent_kernel + cell.recurrent_bias
    x_r, x_z, x_n = (x_3H[k * units : (k + 1) * units] for k in range(3))
    h_r, h_z, h_n = (h_3H[k * units : (k + 1) * units] for k in range(3))
    reset_H, update_H = 1 / (1 + torch.exp(-x_r - h_r)), 1 / (1 + torch.exp(-x_z - h_z))
    return [(1 - update_H) * torch.tanh(x_n + reset_H * h_n) + update_H * hidden_H]


def encode(encoder: Encoder, inputs_TxI: Tensor) -> tuple[Tensor, list[Tensor]]:
    """States_TxH, and the last state: of both directions, one behind the other."""
    states_TxH, last = [], []
    for cell, order in zip(encoder.cells, (1, -1), strict=False):
        state = [inputs_TxI.new_zeros(encoder.units) for _ in range(cell.states)]
        seen = []
        for x_I in list(inputs_TxI)[::order]:
            state = step(cell, state, x_I)
            seen.append(state[0])
        states_TxH.append(torch.stack(seen[::order]))
        last.append(state)
    return torch.cat(states_TxH, dim=-1), [torch.cat(values) for values in zip(*last, strict=True)]


def score(kind: Score, query_H: Tensor, state_H: Tensor) -> Tensor:
    """How well a state matches: dot and general of Luong et al. 2015, additive of Bahdanau et al. 2015."""
    if isinstance(kind, GeneralScore):
        return torch.dot(query_H, kind.weight @ state_H)
    if isinstance(kind, AdditiveScore):
        return torch.dot(kind.vector[:, 0], torch.tanh(kind.query.T @ query_H + kind.state.T @ state_H + kind.bias))
    return torch.dot(query_H, state_H)


def decode(
    decoder: Decoder,
    states_TxH: Tensor,
    last: Sequence[Tensor],
    read: Sequence[Tensor | None],
    embedding_DxE: Tensor,
    kept: Sequence[Tensor] = (),
) -> tuple[Tensor, Tensor | None]:
    """Logits_KxD, and weights_KxT where it attends.

    Args:
        decoder: its parameters and kinds.
        states_TxH: of the source.
        last: the first state.
        read: at each answer position the embedded token that is read; None: the most probable token before.
        embedding_DxE: of the tokens.
        kept: factors of the tokens that are read, KxE, and of what the last layer is given, KxH; empty: all are 1.
    """
    state, attentional_H, logits_KxD, weights_KxT = list(last), torch.zeros_like(last[0]), [], []
    for number, its_token in enumerate(read):
        token_E = embedding_DxE[int(logits_KxD[-1].argmax())] if its_token is None else its_token
        if kept:
            token_E = token_E * kept[0][number]
        state = step(decoder.cell, state, torch.cat((token_E, attentional_H)) if decoder.feeding else token_E)
        combined = state[0]
        if decoder.score is not None:
            powers_T = torch.stack([torch.exp(score(decoder.score, state[0], state_H)) for state_H in states_TxH])
            weights_T = powers_T / powers_T.sum()
            context_H = sum(weight * state_H for weight, state_H in zip(weights_T, states_TxH, strict=True))
            combined = torch.cat((context_H, state[0]))  # type: ignore[arg-type]
            weights_KxT.append(weights_T)
        attentional_H = torch.tanh(combined @ decoder.combine)
        shown_H = attentional_H * kept[1][number] if kept else attentional_H
        logits_KxD.append(decoder.output.weight @ shown_H + decoder.output.bias)
    return torch.stack(logits_KxD), torch.stack(weights_KxT) if weights_KxT else None
