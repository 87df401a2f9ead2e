"""The same weights in the same model built in Keras 3: outputs, gradients and one optimizer step agree.

Needs the `bench` extra. Keras runs on PyTorch here (KERAS_BACKEND=torch), in float64, so that what is compared is
the models and not rounding.

Shapes: W parameters, B batch, T positions.
"""

import importlib.util
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Scalar, Spec, Tokens
from attnseq.models.lstm_attention import LSTMAttention
from attnseq.models.mlp_attention import MLPAttention
from attnseq.objectives.mse import MeanSquaredError
from attnseq.training.population import FlatModel, PopulationState, Recipe, initial_state, take_step
from attnseq.training.replicas import stack_settings

if importlib.util.find_spec("keras") is None:
    pytest.skip("Keras is not installed (pip install -e '.[bench]')", allow_module_level=True)

with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
    patch.setenv("KERAS_BACKEND", "torch")  # read at the first import
    patch.setenv("KERAS_HOME", folder)  # Keras writes its settings there, otherwise into the user's home
    import keras  # type: ignore[import-untyped,unused-ignore]

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

BATCH, POSITIONS, BASE, UNITS = 16, 6, 5, 4
SPEC = Spec(Tokens(POSITIONS, BASE), Scalar())
SPEC = Spec(Tokens(POSITIONS, BASE), Scalar())
TOLERANCE = 1e-6
LEARNING_RATE = 1e-3

Array = npt.NDArray[np.float64]


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


def hard_sigmoid(z: Any) -> Any:
    """Keras 2's; that of Keras 3 has a slope of 1/6."""
    return keras.ops.clip(0.2 * z + 0.5, 0, 1)


def keras_mlp() -> Any:
    inputs = keras.Input((POSITIONS,))
    attention = keras.layers.Dense(POSITIONS, activation="softmax", name="attention")(inputs)
    weighted = keras.layers.Multiply()([inputs, attention])
    hidden = keras.layers.Dense(UNITS, activation="sigmoid", name="hidden")(weighted)
    output = keras.layers.Dense(1, activation="sigmoid", name="output")(hidden)
    return keras.Model(inputs, [output, attention])


def keras_lstm(kind: str, activation: str) -> Any:
    inputs = keras.Input((POSITIONS, BASE))
    permuted = keras.layers.Permute((2, 1))(inputs)
    weights = keras.layers.Dense(POSITIONS, activation="softmax", name="attention")(permuted)
    attention = keras.layers.Permute((2, 1))(weights)
    if kind == "time":
        attention = keras.ops.mean(attention, axis=2, keepdims=True)
    weighted = inputs * attention
    recurrent = hard_sigmoid if activation == "hard_sigmoid" else activation
    layer = keras.layers.LSTM(UNITS, recurrent_activation=recurrent, name="lstm")
    output = keras.layers.Dense(1, activation="sigmoid", name="output")(layer(weighted))
    return keras.Model(inputs, [output, attention])


def keras_names(model: nn.Module) -> dict[str, str]:
    """From our parameters to Keras' variables."""
    if isinstance(model, MLPAttention):
        layers = {"attention": "attention", "hidden": "hidden", "output": "output"}
        names = {}
    else:
        layers = {"attention.score": "attention", "output": "output"}
        names = {f"lstm.{key}": f"lstm/{key}" for key in ("kernel", "recurrent_kernel", "bias")}
    for ours, theirs in layers.items():
        names |= {f"{ours}.weight": f"{theirs}/kernel", f"{ours}.bias": f"{theirs}/bias"}
    return names


def variables(peer: Any) -> dict[str, Any]:
    """Keras' variables by layer/variable."""
    return {f"{layer.name}/{v.name}": v for layer in peer.layers for v in layer.trainable_variables}


def to_keras(name: str, value: Tensor) -> Array:
    """In Keras' orientation: (inputs, outputs), also of an affine layer."""
    array: Array = value.detach().numpy()
    return array.T if name.endswith(".weight") else array


def models(name: str) -> tuple[FlatModel, Any, Tensor]:
    """Our model, Keras', and the parameters_W that both have, the biases random, too."""
    kind, _, activation = name.removeprefix("lstm/").partition("/")
    model: MLPAttention | LSTMAttention
    if name == "mlp":
        model, peer = MLPAttention(SPEC, UNITS), keras_mlp()
    else:
        model, peer = LSTMAttention(SPEC, UNITS, kind, activation), keras_lstm(kind, activation)
    flat = FlatModel(model.double())
    numbers = torch.Generator().manual_seed(0)
    parameters = {key: torch.randn(p.shape, generator=numbers).double() for key, p in model.named_parameters()}
    theirs, names = variables(peer), keras_names(model)
    assert sorted(names.values()) == sorted(theirs)
    for ours, peers in names.items():
        theirs[peers].assign(to_keras(ours, parameters[ours]))
    return flat, peer, flat.flatten(parameters)


def samples() -> Batch:
    numbers = torch.Generator().manual_seed(1)
    digits_BxT = torch.randint(0, BASE, (BATCH, POSITIONS), generator=numbers, dtype=torch.uint8)
    targets_B = torch.rand(BATCH, generator=numbers, dtype=torch.float64)
    return Batch(digits_BxT, targets_B, valid=torch.ones(BATCH, dtype=torch.float64))


def keras_inputs(name: str, batch: Batch) -> Any:
    digits = batch.inputs.numpy()
    return keras.ops.convert_to_tensor(digits / BASE if name == "mlp" else np.eye(BASE)[digits])


def keras_loss(peer: Any, name: str, batch: Batch) -> Any:
    prediction_Bx1, _ = peer(keras_inputs(name, batch), training=True)
    targets = keras.ops.convert_to_tensor(batch.answers.numpy())
    return keras.ops.mean(keras.ops.square(prediction_Bx1[:, 0] - targets))


def our_step(flat: FlatModel, parameters_W: Tensor, batch: Batch, beta1: float) -> PopulationState:
    """The state after one step of Adam in Keras' form; with beta1 = 0 its first moment is the gradient."""
    settings = stack_settings([(LEARNING_RATE, beta1, 0.999, 1e-7, 0.0, 0.0, 0.0)], torch.device("cpu"))
    recipe = Recipe(flat, SPEC, MeanSquaredError(SPEC.target), "keras")
    one = batch.map(lambda values: values[None])._replace(valid=batch.valid)
    return take_step(recipe, initial_state(parameters_W[None]), settings, one)


NAMES = ["mlp", "lstm/time/hard_sigmoid", "lstm/time/sigmoid", "lstm/element/hard_sigmoid", "lstm/element/sigmoid"]


@pytest.mark.parametrize("name", NAMES)
def test_outputs_agree(name: str) -> None:
    flat, peer, parameters_W = models(name)
    batch = samples()
    output = flat(parameters_W, batch)
    prediction_Bx1, attention = (keras.ops.convert_to_numpy(x) for x in peer(keras_inputs(name, batch)))
    np.testing.assert_allclose(output.prediction.detach().numpy(), prediction_Bx1[:, 0], rtol=0, atol=TOLERANCE)
    ours = output.attention["input"].weights.detach().numpy()
    np.testing.assert_allclose(ours, attention.reshape(ours.shape), rtol=0, atol=TOLERANCE)
    assert np.ptp(prediction_Bx1) > 1e-3  # not all the same


@pytest.mark.parametrize("name", NAMES)
def test_gradients_and_one_step_agree(name: str) -> None:
    flat, peer, parameters_W = models(name)
    batch = samples()
    keras_loss(peer, name, batch).backward()
    theirs = variables(peer)
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    gradients = {key: variable.value.grad for key, variable in theirs.items()}
    with torch.no_grad():
        optimizer.apply(list(gradients.values()), list(theirs.values()))

    gradient_W = our_step(flat, parameters_W, batch, beta1=0.0).first_moment[0]
    moved_W = our_step(flat, parameters_W, batch, beta1=0.9).parameters[0]
    assert (moved_W - parameters_W).abs().max() > 0.9 * LEARNING_RATE
    gradient, before, after = (flat.unflatten(values_W) for values_W in (gradient_W, parameters_W, moved_W))
    for ours, peers in keras_names(flat.model).items():
        theirs_gradient = gradients[peers].cpu().numpy()
        size = np.abs(theirs_gradient).max()
        assert size > 1e-6
        np.testing.assert_allclose(
            to_keras(ours, gradient[ours]) / size, theirs_gradient / size, rtol=0, atol=TOLERANCE, err_msg=ours
        )
        step = to_keras(ours, after[ours]) - to_keras(ours, before[ours])
        theirs_step = keras.ops.convert_to_numpy(theirs[peers].value) - to_keras(ours, before[ours])
        # in units of the learning rate; Keras' Adam keeps its step size in float32
        np.testing.assert_allclose(
            step / LEARNING_RATE, theirs_step / LEARNING_RATE, rtol=0, atol=TOLERANCE, err_msg=ours
        )
