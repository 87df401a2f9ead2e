"""The LSTM with each attention against NumPy in float64, and its fresh weights.

Shapes: B batch, T time steps, F features (digit values), H hidden units.
"""

import numpy as np
import numpy.typing as npt
import pytest
import torch

from attnseq.article.initial_weights import TutorialInitializer, tensorflow_glorot_uniform
from attnseq.contracts.batch import Attention, Batch
from attnseq.contracts.spec import Reals, Scalar, Spec, Tokens
from attnseq.core.randomness import generator
from attnseq.layers.attention import LAYERS, TimeAttention
from attnseq.layers.initializers import lstm_bias, orthogonal_from_normal
from attnseq.layers.lstm import RECURRENT_ACTIVATIONS
from attnseq.layers.weights import KerasInitializer
from attnseq.models.lstm_attention import LSTMAttention

BATCH, POSITIONS, BASE, UNITS = 5, 6, 4, 3
SPEC = Spec(Tokens(POSITIONS, BASE), Scalar())

Array = npt.NDArray[np.float64]


def random_model(attention: str, activation: str = "hard_sigmoid", dtype: torch.dtype = torch.float64) -> LSTMAttention:
    numbers = torch.Generator().manual_seed(0)
    model = LSTMAttention(SPEC, UNITS, attention, activation).to(dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(2 * torch.randn(parameter.shape, generator=numbers, dtype=torch.float64))
    return model


def random_digits(seed: int = 1) -> torch.Tensor:
    numbers = torch.Generator().manual_seed(seed)
    return torch.randint(0, BASE, (BATCH, POSITIONS), generator=numbers, dtype=torch.uint8)


def predict(model: LSTMAttention, digits_BxT: torch.Tensor) -> tuple[torch.Tensor, Attention | None]:
    """prediction_B, and the attention to the input, if any."""
    output = model(Batch(digits_BxT))
    assert list(output.attention) == ["input"] * model.attends
    return output.prediction.detach(), output.attention.get("input")


def sigmoid(z: Array) -> Array:
    value: Array = 1 / (1 + np.exp(-z))
    return value


def softmax(scores: Array, axis: int) -> Array:
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    shares: Array = powers / powers.sum(axis=axis, keepdims=True)
    return shares


def reference(model: LSTMAttention, digits_BxT: npt.NDArray[np.uint8], kind: str, hard: bool) -> tuple[Array, Array]:
    """Prediction and attention, in float64 NumPy."""
    weights = {name: value.detach().numpy().astype(np.float64) for name, value in model.named_parameters()}
    inputs_BxTxD = np.eye(BASE)[digits_BxT]
    attention = np.array(())
    factor_BxTxD = np.ones_like(inputs_BxTxD)
    if kind == "feature":
        scores_BxD = np.einsum("btd,t->bd", inputs_BxTxD, weights["attention.score.weight"][0])
        scores_BxD += weights["attention.score.bias"]
        attention = factor_BxTxD = np.repeat(softmax(scores_BxD, axis=1)[:, None, :], POSITIONS, axis=1)
    elif kind != "none":
        scores_BxTxD = np.einsum("bsd,ts->btd", inputs_BxTxD, weights["attention.score.weight"])
        attention = factor_BxTxD = softmax(scores_BxTxD + weights["attention.score.bias"][:, None], axis=1)
        if kind == "time":
            attention = attention.mean(axis=2)
            factor_BxTxD = attention[:, :, None]
    hidden_BxH = cell_BxH = np.zeros((len(digits_BxT), UNITS))
    for step in range(POSITIONS):
        z_Bx4H = (inputs_BxTxD * factor_BxTxD)[:, step] @ weights["lstm.kernel"] + weights["lstm.bias"]
        z_i, z_f, z_c, z_o = np.split(z_Bx4H + hidden_BxH @ weights["lstm.recurrent_kernel"], 4, axis=1)
        i, f, o = (np.clip(0.2 * z + 0.5, 0, 1) if hard else sigmoid(z) for z in (z_i, z_f, z_o))
        cell_BxH = f * cell_BxH + i * np.tanh(z_c)
        hidden_BxH = o * np.tanh(cell_BxH)
    return sigmoid(hidden_BxH @ weights["output.weight"][0] + weights["output.bias"]), attention


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-5)])
@pytest.mark.parametrize("activation", RECURRENT_ACTIVATIONS)
@pytest.mark.parametrize("kind", LAYERS)
def test_forward_equals_numpy(kind: str, activation: str, dtype: torch.dtype, tolerance: float) -> None:
    model, digits_BxT = random_model(kind, activation, dtype), random_digits()
    prediction_B, attention = predict(model, digits_BxT)
    expected_B, expected = reference(model, digits_BxT.numpy(), kind, activation == "hard_sigmoid")
    assert prediction_B.shape == (BATCH,)
    np.testing.assert_allclose(prediction_B.numpy(), expected_B, rtol=tolerance)
    assert (attention is None) == (kind == "none")
    if attention is not None:
        features = (BASE,) if kind in ("element", "feature") else ()
        assert attention.weights.shape == (BATCH, POSITIONS, *features)
        assert attention.axes == ("BTD" if features else "BT")
        np.testing.assert_allclose(attention.weights.detach().numpy(), expected, rtol=tolerance)
    assert ((prediction_B > 0) & (prediction_B < 1)).all()


def test_without_attention_there_is_none_and_nothing_is_learnt_about_it() -> None:
    model = random_model("none")
    assert not model.attends
    assert not [name for name, _ in model.named_parameters() if name.startswith("attention")]
    assert predict(model, random_digits())[1] is None


@pytest.mark.parametrize("kind", ["time", "none"])
def test_a_difference_that_no_weight_sees_has_no_influence(kind: str) -> None:
    model, digits_BxT = random_model(kind), random_digits()
    digits_BxT[:, 2] = 0
    moved_BxT = digits_BxT.clone()
    moved_BxT[:, 2] = 1
    assert (predict(model, digits_BxT)[0] != predict(model, moved_BxT)[0]).all()
    with torch.no_grad():  # the LSTM reads 0 as 1, and the attention does not look at position 2
        model.lstm.kernel[1] = model.lstm.kernel[0]
        if isinstance(model.attention, TimeAttention):
            model.attention.score.weight[:, 2] = 0
    # the mean over features adds in another order
    torch.testing.assert_close(predict(model, digits_BxT)[0], predict(model, moved_BxT)[0], rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("kind", LAYERS)
def test_fresh_parameters_fit_the_module_and_depend_on_the_seed_only(kind: str) -> None:
    model = random_model(kind, dtype=torch.float32)
    before = {name: value.clone() for name, value in model.named_parameters()}
    first, again, other = (model.initial_parameters(KerasInitializer(generator(seed, "weights"))) for seed in (0, 0, 1))
    assert {name: value.shape for name, value in first.items()} == {name: p.shape for name, p in before.items()}
    for name, value in first.items():
        assert value.dtype == torch.float32
        assert torch.equal(value, again[name])
        assert torch.equal(before[name], dict(model.named_parameters())[name])
        assert name.endswith("bias") or not torch.equal(value, other[name])
    np.testing.assert_array_equal(first["lstm.bias"], lstm_bias(UNITS))
    assert not first["output.bias"].any()
    recurrent = first["lstm.recurrent_kernel"]
    torch.testing.assert_close(recurrent @ recurrent.T, torch.eye(UNITS), rtol=1e-5, atol=1e-6)
    model.load_state_dict(first)  # strict: no name too many or too few


def test_tutorial_weights_are_those_of_its_draws() -> None:
    seeds = [2006956, 7073026, 7944341]  # tutorial/RECIPE.md: attention, input kernel, output
    normal_HxG = generator(0, "weights").standard_normal((64, 256))
    model = LSTMAttention(Spec(Tokens(10, 10), Scalar()), 64, "time", "hard_sigmoid")
    weights = model.initial_parameters(TutorialInitializer(seeds, normal_HxG))
    attention, kernel, output = (
        tensorflow_glorot_uniform(shape, seed)
        for shape, seed in zip([(10, 10), (10, 256), (64, 1)], seeds, strict=True)
    )
    np.testing.assert_array_equal(weights["attention.score.weight"].T, attention)
    np.testing.assert_array_equal(weights["lstm.kernel"], kernel)
    np.testing.assert_array_equal(weights["lstm.recurrent_kernel"], orthogonal_from_normal(normal_HxG))
    np.testing.assert_array_equal(weights["output.weight"].T, output)
    np.testing.assert_array_equal(weights["lstm.bias"], lstm_bias(64))
    assert not weights["attention.score.bias"].any()
    assert not weights["output.bias"].any()


@pytest.mark.parametrize("kind", LAYERS)
def test_real_numbers_are_read_as_a_one_hot_input_is(kind: str) -> None:
    model, digits_BxT = random_model(kind), random_digits()
    other = LSTMAttention(Spec(Reals(POSITIONS, BASE), Scalar()), UNITS, kind, "hard_sigmoid").double()
    other.load_state_dict(model.state_dict())
    numbers_BxTxF = torch.nn.functional.one_hot(digits_BxT.long(), BASE).float()
    (prediction_B, attention), (other_B, its) = predict(model, digits_BxT), predict(other, numbers_BxTxF)
    assert torch.equal(prediction_B, other_B)
    assert (attention is None) == (its is None)
    if attention is not None and its is not None:
        assert torch.equal(attention.weights, its.weights)


@pytest.mark.parametrize("kind", ["time", "none"])
def test_a_sequence_that_ends_early_equals_a_model_of_its_length(kind: str) -> None:
    """Where the weights of what follows are taken out: the scores of the first positions from the first positions."""
    model, length = random_model(kind), 4
    short = LSTMAttention(Spec(Tokens(length, BASE), Scalar()), UNITS, kind, "hard_sigmoid").double()
    weights = dict(model.state_dict())
    if kind == "time":
        score = weights["attention.score.weight"][:length, :length], weights["attention.score.bias"][:length]
        weights |= {"attention.score.weight": score[0], "attention.score.bias": score[1]}
    short.load_state_dict(weights)
    digits_BxT = random_digits()
    lengths_B = torch.full((BATCH,), length, dtype=torch.int32)
    padded, alone = model(Batch(digits_BxT, lengths=lengths_B)), short(Batch(digits_BxT[:, :length]))
    torch.testing.assert_close(padded.prediction, alone.prediction, rtol=1e-12, atol=0)
    if kind == "time":
        weights_BxT = padded.attention["input"].weights
        torch.testing.assert_close(weights_BxT[:, :length], alone.attention["input"].weights, rtol=1e-12, atol=0)
        assert not weights_BxT[:, length:].any()


def test_unknown_choices_are_refused() -> None:
    with pytest.raises(ValueError, match=r"model\.attention=all"):
        LSTMAttention(SPEC, UNITS, "all", "sigmoid")
    with pytest.raises(ValueError, match=r"model\.recurrent_activation=tanh"):
        LSTMAttention(SPEC, UNITS, "time", "tanh")
