"""Each attention's softmax runs over what its weights compete for; values by hand in NumPy.

Shapes: B batch, T positions, F features.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.layers.attention import (
    LAYERS,
    ElementAttention,
    FeatureAttention,
    TimeAttention,
    sequence_attention,
)
from attnseq.layers.attention import softmax as softmax_of_scores

BATCH, POSITIONS, FEATURES = 3, 6, 4

Array = npt.NDArray[np.float64]


def softmax(scores: Array, axis: int) -> Array:
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    shares: Array = powers / powers.sum(axis=axis, keepdims=True)
    return shares


def random_layer(layer: Any) -> Any:
    generator = torch.Generator().manual_seed(0)
    layer = layer.double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return layer


def random_inputs() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(BATCH, POSITIONS, FEATURES, generator=generator, dtype=torch.float64)


def attend(layer: Any) -> tuple[Tensor, Array, Array, Array]:
    """A layer with random weights on random inputs: attention, inputs_BxTxF, weights as in Keras, bias."""
    layer, inputs_BxTxF = random_layer(layer), random_inputs()
    kernel, bias = layer.score.weight.detach().T.numpy(), layer.score.bias.detach().numpy()
    weights = layer(inputs_BxTxF).weights.detach()
    assert layer(inputs_BxTxF).axes == ("BT" if weights.dim() == 2 else "BTD")
    return weights, inputs_BxTxF.numpy(), kernel, bias


def assert_sums_to_one(attention: Tensor, dim: int, others: tuple[int, ...]) -> None:
    """Positive, with sum 1 over `dim`, and over no other dimension."""
    assert (attention > 0).all()
    sums = attention.sum(dim=dim)
    torch.testing.assert_close(sums, torch.ones_like(sums), rtol=1e-12, atol=1e-12)
    for other in others:
        assert ((attention.sum(dim=other) - 1).abs() > 1e-3).any()


def test_time_attention_is_the_articles() -> None:
    attention_BxT, inputs_BxTxF, kernel_TxT, bias_T = attend(TimeAttention(POSITIONS))
    assert attention_BxT.shape == (BATCH, POSITIONS)
    assert_sums_to_one(attention_BxT, dim=1, others=(0,))
    # Permute((2, 1)), Dense(T, activation="softmax"), mean over features, as the notebook with only_time_step=True
    permuted_BxFxT = np.transpose(inputs_BxTxF, (0, 2, 1))
    dense_BxFxT = softmax(np.einsum("bds,st->bdt", permuted_BxFxT, kernel_TxT) + bias_T, axis=2)
    np.testing.assert_allclose(attention_BxT.numpy(), dense_BxFxT.mean(axis=1), rtol=1e-12)


def test_element_attention_is_one_distribution_over_time_for_each_feature() -> None:
    attention_BxTxF, inputs_BxTxF, kernel_TxT, bias_T = attend(ElementAttention(POSITIONS))
    assert attention_BxTxF.shape == (BATCH, POSITIONS, FEATURES)
    assert_sums_to_one(attention_BxTxF, dim=1, others=(0, 2))
    for sample in range(BATCH):
        for feature in range(FEATURES):
            expected_T = softmax(inputs_BxTxF[sample, :, feature] @ kernel_TxT + bias_T, axis=0)
            np.testing.assert_allclose(attention_BxTxF[sample, :, feature].numpy(), expected_T, rtol=1e-12)


def test_time_attention_is_the_mean_of_element_attention() -> None:
    time, element = TimeAttention(POSITIONS), ElementAttention(POSITIONS)
    element.load_state_dict(time.state_dict())
    inputs_BxTxF = torch.rand(BATCH, POSITIONS, FEATURES, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(time(inputs_BxTxF).weights, element(inputs_BxTxF).weights.mean(dim=-1))


def test_feature_attention_is_one_distribution_over_features_for_all_time_steps() -> None:
    attention_BxTxF, inputs_BxTxF, kernel_Tx1, bias_1 = attend(FeatureAttention(POSITIONS))
    assert attention_BxTxF.shape == (BATCH, POSITIONS, FEATURES)
    assert_sums_to_one(attention_BxTxF, dim=2, others=(0, 1))
    expected_BxF = softmax(np.einsum("btd,t->bd", inputs_BxTxF, kernel_Tx1[:, 0]) + bias_1, axis=1)
    for position in range(POSITIONS):
        np.testing.assert_allclose(attention_BxTxF[:, position].numpy(), expected_BxF, rtol=1e-12)


@pytest.mark.parametrize("layer", [TimeAttention, ElementAttention, FeatureAttention])
def test_under_vmap_equals_one_by_one(layer: type[nn.Module]) -> None:
    module = layer(POSITIONS)
    inputs_PxBxTxF = torch.rand(2, BATCH, POSITIONS, FEATURES, generator=torch.Generator().manual_seed(0))
    together = torch.vmap(lambda inputs_BxTxF: module(inputs_BxTxF).weights)(inputs_PxBxTxF)
    alone = torch.stack([module(inputs_BxTxF).weights for inputs_BxTxF in inputs_PxBxTxF])
    torch.testing.assert_close(together, alone)


LENGTHS_B = torch.tensor([2, POSITIONS, 1])
PRESENT_BXT = torch.arange(POSITIONS) < LENGTHS_B[:, None]


@pytest.mark.parametrize("layer", [TimeAttention, ElementAttention])
def test_positions_that_a_sample_lacks_do_not_compete(layer: type[nn.Module]) -> None:
    module, inputs_BxTxF = random_layer(layer(POSITIONS)), random_inputs() * PRESENT_BXT[..., None]
    weights = module(inputs_BxTxF, PRESENT_BXT).weights
    for sample, length in enumerate(LENGTHS_B.tolist()):
        assert not weights[sample, length:].any()
        scores_TxF = module.score(inputs_BxTxF[sample].T).T[:length]
        expected = torch.softmax(scores_TxF, dim=0)
        torch.testing.assert_close(weights[sample, :length], expected.mean(dim=1) if weights.dim() == 2 else expected)


def test_features_have_no_weight_at_positions_that_a_sample_lacks() -> None:
    module, inputs_BxTxF = random_layer(FeatureAttention(POSITIONS)), random_inputs() * PRESENT_BXT[..., None]
    weights_BxTxF, whole_BxTxF = module(inputs_BxTxF, PRESENT_BXT).weights, module(inputs_BxTxF).weights
    assert torch.equal(weights_BxTxF, torch.where(PRESENT_BXT[..., None], whole_BxTxF, 0))


def test_layers_by_name() -> None:
    layers = {kind: sequence_attention(kind, POSITIONS) for kind in LAYERS}
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


def test_what_does_not_compete_has_weight_0_exactly_and_takes_no_gradient() -> None:
    scores = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    present = torch.tensor([[True, False, True, False, True], [True] * 5, [False, False, True, False, False]])
    with torch.no_grad():
        shares = softmax_of_scores(scores, present)
    for row, its in enumerate(present):
        torch.testing.assert_close(shares[row][its], torch.softmax(scores[row][its], dim=0), rtol=1e-12, atol=0)
    assert not shares[~present].any()
    scores.requires_grad_()
    again = softmax_of_scores(scores, present)
    torch.testing.assert_close(again, shares, rtol=1e-12, atol=0)
    (again**2).sum().backward()
    assert scores.grad is not None
    assert not scores.grad[~present].any()
    assert scores.grad[present][:-1].all()
    assert scores.grad.isfinite().all()


def test_the_steps_take_pytorchs_softmax() -> None:
    """Its own gradient is one operation, and the compiler knows it."""

    def loss(scores: Tensor) -> Tensor:
        return softmax_of_scores(scores)[..., 0].sum()

    with torch.no_grad():  # as the steps are, around the gradient
        traced = make_fx(torch.vmap(torch.func.grad(loss)))(torch.zeros(2, 3))
    targets = {node.target for node in traced.graph.nodes}
    assert {torch.ops.aten._softmax.default, torch.ops.aten._softmax_backward_data.default} <= targets
