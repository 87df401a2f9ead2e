"""The MLP with attention against NumPy in float64, and its fresh weights.

Shapes: B batch, T positions, H hidden units.
"""

import numpy as np
import numpy.typing as npt
import pytest
import torch

from attnseq.article.initial_weights import TutorialInitializer, tensorflow_glorot_uniform
from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.spec import Classes, Reals, Scalar, Spec, Tokens
from attnseq.core.randomness import generator
from attnseq.layers.weights import KerasInitializer
from attnseq.models.mlp_attention import MLPAttention
from attnseq.models.mlp_attention_config import MLPAttentionConfig

BATCH, POSITIONS, BASE, UNITS = 7, 6, 8, 5
SPEC = Spec(Tokens(POSITIONS, BASE), Scalar())

Array = npt.NDArray[np.float64]


def random_model(dtype: torch.dtype = torch.float32, seed: int = 0) -> MLPAttention:
    numbers = torch.Generator().manual_seed(seed)
    model = MLPAttention(SPEC, UNITS).to(dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=numbers, dtype=torch.float64))
    return model


def random_digits(seed: int = 1) -> torch.Tensor:
    numbers = torch.Generator().manual_seed(seed)
    return torch.randint(0, BASE, (BATCH, POSITIONS), generator=numbers, dtype=torch.uint8)


def predict(model: MLPAttention, digits_BxT: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """prediction_B and attention_BxT."""
    output: Output = model(Batch(digits_BxT))
    assert [(name, attention.axes) for name, attention in output.attention.items()] == [("input", "BT")]
    return output.prediction.detach(), output.attention["input"].weights.detach()


def sigmoid(z: Array) -> Array:
    value: Array = 1 / (1 + np.exp(-z))
    return value


def reference(model: MLPAttention, digits_BxT: npt.NDArray[np.uint8]) -> tuple[Array, Array]:
    """Prediction and attention, in float64 NumPy."""
    weights = {name: value.detach().numpy().astype(np.float64) for name, value in model.named_parameters()}
    inputs_BxT = digits_BxT / BASE
    powers_BxT = np.exp(inputs_BxT @ weights["attention.weight"].T + weights["attention.bias"])
    attention_BxT = powers_BxT / powers_BxT.sum(axis=1, keepdims=True)
    hidden_BxH = sigmoid((inputs_BxT * attention_BxT) @ weights["hidden.weight"].T + weights["hidden.bias"])
    return sigmoid(hidden_BxH @ weights["output.weight"][0] + weights["output.bias"]), attention_BxT


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_forward_equals_numpy(dtype: torch.dtype, tolerance: float) -> None:
    model, digits_BxT = random_model(dtype), random_digits()
    prediction_B, attention_BxT = predict(model, digits_BxT)
    expected_B, expected_BxT = reference(model, digits_BxT.numpy())
    assert prediction_B.shape == (BATCH,)
    assert attention_BxT.shape == (BATCH, POSITIONS)
    np.testing.assert_allclose(prediction_B.numpy(), expected_B, rtol=tolerance)
    np.testing.assert_allclose(attention_BxT.numpy(), expected_BxT, rtol=tolerance)
    assert ((prediction_B > 0) & (prediction_B < 1)).all()
    np.testing.assert_allclose(attention_BxT.sum(dim=1).numpy(), 1, rtol=1e-6)


def test_the_type_of_the_digits_does_not_matter() -> None:
    model, digits_BxT = random_model(), random_digits()
    for dtype in (torch.int64, torch.float32):
        assert torch.equal(predict(model, digits_BxT)[0], predict(model, digits_BxT.to(dtype))[0])


def test_a_position_without_weights_has_no_influence() -> None:
    model, digits_BxT = random_model(torch.float64), random_digits()
    moved_BxT = digits_BxT.clone()
    moved_BxT[:, 2] = (digits_BxT[:, 2] + 3) % BASE
    assert (predict(model, digits_BxT)[0] != predict(model, moved_BxT)[0]).all()
    with torch.no_grad():  # as an input of the attention and as an input of the hidden layer
        model.attention.weight[:, 2] = 0
        model.hidden.weight[:, 2] = 0
    assert torch.equal(predict(model, digits_BxT)[0], predict(model, moved_BxT)[0])


def test_fresh_parameters_fit_the_module_and_depend_on_the_seed_only() -> None:
    model = random_model()
    before = {name: value.clone() for name, value in model.named_parameters()}
    first, again, other = (model.initial_parameters(KerasInitializer(generator(seed, "weights"))) for seed in (0, 0, 1))
    assert {name: value.shape for name, value in first.items()} == {name: p.shape for name, p in before.items()}
    for name, value in first.items():
        assert value.dtype == torch.float32
        assert torch.equal(value, again[name])
        assert torch.equal(before[name], dict(model.named_parameters())[name])
        if name.endswith("bias"):
            assert not value.any()
        else:
            assert not torch.equal(value, other[name])
            assert value.abs().max() <= np.sqrt(6 / sum(value.shape))
    model.load_state_dict(first)  # strict: no name too many or too few


def test_tutorial_kernels_are_those_of_its_op_seeds() -> None:
    seeds = {"attention": 1313943, "hidden": 8315069, "output": 7087336}  # tutorial/RECIPE.md
    weights = MLPAttention(Spec(Tokens(10, 10), Scalar()), 10).initial_parameters(
        TutorialInitializer(list(seeds.values()))
    )
    for name, seed in seeds.items():
        shape = (10, 1) if name == "output" else (10, 10)
        np.testing.assert_array_equal(weights[f"{name}.weight"].T, tensorflow_glorot_uniform(shape, seed))
        assert not weights[f"{name}.bias"].any()


def test_without_attention_the_layers_see_the_plain_input() -> None:
    model, digits_BxT = random_model(torch.float64), random_digits()
    plain = MLPAttention(SPEC, UNITS, attention="none").double()
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if "attention" not in name})
    output = plain(Batch(digits_BxT))
    inputs_BxT = digits_BxT.double() / BASE
    expected_B = torch.sigmoid(plain.output(torch.sigmoid(plain.hidden(inputs_BxT)))).squeeze(-1)
    torch.testing.assert_close(output.prediction, expected_B)
    assert (output.attention, plain.attends) == ({}, False)
    assert set(plain.initial_parameters(KerasInitializer(generator(0, "weights")))) == set(plain.state_dict())


def test_real_numbers_are_read_as_scaled_tokens_are() -> None:
    model, digits_BxT = random_model(torch.float64), random_digits()
    other = MLPAttention(Spec(Reals(POSITIONS), Scalar()), UNITS).double()
    other.load_state_dict(model.state_dict())
    for mine, its in zip(predict(model, digits_BxT), predict(other, digits_BxT.unsqueeze(-1) / BASE), strict=True):
        assert torch.equal(mine, its)  # an eighth is exact


@pytest.mark.parametrize(
    ("target", "shape"),
    [(Classes(("a", "b", "c")), (BATCH, 3)), (Tokens(2, 9), (BATCH, 2, 9))],
    ids=["classes", "tokens"],
)
def test_other_targets_have_their_logits(target: Classes | Tokens, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model, digits_BxT = MLPAttention(Spec(SPEC.inputs, target), UNITS), random_digits()
    logits, attention_BxT = predict(model, digits_BxT)
    assert logits.shape == shape
    hidden_BxH = torch.sigmoid(model.hidden(digits_BxT / BASE * attention_BxT))
    torch.testing.assert_close(logits.flatten(1), model.output(hidden_BxH).detach())


def test_it_takes_one_number_a_position() -> None:
    assert MLPAttentionConfig.takes(SPEC)
    assert MLPAttentionConfig.takes(Spec(Reals(4), Scalar()))
    assert not MLPAttentionConfig.takes(Spec(Reals(4, features=2), Scalar()))


def test_an_unknown_attention_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model\.attention=element: must be one of time, position, .*, none"):
        MLPAttention(SPEC, UNITS, attention="element")
