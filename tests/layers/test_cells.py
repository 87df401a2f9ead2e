"""Recurrent cells against PyTorch's own, and fresh parameters.

Shapes: B batch, I inputs, H hidden units.
"""

import pytest
import torch
from plain_seq2seq import fill
from torch import Tensor, nn

from attnseq.core.randomness import generator
from attnseq.layers.cells import CELLS, Cell, GRUCell
from attnseq.layers.weights import KerasInitializer

BATCH, INPUTS, UNITS = 4, 3, 5


def random_cell(kind: str) -> Cell:
    cell = CELLS[kind](INPUTS, UNITS)
    fill(cell)
    return cell


def peer_of(cell: Cell) -> nn.LSTMCell | nn.GRUCell:
    """PyTorch's cell with the same weights: its gates come in the same order, its kernels are transposed."""
    peer = (nn.GRUCell if isinstance(cell, GRUCell) else nn.LSTMCell)(INPUTS, UNITS, dtype=torch.float64)
    second = cell.recurrent_bias if isinstance(cell, GRUCell) else torch.zeros_like(cell.bias)
    weights = {"weight_ih": cell.kernel.T, "weight_hh": cell.recurrent_kernel.T, "bias_ih": cell.bias}
    peer.load_state_dict({**weights, "bias_hh": second})
    return peer


def given(kind: str) -> list[Tensor]:
    """Inputs, and the tensors of the carry."""
    numbers = torch.Generator().manual_seed(1)
    sizes = [INPUTS, *[UNITS] * CELLS[kind].states]  # type: ignore[attr-defined]
    return [torch.randn(BATCH, size, generator=numbers, dtype=torch.float64).requires_grad_() for size in sizes]


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("first", [0, 2])
def test_a_step_and_its_gradients_equal_pytorchs(kind: str, first: int) -> None:
    cell, (inputs_BxI, *carry) = random_cell(kind), given(kind)
    weights, seen = cell.weights(), []
    assert len(weights) == cell.products

    def product(number: int, x: Tensor) -> Tensor:
        seen.append(number)
        return x @ weights[number - first]

    mine = cell.step(tuple(carry), inputs_BxI, product, first)
    assert seen == list(range(first, first + cell.products))  # each once
    peer = peer_of(cell)
    results = peer(inputs_BxI, carry[0] if cell.states == 1 else tuple(carry))
    theirs = results if isinstance(results, tuple) else (results,)
    assert len(mine) == len(theirs) == cell.states
    factors = torch.linspace(-1, 2, BATCH * UNITS, dtype=torch.float64).view(BATCH, UNITS)
    names = [name for name, _ in cell.named_parameters()]
    gradients = []
    for states, learner in ((mine, cell), (theirs, peer)):
        total = sum(((n + 1) * factors * value).sum() for n, value in enumerate(states))
        parameters = dict(learner.named_parameters())
        if learner is peer:
            order = {"kernel": "weight_ih", "recurrent_kernel": "weight_hh", "bias": "bias_ih"}
            chosen = [parameters[order.get(name, "bias_hh")] for name in names]
        else:
            chosen = [parameters[name] for name in names]
        gradients.append(torch.autograd.grad(total, [inputs_BxI, *carry, *chosen]))  # type: ignore[arg-type]
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)
    for name, one, other in zip(["inputs", *["carry"] * cell.states, *names], *gradients, strict=True):
        turned = other.T if "kernel" in name else other
        torch.testing.assert_close(one, turned, rtol=1e-11, atol=1e-13, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("kind", CELLS)
def test_fresh_parameters_fit_and_depend_on_the_seed_only(kind: str) -> None:
    cell = CELLS[kind](INPUTS, UNITS)
    first, again, other = (
        dict(cell.initial("cell", KerasInitializer(generator(seed, "weights")))) for seed in (0, 0, 1)
    )
    assert {name: value.shape for name, value in first.items()} == {
        f"cell.{name}": value.shape for name, value in cell.named_parameters()
    }
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["cell.kernel"], other["cell.kernel"])
    recurrent_HxG = first["cell.recurrent_kernel"].double()
    torch.testing.assert_close(recurrent_HxG @ recurrent_HxG.T, torch.eye(UNITS).double(), rtol=1e-5, atol=1e-5)


def test_an_lstm_forgets_little_at_first_and_other_biases_are_0() -> None:
    init = KerasInitializer(generator(0, "weights"))
    lstm, gru = (dict(CELLS[kind](INPUTS, UNITS).initial("cell", init)) for kind in ("lstm", "gru"))
    assert lstm["cell.bias"].tolist() == [0.0] * UNITS + [1.0] * UNITS + [0.0] * 2 * UNITS
    assert not gru["cell.bias"].any()
    assert not gru["cell.recurrent_bias"].any()
