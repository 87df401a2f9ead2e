"""The encoder against torch.nn.LSTM and torch.nn.GRU on packed sequences, and its claims on padding.

Shapes: B batch, T positions, I inputs, H hidden units of all directions together.
"""

import pytest
import torch
from plain_seq2seq import encode, fill
from torch import Tensor, nn

from attnseq.core.randomness import generator
from attnseq.layers.cells import CELLS, GRUCell
from attnseq.layers.encoder import Encoder
from attnseq.layers.weights import KerasInitializer

BATCH, POSITIONS, INPUTS, UNITS = 4, 5, 3, 6
LENGTHS_B = torch.tensor([3, 1, 5, 4])
PRESENT_BxT = torch.arange(POSITIONS) < LENGTHS_B.unsqueeze(-1)

kinds = pytest.mark.parametrize(("cell", "directions"), [(cell, n) for cell in CELLS for n in (1, 2)])


def random_encoder(cell: str, directions: int) -> Encoder:
    encoder = Encoder(INPUTS, UNITS, cell, directions)
    fill(encoder)
    return encoder


def random_inputs(positions: int = POSITIONS, seed: int = 1) -> Tensor:
    numbers = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, positions, INPUTS, generator=numbers, dtype=torch.float64)


def peer_of(encoder: Encoder) -> tuple[nn.RNNBase, list[str]]:
    """PyTorch's network with the same weights, and its names of the encoder's parameters in their order."""
    gru = isinstance(encoder.forwards, GRUCell)
    peer = (nn.GRU if gru else nn.LSTM)(
        INPUTS, encoder.units, batch_first=True, bidirectional=encoder.backwards is not None, dtype=torch.float64
    )
    names = []
    for suffix, cell in zip(("", "_reverse"), encoder.cells, strict=False):
        own = [f"{name}_l0{suffix}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        names += own if gru else own[:3]
        second = cell.recurrent_bias if isinstance(cell, GRUCell) else torch.zeros_like(cell.bias)
        values = (cell.kernel.T, cell.recurrent_kernel.T, cell.bias, second)
        with torch.no_grad():
            for name, value in zip(own, values, strict=True):
                getattr(peer, name).copy_(value)
    return peer, names


@kinds
@pytest.mark.parametrize("padded", [False, True])
def test_states_and_gradients_equal_pytorchs_on_packed_sequences(cell: str, directions: int, padded: bool) -> None:
    encoder = random_encoder(cell, directions)
    peer, names = peer_of(encoder)
    inputs_BxTxI = random_inputs().requires_grad_()
    states_BxTxH, last = encoder(inputs_BxTxI, PRESENT_BxT if padded else None)
    lengths_B = LENGTHS_B if padded else torch.full((BATCH,), POSITIONS)
    packed = nn.utils.rnn.pack_padded_sequence(inputs_BxTxI, lengths_B, batch_first=True, enforce_sorted=False)
    out, ends = peer(packed)
    peer_states_BxTxH, _ = nn.utils.rnn.pad_packed_sequence(out, batch_first=True)
    ends = ends if isinstance(ends, tuple) else (ends,)
    peer_last = [torch.cat(tuple(end), dim=-1) for end in ends]  # both directions, one behind the other
    gradients = []
    for values, learner in (((states_BxTxH, *last), encoder), ((peer_states_BxTxH, *peer_last), peer)):
        total = sum((value * torch.linspace(-1, 2, value.numel()).view_as(value)).sum() for value in values)
        parameters = list(encoder.parameters()) if learner is encoder else [getattr(peer, name) for name in names]
        gradients.append(torch.autograd.grad(total, [inputs_BxTxI, *parameters]))  # type: ignore[arg-type]
    for mine, theirs in zip((states_BxTxH, *last), (peer_states_BxTxH, *peer_last), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-12)
    for name, mine, theirs in zip(["inputs", *names], *gradients, strict=True):
        turned = theirs.T if name.startswith("weight") else theirs
        torch.testing.assert_close(mine, turned, rtol=1e-9, atol=1e-11, msg=lambda text, name=name: f"{name}: {text}")


@kinds
def test_a_padded_sequence_equals_itself_alone(cell: str, directions: int) -> None:
    encoder, inputs_BxTxI = random_encoder(cell, directions), random_inputs()
    states_BxTxH, last = encoder(inputs_BxTxI, PRESENT_BxT)
    assert not states_BxTxH[~PRESENT_BxT].any()
    for row, length in enumerate(LENGTHS_B.tolist()):
        states_TxH, its_last = encode(encoder, inputs_BxTxI[row, :length])
        torch.testing.assert_close(states_BxTxH[row, :length], states_TxH, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close([value[row] for value in last], its_last, rtol=1e-10, atol=1e-12)


@kinds
def test_longer_padding_and_what_stands_in_it_change_no_bit(cell: str, directions: int) -> None:
    encoder, inputs_BxTxI = random_encoder(cell, directions), random_inputs()
    other_BxTxI = torch.where(PRESENT_BxT.unsqueeze(-1), inputs_BxTxI, random_inputs(seed=2))
    longer_BxTxI = torch.cat((other_BxTxI, random_inputs(3, seed=3)), dim=1)
    longer_BxT = torch.cat((PRESENT_BxT, torch.zeros(BATCH, 3, dtype=torch.bool)), dim=1)
    results = []
    for inputs, present_BxT in ((inputs_BxTxI, PRESENT_BxT), (other_BxTxI, PRESENT_BxT), (longer_BxTxI, longer_BxT)):
        states_BxTxH, last = encoder(inputs, present_BxT)
        factors = torch.linspace(-1, 2, states_BxTxH[:, :POSITIONS].numel()).view(BATCH, POSITIONS, UNITS)
        total = (states_BxTxH[:, :POSITIONS] * factors).sum() + sum(value.square().sum() for value in last)
        gradients = torch.autograd.grad(total, list(encoder.parameters()))
        results.append([states_BxTxH[:, :POSITIONS], *last, *gradients])
    for other in results[1:]:
        assert all(torch.equal(mine, its) for mine, its in zip(results[0], other, strict=True))


def test_directions_have_weights_of_their_own_and_one_reads_backwards() -> None:
    encoder, inputs_BxTxI = random_encoder("gru", 2), random_inputs()
    changed_BxTxI = inputs_BxTxI.clone()
    changed_BxTxI[:, 2] += 1
    before, after = (encoder(inputs, None)[0] for inputs in (inputs_BxTxI, changed_BxTxI))
    changed_TxH = (before != after).any(dim=0)
    assert changed_TxH[:, : UNITS // 2].all(dim=-1).tolist() == [False, False, True, True, True]
    assert changed_TxH[:, UNITS // 2 :].all(dim=-1).tolist() == [True, True, True, False, False]


@kinds
def test_fresh_parameters_fit(cell: str, directions: int) -> None:
    encoder = Encoder(INPUTS, UNITS, cell, directions)
    fresh = dict(encoder.initial("encoder", KerasInitializer(generator(0, "weights"))))
    assert {name: value.shape for name, value in fresh.items()} == {
        f"encoder.{name}": value.shape for name, value in encoder.named_parameters()
    }
    if directions == 2:
        assert not torch.equal(fresh["encoder.forwards.kernel"], fresh["encoder.backwards.kernel"])
