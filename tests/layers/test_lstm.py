"""The LSTM and its hand-written backward pass: against torch.nn.LSTM, a step-by-step reference, and under vmap.

Shapes: P replicas, B batch, T time steps, I inputs, H hidden units.
"""

import pytest
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.layers.lstm import LSTM, RECURRENT_ACTIVATIONS, UNROLLED
from attnseq.training.program import drop_idle, trace

BATCH, INPUTS, UNITS = 4, 3, 5
TOLERANCES = {torch.float64: 1e-10, torch.float32: 1e-5}


def random_layer(activation: str, dtype: torch.dtype, seed: int = 0, scale: float = 1.0) -> LSTM:
    generator = torch.Generator().manual_seed(seed)
    layer = LSTM(INPUTS, UNITS, activation).to(dtype)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return layer


def random_inputs(steps: int, dtype: torch.dtype, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, steps, INPUTS, generator=generator, dtype=torch.float64).to(dtype)


def weighted_sum(hidden_BxH: Tensor) -> Tensor:
    """A scalar in which every element has a weight of its own, so that no error in a gradient can cancel."""
    return (hidden_BxH * torch.linspace(-1, 2, hidden_BxH.numel(), dtype=hidden_BxH.dtype).view_as(hidden_BxH)).sum()


def assert_close(mine: Tensor | None, theirs: Tensor | None, tolerance: float, name: str = "") -> None:
    assert mine is not None
    assert theirs is not None
    torch.testing.assert_close(
        mine, theirs, rtol=tolerance, atol=tolerance, check_dtype=False, msg=lambda text: f"{name}: {text}"
    )


def reference(inputs_BxTxI: Tensor, layer: LSTM) -> tuple[Tensor, list[Tensor]]:
    """The equations one after the other, left to autograd; the last hidden state, and all gates i, f, o."""
    units = len(layer.recurrent_kernel)
    hidden_BxH = cell_BxH = inputs_BxTxI.new_zeros(len(inputs_BxTxI), units)
    gates = []
    for step in range(inputs_BxTxI.shape[1]):
        z_Bx4H = inputs_BxTxI[:, step] @ layer.kernel + hidden_BxH @ layer.recurrent_kernel + layer.bias
        z_i, z_f, z_c, z_o = (z_Bx4H[:, k * units : (k + 1) * units] for k in range(4))
        if layer.hard:
            i, f, o = (torch.clamp(0.2 * z + 0.5, 0, 1) for z in (z_i, z_f, z_o))
        else:
            i, f, o = (1 / (1 + torch.exp(-z)) for z in (z_i, z_f, z_o))
        cell_BxH = f * cell_BxH + i * torch.tanh(z_c)
        hidden_BxH = o * torch.tanh(cell_BxH)
        gates += [i, f, o]
    return hidden_BxH, gates


@pytest.mark.parametrize("dtype", list(TOLERANCES))
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_equals_torch_lstm_in_values_and_gradients(dtype: torch.dtype, steps: int) -> None:
    own = random_layer("sigmoid", dtype)
    peer = torch.nn.LSTM(INPUTS, UNITS, batch_first=True, dtype=dtype)
    # PyTorch's gates i, f, g, o are i, f, c, o here; its kernels are transposed
    weights = {"weight_ih_l0": own.kernel.T, "weight_hh_l0": own.recurrent_kernel.T, "bias_ih_l0": own.bias}
    peer.load_state_dict({**weights, "bias_hh_l0": torch.zeros_like(own.bias)})
    own_inputs = random_inputs(steps, dtype).requires_grad_()
    peer_inputs = own_inputs.detach().clone().requires_grad_()
    own_hidden_BxH, peer_hidden_BxH = own(own_inputs), peer(peer_inputs)[1][0][0]
    weighted_sum(own_hidden_BxH).backward()
    weighted_sum(peer_hidden_BxH).backward()
    tolerance = TOLERANCES[dtype]
    assert_close(own_hidden_BxH, peer_hidden_BxH, tolerance)
    assert_close(own_inputs.grad, peer_inputs.grad, tolerance, "inputs")
    gradients = {name: parameter.grad for name, parameter in peer.named_parameters() if parameter.grad is not None}
    assert_close(own.kernel.grad, gradients["weight_ih_l0"].T, tolerance, "kernel")
    assert_close(own.recurrent_kernel.grad, gradients["weight_hh_l0"].T, tolerance, "recurrent_kernel")
    assert_close(own.bias.grad, gradients["bias_ih_l0"], tolerance, "bias")


@pytest.mark.parametrize("dtype", list(TOLERANCES))
@pytest.mark.parametrize("activation", RECURRENT_ACTIVATIONS)
@pytest.mark.parametrize("steps", [1, 6])
def test_backward_equals_autograd_of_the_plain_loop(activation: str, dtype: torch.dtype, steps: int) -> None:
    own, plain = random_layer(activation, dtype, scale=1.5), random_layer(activation, torch.float64, scale=1.5)
    own_inputs = random_inputs(steps, dtype).requires_grad_()
    plain_inputs = random_inputs(steps, torch.float64).requires_grad_()
    hidden_BxH, gates = reference(plain_inputs, plain)
    if activation == "hard_sigmoid" and steps > 1:  # gates at both ends and between them, or this shows little
        values = torch.cat(gates)
        assert all(share > 0.1 for share in ((values == 0).double().mean(), (values == 1).double().mean()))
        assert ((values > 0) & (values < 1)).double().mean() > 0.3
    own_hidden_BxH = own(own_inputs)
    weighted_sum(own_hidden_BxH).backward()
    weighted_sum(hidden_BxH).backward()
    assert_close(own_hidden_BxH, hidden_BxH, TOLERANCES[dtype])
    assert_close(own_inputs.grad, plain_inputs.grad, TOLERANCES[dtype], "inputs")
    for (name, mine), theirs in zip(own.named_parameters(), plain.parameters(), strict=True):
        if name == "recurrent_kernel" and steps == 1:  # the only state it meets is zero
            assert mine.grad is not None
            assert not mine.grad.any()
        assert_close(mine.grad, theirs.grad, TOLERANCES[dtype], name)


@pytest.mark.parametrize("activation", RECURRENT_ACTIVATIONS)
def test_gradcheck(activation: str) -> None:
    layer = random_layer(activation, torch.float64)
    names = [name for name, _ in layer.named_parameters()]

    def forward(inputs_BxTxI: Tensor, *parameters: Tensor) -> Tensor:
        hidden_BxH: Tensor = torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), inputs_BxTxI)
        return hidden_BxH

    inputs_BxTxI = random_inputs(3, torch.float64)[:2].requires_grad_()
    assert torch.autograd.gradcheck(forward, (inputs_BxTxI, *layer.parameters()))


LENGTHS_B = torch.tensor([3, 1, 6, 4], dtype=torch.int32)


def padded_inputs(dtype: torch.dtype) -> Tensor:
    """Sequences of 6 time steps, 0 where they have ended."""
    return random_inputs(6, dtype) * (torch.arange(6) < LENGTHS_B[:, None]).unsqueeze(-1)


@pytest.mark.parametrize("dtype", list(TOLERANCES))
def test_padded_sequences_equal_torch_lstm_on_packed_ones(dtype: torch.dtype) -> None:
    own = random_layer("sigmoid", dtype)
    peer = torch.nn.LSTM(INPUTS, UNITS, batch_first=True, dtype=dtype)
    weights = {"weight_ih_l0": own.kernel.T, "weight_hh_l0": own.recurrent_kernel.T, "bias_ih_l0": own.bias}
    peer.load_state_dict({**weights, "bias_hh_l0": torch.zeros_like(own.bias)})
    own_inputs = padded_inputs(dtype).requires_grad_()
    peer_inputs = own_inputs.detach().clone().requires_grad_()
    packed = torch.nn.utils.rnn.pack_padded_sequence(peer_inputs, LENGTHS_B, batch_first=True, enforce_sorted=False)
    own_hidden_BxH, peer_hidden_BxH = own(own_inputs, LENGTHS_B), peer(packed)[1][0][0]
    weighted_sum(own_hidden_BxH).backward()
    weighted_sum(peer_hidden_BxH).backward()
    tolerance = TOLERANCES[dtype]
    assert_close(own_hidden_BxH, peer_hidden_BxH, tolerance)
    assert_close(own_inputs.grad, peer_inputs.grad, tolerance, "inputs")
    gradients = {name: parameter.grad for name, parameter in peer.named_parameters() if parameter.grad is not None}
    assert_close(own.kernel.grad, gradients["weight_ih_l0"].T, tolerance, "kernel")
    assert_close(own.recurrent_kernel.grad, gradients["weight_hh_l0"].T, tolerance, "recurrent_kernel")
    assert_close(own.bias.grad, gradients["bias_ih_l0"], tolerance, "bias")


@pytest.mark.parametrize("activation", RECURRENT_ACTIVATIONS)
def test_a_padded_sequence_equals_itself_unpadded(activation: str) -> None:
    layer, inputs_BxTxI = random_layer(activation, torch.float64), padded_inputs(torch.float64)
    hidden_BxH = layer(inputs_BxTxI, LENGTHS_B)
    for row, length in enumerate(LENGTHS_B.tolist()):
        alone_1xH = layer(inputs_BxTxI[row : row + 1, :length])
        assert_close(hidden_BxH[row : row + 1], alone_1xH, 1e-12)
    whole_B = torch.full((BATCH,), 6, dtype=torch.int32)
    assert torch.equal(layer(inputs_BxTxI, whole_B), layer(inputs_BxTxI))


@pytest.mark.parametrize("activation", RECURRENT_ACTIVATIONS)
def test_population_equals_replicas_one_by_one(activation: str) -> None:
    replicas = [random_layer(activation, torch.float64, seed) for seed in range(3)]
    stacked = {
        name: torch.stack([dict(replica.named_parameters())[name].detach() for replica in replicas])
        for name, _ in replicas[0].named_parameters()
    }
    inputs_PxBxTxI = torch.stack([random_inputs(4, torch.float64, seed) for seed in range(10, 13)])

    def loss(parameters: dict[str, Tensor], inputs_BxTxI: Tensor) -> Tensor:
        return weighted_sum(torch.func.functional_call(replicas[0], parameters, inputs_BxTxI))

    gradients, loss_P = torch.vmap(torch.func.grad_and_value(loss))(stacked, inputs_PxBxTxI)
    for index, replica in enumerate(replicas):
        alone = weighted_sum(replica(inputs_PxBxTxI[index]))
        alone.backward()
        assert_close(loss_P[index], alone.detach(), 1e-12)
        for name, parameter in replica.named_parameters():
            assert_close(gradients[name][index], parameter.grad, 1e-12, name)


def test_no_batch_row_sees_another() -> None:
    layer, inputs_BxTxI = random_layer("hard_sigmoid", torch.float64), random_inputs(5, torch.float64)
    changed_BxTxI = inputs_BxTxI.clone()
    changed_BxTxI[1] += 1
    before_BxH, after_BxH = layer(inputs_BxTxI), layer(changed_BxTxI)
    assert not torch.equal(before_BxH[1], after_BxH[1])
    for row in (0, 2, 3):
        assert_close(before_BxH[row], after_BxH[row], 1e-14)


def test_unknown_activation_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model\.recurrent_activation=relu: must be one of hard_sigmoid, sigmoid"):
        LSTM(INPUTS, UNITS, "relu")


@pytest.mark.parametrize("read", [False, True], ids=["weights' gradients", "inputs' gradient, too"])
def test_a_program_multiplies_for_no_gradient_that_nobody_reads(read: bool) -> None:
    layer, steps = random_layer("sigmoid", torch.float64), 4

    def loss(weights: dict[str, Tensor], inputs_BxTxI: Tensor) -> Tensor:
        return weighted_sum(torch.func.functional_call(layer, weights, (inputs_BxTxI,)))

    gradient = torch.func.grad(loss, (0, 1) if read else (0,))
    traced = make_fx(gradient)(dict(layer.named_parameters()), random_inputs(steps, torch.float64))
    drop_idle(traced)
    products = traced.graph.find_nodes(op="call_function", target=torch.ops.aten.mm.default)
    multiplications = sum(node.meta["val"].numel() * node.args[0].meta["val"].shape[1] for node in products)
    width, gates = INPUTS + 1, 4 * UNITS  # with a one for the bias
    forward = BATCH * (width + (steps - 1) * (width + UNITS)) * gates
    backward = BATCH * (steps - 1) * gates * UNITS + (width + UNITS) * steps * BATCH * gates
    assert multiplications == forward + backward + read * steps * BATCH * gates * width


@pytest.mark.parametrize("activation", RECURRENT_ACTIVATIONS)
@pytest.mark.parametrize("padded", [False, True])
def test_a_long_sequence_is_a_loop_of_the_program_and_computes_the_same(activation: str, padded: bool) -> None:
    """In a population, values and gradients; and a program of more steps is no longer."""
    layer = random_layer(activation, torch.float64, scale=0.5)
    names = [name for name, _ in layer.named_parameters()]

    def gradients(inputs_PxBxTxI: Tensor, lengths_B: Tensor, *parameters: Tensor) -> tuple[Tensor, ...]:
        def loss(parameters: tuple[Tensor, ...], inputs_BxTxI: Tensor) -> Tensor:
            call = (inputs_BxTxI, lengths_B if padded else None)
            named = dict(zip(names, parameters, strict=True))
            states_BxTxH, last_BxH = torch.func.functional_call(
                Both(layer), {f"layer.{k}": v for k, v in named.items()}, call
            )
            return weighted_sum(states_BxTxH) + weighted_sum(last_BxH)

        found, value_P = torch.vmap(torch.func.grad_and_value(loss), in_dims=(0, 0))(parameters, inputs_PxBxTxI)
        return *found, value_P

    sizes = []
    for steps in (UNROLLED + 1, UNROLLED + 9):
        inputs = torch.stack([random_inputs(steps, torch.float64, seed) for seed in (1, 2)])
        parameters = [torch.stack([p.detach(), 0.9 * p.detach()]) for p in layer.parameters()]
        arguments = [inputs, torch.tensor([steps, 1, 3, steps - 1]), *parameters]
        traced = trace(gradients, arguments)
        sizes.append(len(traced.graph.nodes))
        for mine, theirs in zip(traced(*arguments), gradients(*arguments), strict=True):
            assert_close(mine, theirs, 1e-10)
    assert sizes[0] == sizes[1]


class Both(torch.nn.Module):
    """States and last state of a layer."""

    def __init__(self, layer: LSTM):
        super().__init__()
        self.layer = layer

    def forward(self, inputs_BxTxI: Tensor, lengths_B: Tensor | None) -> tuple[Tensor, Tensor]:
        return self.layer.states(inputs_BxTxI, lengths_B)
