"""The MLP with attention against NumPy in float64, and its fresh weights.

Shapes: B batch, T positions, H hidden units.
"""

import numpy as np
import numpy.typing as npt
import pytest
import torch

from attnseq.core.randomness import generator
from attnseq.layers.initializers import tensorflow_glorot_uniform
from attnseq.layers.weights import KerasInitializer, TutorialInitializer
from attnseq.models.mlp_attention import MLPAttention

BATCH, POSITIONS, BASE, UNITS = 7, 6, 8, 5

Array = npt.NDArray[np.float64]


def random_model(dtype: torch.dtype = torch.float32, seed: int = 0) -> MLPAttention:
    numbers = torch.Generator().manual_seed(seed)
    model = MLPAttention(POSITIONS, BASE, UNITS).to(dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=numbers, dtype=torch.float64))
    return model


def random_digits(seed: int = 1) -> torch.Tensor:
    numbers = torch.Generator().manual_seed(seed)
    return torch.randint(0, BASE, (BATCH, POSITIONS), generator=numbers, dtype=torch.uint8)


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
    output = model(digits_BxT)
    prediction_B, attention_BxT = reference(model, digits_BxT.numpy())
    assert output.prediction.shape == (BATCH,)
    assert output.attention.shape == (BATCH, POSITIONS)
    np.testing.assert_allclose(output.prediction.detach().numpy(), prediction_B, rtol=tolerance)
    np.testing.assert_allclose(output.attention.detach().numpy(), attention_BxT, rtol=tolerance)
    assert ((output.prediction > 0) & (output.prediction < 1)).all()
    np.testing.assert_allclose(output.attention.sum(dim=1).detach().numpy(), 1, rtol=1e-6)


def test_the_type_of_the_digits_does_not_matter() -> None:
    model, digits_BxT = random_model(), random_digits()
    for dtype in (torch.int64, torch.float32):
        assert torch.equal(model(digits_BxT).prediction, model(digits_BxT.to(dtype)).prediction)


def test_a_position_without_weights_has_no_influence() -> None:
    model, digits_BxT = random_model(torch.float64), random_digits()
    moved_BxT = digits_BxT.clone()
    moved_BxT[:, 2] = (digits_BxT[:, 2] + 3) % BASE
    assert (model(digits_BxT).prediction != model(moved_BxT).prediction).all()
    with torch.no_grad():  # as an input of the attention and as an input of the hidden layer
        model.attention.weight[:, 2] = 0
        model.hidden.weight[:, 2] = 0
    assert torch.equal(model(digits_BxT).prediction, model(moved_BxT).prediction)


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
    weights = MLPAttention(10, 10, 10).initial_parameters(TutorialInitializer(list(seeds.values())))
    for name, seed in seeds.items():
        shape = (10, 1) if name == "output" else (10, 10)
        np.testing.assert_array_equal(weights[f"{name}.weight"].T, tensorflow_glorot_uniform(shape, seed))
        assert not weights[f"{name}.bias"].any()


def test_without_attention_the_layers_see_the_plain_input() -> None:
    model, digits_BxT = random_model(torch.float64), random_digits()
    plain = MLPAttention(POSITIONS, BASE, UNITS, attention="none").double()
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if "attention" not in name})
    output = plain(digits_BxT)
    inputs_BxT = digits_BxT.double() / BASE
    expected_B = torch.sigmoid(plain.output(torch.sigmoid(plain.hidden(inputs_BxT)))).squeeze(-1)
    torch.testing.assert_close(output.prediction, expected_B)
    assert (output.attention == 1 / POSITIONS).all()
    assert set(plain.initial_parameters(KerasInitializer(generator(0, "weights")))) == set(plain.state_dict())


def test_an_unknown_attention_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model\.attention=element: must be one of time, none"):
        MLPAttention(POSITIONS, BASE, UNITS, attention="element")
