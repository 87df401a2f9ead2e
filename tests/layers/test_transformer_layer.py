"""The layer of a transformer against torch.nn.TransformerEncoderLayer, and on a memory against its parts.

Shapes: B batch, T positions, Q queries, H hidden units.
"""

import pytest
import torch
from plain_seq2seq import fill
from plain_transformer import attend, transform, weighted_sum
from torch import Tensor
from torch.nn import functional

from attnseq.core.randomness import generator
from attnseq.layers.transformer_layer import TransformerLayer
from attnseq.layers.weights import KerasInitializer

BATCH, POSITIONS, QUERIES, UNITS, HEADS, HIDDEN = 4, 5, 3, 6, 2, 7
PRESENT_BxT = torch.arange(POSITIONS) < torch.tensor([3, 1, 5, 4]).unsqueeze(-1)


def random_layer() -> TransformerLayer:
    layer = TransformerLayer(UNITS, HEADS, HIDDEN)
    fill(layer)
    return layer


def normal(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("present_BxT", [None, PRESENT_BxT], ids=["whole", "padded"])
def test_values_and_gradients_equal_pytorchs_that_normalises_first(present_BxT: Tensor | None) -> None:
    layer, vectors = random_layer(), normal(BATCH, POSITIONS, UNITS).requires_grad_()
    seen = []
    for found in (layer(vectors, present_BxT)[0], transform(layer, vectors, present_BxT)):
        own = found if present_BxT is None else found * present_BxT.unsqueeze(-1)  # what padding is made of is nobody's
        seen.append([own, *torch.autograd.grad(weighted_sum(own), [vectors, *layer.parameters()])])
    for mine, theirs in zip(*seen, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-10)


def test_a_memory_is_attended_to_as_it_is() -> None:
    layer, queries, memory = random_layer(), normal(BATCH, QUERIES, UNITS), normal(BATCH, POSITIONS, UNITS, seed=2)
    found, weights = layer(queries, PRESENT_BxT, memory)
    contexts, expected_weights = attend(layer.attention, layer.attention_norm(queries), memory, PRESENT_BxT)
    expected = queries + contexts
    expected = expected + layer.narrow(functional.gelu(layer.widen(layer.feed_forward_norm(expected))))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(weights, expected_weights, rtol=1e-10, atol=1e-12)


def test_fresh_parameters_fit_and_norms_change_no_scale() -> None:
    layer = TransformerLayer(UNITS, HEADS, HIDDEN)
    fresh = dict(layer.initial("layer", KerasInitializer(generator(0, "weights"))))
    assert {name: value.shape for name, value in fresh.items()} == {
        f"layer.{name}": value.shape for name, value in layer.named_parameters()
    }
    for name in ("attention_norm", "feed_forward_norm"):
        assert (fresh[f"layer.{name}.weight"] == 1).all()
        assert not fresh[f"layer.{name}.bias"].any()
