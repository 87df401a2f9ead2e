"""Each attention's softmax runs over what its weights compete for; values by hand in NumPy.

Shapes: B batch, T positions, D digit values.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.layers.attention import (
    ATTENTIONS,
    ElementAttention,
    FeatureAttention,
    TimeAttention,
    sequence_attention,
)
from attnseq.layers.attention import softmax as softmax_of_scores

BATCH, POSITIONS, BASE = 3, 6, 4

Array = npt.NDArray[np.float64]


def softmax(scores: Array, axis: int) -> Array:
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    shares: Array = powers / powers.sum(axis=axis, keepdims=True)
    return shares


def attend(layer: Any) -> tuple[Tensor, Array, Array, Array]:
    """A layer with random weights on random inputs: attention, inputs_BxTxD, weights as in Keras, bias."""
    generator = torch.Generator().manual_seed(0)
    layer = layer.double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    inputs_BxTxD = torch.rand(BATCH, POSITIONS, BASE, generator=generator, dtype=torch.float64)
    kernel, bias = layer.score.weight.detach().T.numpy(), layer.score.bias.detach().numpy()
    return layer(inputs_BxTxD).detach(), inputs_BxTxD.numpy(), kernel, bias


def assert_sums_to_one(attention: Tensor, dim: int, others: tuple[int, ...]) -> None:
    """Positive, with sum 1 over `dim`, and over no other dimension."""
    assert (attention > 0).all()
    sums = attention.sum(dim=dim)
    torch.testing.assert_close(sums, torch.ones_like(sums), rtol=1e-12, atol=1e-12)
    for other in others:
        assert ((attention.sum(dim=other) - 1).abs() > 1e-3).any()


def test_time_attention_is_the_articles() -> None:
    attention_BxT, inputs_BxTxD, kernel_TxT, bias_T = attend(TimeAttention(POSITIONS))
    assert attention_BxT.shape == (BATCH, POSITIONS)
    assert_sums_to_one(attention_BxT, dim=1, others=(0,))
    # Permute((2, 1)), Dense(T, activation="softmax"), mean over features, as the notebook with only_time_step=True
    permuted_BxDxT = np.transpose(inputs_BxTxD, (0, 2, 1))
    dense_BxDxT = softmax(np.einsum("bds,st->bdt", permuted_BxDxT, kernel_TxT) + bias_T, axis=2)
    np.testing.assert_allclose(attention_BxT.numpy(), dense_BxDxT.mean(axis=1), rtol=1e-12)


def test_element_attention_is_one_distribution_over_time_for_each_feature() -> None:
    attention_BxTxD, inputs_BxTxD, kernel_TxT, bias_T = attend(ElementAttention(POSITIONS))
    assert attention_BxTxD.shape == (BATCH, POSITIONS, BASE)
    assert_sums_to_one(attention_BxTxD, dim=1, others=(0, 2))
    for sample in range(BATCH):
        for feature in range(BASE):
            expected_T = softmax(inputs_BxTxD[sample, :, feature] @ kernel_TxT + bias_T, axis=0)
            np.testing.assert_allclose(attention_BxTxD[sample, :, feature].numpy(), expected_T, rtol=1e-12)


def test_time_attention_is_the_mean_of_element_attention() -> None:
    time, element = TimeAttention(POSITIONS), ElementAttention(POSITIONS)
    element.load_state_dict(time.state_dict())
    inputs_BxTxD = torch.rand(BATCH, POSITIONS, BASE, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(time(inputs_BxTxD), element(inputs_BxTxD).mean(dim=-1))


def test_feature_attention_is_one_distribution_over_features_for_all_time_steps() -> None:
    attention_BxTxD, inputs_BxTxD, kernel_Tx1, bias_1 = attend(FeatureAttention(POSITIONS))
    assert attention_BxTxD.shape == (BATCH, POSITIONS, BASE)
    assert_sums_to_one(attention_BxTxD, dim=2, others=(0, 1))
    expected_BxD = softmax(np.einsum("btd,t->bd", inputs_BxTxD, kernel_Tx1[:, 0]) + bias_1, axis=1)
    for position in range(POSITIONS):
        np.testing.assert_allclose(attention_BxTxD[:, position].numpy(), expected_BxD, rtol=1e-12)


@pytest.mark.parametrize("layer", [TimeAttention, ElementAttention, FeatureAttention])
def test_under_vmap_equals_one_by_one(layer: type[nn.Module]) -> None:
    module = layer(POSITIONS)
    inputs_PxBxTxD = torch.rand(2, BATCH, POSITIONS, BASE, generator=torch.Generator().manual_seed(0))
    together = torch.vmap(module)(inputs_PxBxTxD)
    torch.testing.assert_close(together, torch.stack([module(inputs_BxTxD) for inputs_BxTxD in inputs_PxBxTxD]))


def test_layers_by_name() -> None:
    layers = {kind: sequence_attention(kind, POSITIONS) for kind in ATTENTIONS}
    assert layers["none"] is None
    assert isinstance(layers["time"], TimeAttention)
    assert isinstance(layers["element"], ElementAttention)
    assert isinstance(layers["feature"], FeatureAttention)


@pytest.mark.parametrize("kind", ["", "Time", "nothing"])
def test_unknown_kind_is_refused_with_what_is_allowed(kind: str) -> None:
    with pytest.raises(ValueError, match=rf"model\.attention={kind}: must be one of time, element, feature, none"):
        sequence_attention(kind, POSITIONS)


@pytest.mark.parametrize("shape", [(7,), (3, 1), (2, 5, 17)])
def test_softmax_is_pytorchs_with_gradients_and_without(shape: tuple[int, ...]) -> None:
    scores = 50 * torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = torch.softmax(scores, dim=-1)
    with torch.no_grad():
        torch.testing.assert_close(softmax_of_scores(scores), expected, rtol=1e-12, atol=0)
        broken = torch.tensor([torch.nan, 0.0]), torch.tensor([torch.inf, 0.0]), torch.full((2,), -torch.inf)
        assert all(softmax_of_scores(each).isnan().all() for each in broken)
        assert softmax_of_scores(torch.tensor([1e30, 0.0, -torch.inf])).tolist() == [1.0, 0.0, 0.0]
    scores.requires_grad_()
    assert torch.equal(softmax_of_scores(scores), expected)
    assert torch.autograd.gradcheck(softmax_of_scores, scores)


def test_the_steps_take_pytorchs_softmax() -> None:
    """Its own gradient is one operation, and the compiler knows it."""

    def loss(scores: Tensor) -> Tensor:
        return softmax_of_scores(scores)[..., 0].sum()

    with torch.no_grad():  # as the steps are, around the gradient
        traced = make_fx(torch.vmap(torch.func.grad(loss)))(torch.zeros(2, 3))
    targets = {node.target for node in traced.graph.nodes}
    assert {torch.ops.aten._softmax.default, torch.ops.aten._softmax_backward_data.default} <= targets
