"""The transformer against PyTorch's own layers in float64, what positions, lengths and padding change, and its keys.

Shapes: B batch, T positions, K answer positions, H hidden units, M heads.
"""

import math
from typing import Any

import pytest
import torch
from plain_seq2seq import fill
from plain_transformer import attend, transform, weighted_sum
from torch import Tensor
from torch.nn import functional

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.spec import Classes, Reals, Scalar, Spec, Target, Tokens
from attnseq.core.keys import ConfigError
from attnseq.core.randomness import generator
from attnseq.layers.positions import sinusoids
from attnseq.layers.rollout import rollout
from attnseq.layers.transformer_layer import TransformerLayer
from attnseq.layers.weights import KerasInitializer
from attnseq.models.transformer import Transformer
from attnseq.models.transformer_config import TransformerConfig

BATCH, POSITIONS, VOCABULARY, UNITS = 5, 6, 4, 6
LENGTHS_B = torch.tensor([6, 1, 3, 5, 2], dtype=torch.int32)
TOKENS = Tokens(POSITIONS, VOCABULARY)
NUMBER = Spec(TOKENS, Scalar())
GROWING = Spec(Tokens(POSITIONS, VOCABULARY, padded=True), Tokens(POSITIONS + 1, 5, padded=True, end=True), grows=True)
TARGETS = [Scalar(), Classes(("a", "b")), Tokens(2, 7)]
KINDS = ["learnt", "sinusoidal", "none"]

targets = pytest.mark.parametrize("target", TARGETS, ids=["number", "class", "tokens"])
kinds = pytest.mark.parametrize("positions", KINDS)


def config(**values: Any) -> TransformerConfig:
    sizes = {"layers": 2, "heads": 2, "hidden_size": UNITS, "feed_forward_size": 5}
    usual = {**sizes, "positions": "learnt", "explains": "query"}
    return TransformerConfig(name="transformer", init="auto", **usual | values)


def random_model(spec: Spec, **values: Any) -> Transformer:
    model = config(**values).build(spec)
    fill(model)
    return model


def random_batch(positions: int = POSITIONS, lengths_B: Tensor | None = None, reals: bool = False) -> Batch:
    numbers = torch.Generator().manual_seed(1)
    if reals:
        return Batch(torch.randn(BATCH, positions, 2, generator=numbers), lengths=lengths_B)
    tokens_BxT = torch.randint(0, VOCABULARY, (BATCH, positions), generator=numbers, dtype=torch.uint8)
    return Batch(tokens_BxT, lengths=lengths_B)


def vectors_of(model: Transformer, name: str, count: int) -> Tensor:
    """Vectors of positions of the input or of the answer, as they are added."""
    learnt = getattr(model, name)
    like = torch.zeros(UNITS, dtype=torch.float64)
    return sinusoids(count, like) if learnt is None else learnt.vectors[:count] * math.sqrt(UNITS)


def reference(model: Transformer, inputs_T: Tensor, answers: int) -> tuple[Tensor, Tensor]:
    """Outputs KxO and weights MxKxT of one sequence that is not padded, by PyTorch's own layers."""
    reals = inputs_T.is_floating_point()
    inputs_TxF = inputs_T.double() if reals else functional.one_hot(inputs_T.long(), VOCABULARY).double()
    vectors_1xTxH = model.embedding(inputs_TxF).unsqueeze(0) * math.sqrt(UNITS)
    if model.config.positions != "none":
        vectors_1xTxH = vectors_1xTxH + vectors_of(model, "positions", len(inputs_T))
    for layer in model.layers:
        assert isinstance(layer, TransformerLayer)
        vectors_1xTxH = transform(layer, vectors_1xTxH)
    reading, queries_1xKxH = model.reading, vectors_of(model, "queries", answers).unsqueeze(0)
    contexts, weights = attend(reading.attention, reading.attention_norm(queries_1xKxH), model.norm(vectors_1xTxH))
    read = queries_1xKxH + contexts
    read = read + reading.narrow(functional.gelu(reading.widen(reading.feed_forward_norm(read))))
    return model.output(model.reading_norm(read))[0], weights[0]


@targets
@pytest.mark.parametrize("positions", KINDS)
@pytest.mark.parametrize("padded_reals", [False, True], ids=["whole tokens", "padded reals"])
def test_values_and_gradients_equal_pytorchs_layers(target: Target, positions: str, padded_reals: bool) -> None:
    inputs = Reals(POSITIONS, 2, padded=True) if padded_reals else TOKENS
    model = random_model(Spec(inputs, target), positions=positions)
    batch = random_batch(lengths_B=LENGTHS_B if padded_reals else None, reals=padded_reals)
    lengths = LENGTHS_B.tolist() if padded_reals else [POSITIONS] * BATCH
    output, answers = model(batch), target.length if isinstance(target, Tokens) else 1
    (weights_BxKxT, axes), *layers = output.attention.values()
    expected = []
    for sample, length in enumerate(lengths):
        outputs_KxO, weights_MxKxT = reference(model, batch.inputs[sample, :length], answers)
        torch.testing.assert_close(weights_BxKxT[sample, :, :length], weights_MxKxT.mean(dim=0), rtol=1e-9, atol=1e-12)
        assert not weights_BxKxT[sample, :, length:].any()
        assert all(not each.weights[sample, :, :, length:].any() for each in layers)
        expected.append(torch.sigmoid(outputs_KxO) if isinstance(target, Scalar) else outputs_KxO)
    shape = {Scalar: (BATCH,), Classes: (BATCH, 2), Tokens: (BATCH, 2, 7)}[type(target)]
    theirs = torch.stack(expected).reshape(shape)
    assert (axes, [each.axes for each in layers]) == ("BKT", ["BMTT", "BMTT"])
    torch.testing.assert_close(output.prediction, theirs, rtol=1e-9, atol=1e-12)
    parameters = list(model.parameters())
    gradients = [torch.autograd.grad(weighted_sum(each), parameters) for each in (output.prediction, theirs)]
    for mine, its in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-8, atol=1e-10)


@kinds
def test_order_matters_unless_there_are_no_positions(positions: str) -> None:
    model, batch = random_model(NUMBER, positions=positions), random_batch()
    order_T = torch.tensor([3, 0, 5, 1, 4, 2])
    before, after = model(batch), model(Batch(batch.inputs[:, order_T]))
    moved_BxKxT = before.attention["query"].weights[..., order_T]
    if positions == "none":
        torch.testing.assert_close(after.prediction, before.prediction, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(after.attention["query"].weights, moved_BxKxT, rtol=1e-10, atol=1e-14)
    else:
        assert ((after.prediction - before.prediction).abs() > 1e-6).all()


def test_answers_differ_though_no_position_does() -> None:
    model = random_model(Spec(TOKENS, Tokens(2, 7)), positions="none")
    logits_BxKxD = model(random_batch()).prediction
    assert ((logits_BxKxD[:, 0] - logits_BxKxD[:, 1]).abs() > 1e-6).all()


def test_rollout_changes_what_is_shown_and_nothing_else() -> None:
    spec = Spec(Tokens(POSITIONS, VOCABULARY, padded=True), Tokens(2, 7))
    batch = random_batch(lengths_B=LENGTHS_B)
    by_query, followed = (random_model(spec, explains=kind)(batch) for kind in ("query", "rollout"))
    assert torch.equal(by_query.prediction, followed.prediction)
    assert list(by_query.attention) == ["query", "layer1", "layer2"]
    assert list(followed.attention) == ["rollout", "layer1", "layer2"]
    layers = [by_query.attention[name].weights for name in ("layer1", "layer2")]
    for one, other in zip(layers, list(followed.attention.values())[1:], strict=True):
        assert torch.equal(one, other.weights)
    expected_BxKxT = by_query.attention["query"].weights @ rollout(layers)
    torch.testing.assert_close(followed.attention["rollout"].weights, expected_BxKxT, rtol=1e-12, atol=1e-14)
    absent_BxT = torch.arange(POSITIONS) >= LENGTHS_B.unsqueeze(-1)
    assert not followed.attention["rollout"].weights.masked_select(absent_BxT.unsqueeze(-2)).any()


@pytest.mark.parametrize("positions", [3, 11])
def test_sinusoids_take_any_length_and_answers_grow(positions: int) -> None:
    model, batch = random_model(GROWING, positions="sinusoidal"), random_batch(positions)
    output: Output = model(batch)
    assert output.prediction.shape == (BATCH, positions + 1, 5)
    for sample, inputs_T in enumerate(batch.inputs):
        outputs_KxO, _ = reference(model, inputs_T, positions + 1)
        torch.testing.assert_close(output.prediction[sample], outputs_KxO, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("positions", "spec", "any_length"),
    [
        ("learnt", NUMBER, False),
        ("sinusoidal", GROWING, True),
        ("none", NUMBER, True),
        ("none", GROWING, False),  # answers would have to grow, and each has a query of its own
    ],
)
def test_which_take_other_lengths(positions: str, spec: Spec, any_length: bool) -> None:
    assert config(positions=positions).build(spec).any_length == any_length


@kinds
def test_more_padding_changes_nothing(positions: str) -> None:
    spec = Spec(Tokens(POSITIONS + 3, VOCABULARY, padded=True), Scalar())
    model, batch = random_model(spec, positions=positions), random_batch(lengths_B=LENGTHS_B)
    longer = batch._replace(inputs=functional.pad(batch.inputs, (0, 3), value=3))
    torch.testing.assert_close(model(longer).prediction, model(batch).prediction, rtol=1e-12, atol=1e-14)


@targets
@kinds
def test_fresh_parameters_fit_the_module_and_depend_on_the_seed_only(target: Target, positions: str) -> None:
    model = config(positions=positions).build(Spec(TOKENS, target))
    first, again, other = (model.initial_parameters(KerasInitializer(generator(seed, "weights"))) for seed in (0, 0, 1))
    for name, value in first.items():
        assert value.dtype == torch.float32
        assert torch.equal(value, again[name])
        is_drawn = not name.endswith("bias") and "norm" not in name
        assert torch.equal(value, other[name]) != is_drawn
    model.load_state_dict(first)  # strict: no name too many or too few


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"heads": 4}, "model.heads=4: must divide model.hidden_size=6"),
        ({"layers": 0}, "model.layers=0: must be >= 1 and <= 64"),
        ({"positions": "rotary"}, "model.positions=rotary: must be one of learnt, sinusoidal, none"),
        ({"explains": "gradient"}, "model.explains=gradient: must be one of query, rollout"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError) as error:
        config(**values)
    assert str(error.value) == line
