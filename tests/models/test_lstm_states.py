"""The LSTM that attends to its own states: against torch.nn.LSTM in float64, its claims on length and padding.

Shapes: B batch, T time steps, H hidden units.
"""

import numpy as np
import pytest
import torch

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Scalar, Spec, Tokens
from attnseq.core.keys import ConfigError
from attnseq.core.randomness import generator
from attnseq.layers.alignment import SCORES
from attnseq.layers.weights import KerasInitializer
from attnseq.models.lstm_attention import LSTMStates
from attnseq.models.lstm_attention_config import LSTMAttentionConfig

BATCH, POSITIONS, BASE, UNITS = 5, 6, 4, 3
SPEC = Spec(Tokens(POSITIONS, BASE), Scalar())


def random_model(score: str) -> LSTMStates:
    numbers = torch.Generator().manual_seed(0)
    model = LSTMStates(SPEC, UNITS, score, "sigmoid").double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=numbers, dtype=torch.float64))
    return model


def random_digits(positions: int = POSITIONS, seed: int = 1) -> torch.Tensor:
    return torch.randint(0, BASE, (BATCH, positions), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def reference(model: LSTMStates, digits_T: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """One sequence at a time, by PyTorch's own LSTM: prediction and weights, gradients left to autograd."""
    peer = torch.nn.LSTM(BASE, UNITS, batch_first=True, dtype=torch.float64)
    weights = {
        "weight_ih_l0": model.lstm.kernel.T,
        "weight_hh_l0": model.lstm.recurrent_kernel.T,
        "bias_ih_l0": model.lstm.bias,
        "bias_hh_l0": torch.zeros_like(model.lstm.bias),
    }
    inputs_1xTxF = torch.nn.functional.one_hot(digits_T.long(), BASE).double().unsqueeze(0)
    states_1xTxH, _ = torch.func.functional_call(peer, weights, (inputs_1xTxF,))
    states_TxH = states_1xTxH[0]
    query_H = states_TxH[-1]
    scores_T = torch.stack([model.score(query_H.view(1, 1, -1), state.view(1, 1, -1)).view(()) for state in states_TxH])
    weights_T = torch.exp(scores_T) / torch.exp(scores_T).sum()
    context_H = (weights_T.unsqueeze(-1) * states_TxH).sum(dim=0)
    combined_H = torch.tanh(torch.cat((context_H, query_H)) @ model.combine)
    return torch.sigmoid(model.output(combined_H)).squeeze(-1), weights_T


@pytest.mark.parametrize("score", SCORES)
def test_values_and_gradients_equal_a_plain_computation(score: str) -> None:
    model, digits = random_model(score), random_digits()
    output = model(Batch(digits))
    expected = [reference(model, digits_T) for digits_T in digits]
    expected_B = torch.stack([prediction for prediction, _ in expected])
    torch.testing.assert_close(output.prediction, expected_B, rtol=1e-10, atol=1e-12)
    weights_BxT = torch.stack([weights for _, weights in expected])
    torch.testing.assert_close(output.attention["states"].weights, weights_BxT, rtol=1e-10, atol=1e-12)
    factors_B = torch.linspace(-1, 2, BATCH, dtype=torch.float64)
    parameters = list(model.parameters())
    mine = torch.autograd.grad((output.prediction * factors_B).sum(), parameters)
    theirs = torch.autograd.grad((expected_B * factors_B).sum(), parameters)
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def test_a_state_that_moves_moves_the_weights() -> None:
    model, digits = random_model("dot"), random_digits()
    moved = digits.clone()
    moved[:, 0] = (moved[:, 0] + 1) % BASE
    weights = [model(Batch(each)).attention["states"].weights for each in (digits, moved)]
    assert (weights[0] != weights[1]).all(dim=1).all()


@pytest.mark.parametrize("positions", [1, 3, 20])
@pytest.mark.parametrize("score", SCORES)
def test_it_takes_another_length_than_it_was_built_for(score: str, positions: int) -> None:
    model, digits = random_model(score), random_digits(positions)
    output = model(Batch(digits))
    expected_B = torch.stack([reference(model, digits_T)[0] for digits_T in digits])
    torch.testing.assert_close(output.prediction, expected_B, rtol=1e-9, atol=1e-12)
    assert model.any_length


def test_it_takes_no_other_length_where_answers_would_have_to_grow() -> None:
    spec = Spec(Tokens(3, BASE, padded=True), Tokens(4, BASE + 1, padded=True, end=True), grows=True)
    assert not LSTMStates(spec, UNITS, "dot", "sigmoid").any_length


def test_padding_has_weight_0_and_more_of_it_changes_nothing() -> None:
    model = random_model("additive")
    digits, lengths = random_digits(), torch.tensor([1, 2, 6, 3, 5], dtype=torch.int32)
    output = model(Batch(digits, lengths=lengths))
    absent_BxT = torch.arange(POSITIONS) >= lengths.unsqueeze(-1)
    assert (output.attention["states"].weights[absent_BxT] == 0).all()
    longer = torch.cat((digits, torch.full((BATCH, 4), 3, dtype=torch.uint8)), dim=1)
    padded = model(Batch(longer, lengths=lengths))
    torch.testing.assert_close(padded.prediction, output.prediction, rtol=1e-12, atol=1e-14)
    for sequence, length, prediction in zip(digits, lengths.tolist(), output.prediction, strict=True):
        alone, _ = reference(model, sequence[:length])
        torch.testing.assert_close(prediction, alone, rtol=1e-10, atol=1e-12)


def test_fresh_parameters_fit_and_depend_on_the_seed_only() -> None:
    for score in SCORES:
        model = LSTMStates(SPEC, UNITS, score, "hard_sigmoid")
        first, again, other = (
            model.initial_parameters(KerasInitializer(generator(seed, "weights"))) for seed in (0, 0, 1)
        )
        assert {name: value.shape for name, value in first.items()} == {
            name: value.shape for name, value in model.named_parameters()
        }
        assert all(torch.equal(first[name], again[name]) for name in first)
        assert not torch.equal(first["combine"], other["combine"])
        assert np.abs(first["combine"].numpy()).max() <= np.sqrt(6 / (3 * UNITS))


def config(**values: str) -> LSTMAttentionConfig:
    usual = {"attention": "time", "placement": "input", "score": "auto", "recurrent_activation": "sigmoid"}
    return LSTMAttentionConfig(name="lstm_attention", init="auto", hidden_size=UNITS, **usual | values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            {"placement": "hidden", "attention": "element"},
            "=element: must be one of time, position, uniform, operands, oracle",
        ),
        (
            {"placement": "hidden", "attention": "none"},
            "=none: must be one of time, position, uniform, operands, oracle",
        ),
        (
            {"placement": "hidden", "attention": "uniform", "score": "dot"},
            "model.attention=uniform with model.score=dot: must be one of auto",
        ),
        (
            {"attention": "position", "score": "dense"},
            "model.attention=position with model.score=dense: must be one of auto",
        ),
        ({"placement": "hidden", "score": "dense"}, "model.score=dense: must be one of auto, additive, dot, general"),
        ({"score": "dot"}, "model.placement=input with model.score=dot: must be one of auto, dense"),
        ({"placement": "both"}, "model.placement=both: must be one of input, hidden"),
    ],
)
def test_what_makes_no_sense_together_is_refused(values: dict[str, str], line: str) -> None:
    with pytest.raises(ConfigError) as error:
        config(**values)
    assert str(error.value).endswith(line)


def test_auto_is_additive_on_states() -> None:
    auto, additive = (config(placement="hidden", score=score).build(SPEC) for score in ("auto", "additive"))
    assert auto.state_dict().keys() == additive.state_dict().keys()
    assert type(config().build(SPEC)).__name__ == "LSTMAttention"
