"""Learned queries against PyTorch's own scaled dot-product attention in float64, and their fresh weights.

Shapes: B batch, T positions, F features, K answer positions, H hidden units.
"""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.spec import Classes, Reals, Scalar, Spec, Target, Tokens
from attnseq.core.randomness import generator
from attnseq.layers.weights import KerasInitializer
from attnseq.models.query_attention import QueryAttention

BATCH, POSITIONS, VOCABULARY, UNITS = 5, 6, 4, 3
LENGTHS_B = torch.tensor([6, 1, 3, 5, 2], dtype=torch.int32)
TOKENS = Tokens(POSITIONS, VOCABULARY)
TARGETS = [Scalar(), Classes(("a", "b")), Tokens(2, 7), Tokens(2, 7, padded=True, end=True)]
NAMES = ["scalar", "classes", "tokens", "tokens with an end"]


def random_model(spec: Spec) -> QueryAttention:
    numbers = torch.Generator().manual_seed(0)
    model = QueryAttention(spec, UNITS).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=numbers, dtype=torch.float64))
    return model


def random_batch(lengths_B: Tensor | None, reals: bool = False) -> Batch:
    numbers = torch.Generator().manual_seed(1)
    if reals:
        return Batch(torch.randn(BATCH, POSITIONS, 2, generator=numbers), lengths=lengths_B)
    tokens_BxT = torch.randint(0, VOCABULARY, (BATCH, POSITIONS), generator=numbers, dtype=torch.uint8)
    return Batch(tokens_BxT, lengths=lengths_B)


def reference(model: QueryAttention, inputs_TxF: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs KxO and weights KxT of one sequence that is not padded, by PyTorch's own attention.

    The key and value of no position, where the model has them, are those of one position more.
    """
    length = len(inputs_TxF)
    keys_TxH = inputs_TxF @ model.key + model.from_start[:length] + model.from_end[:length].flip(0)
    values_TxH = model.value(inputs_TxF)
    if model.no_key is not None:
        keys_TxH, values_TxH = torch.cat((keys_TxH, model.no_key)), torch.cat((values_TxH, model.no_value))
    contexts_KxH = functional.scaled_dot_product_attention(model.queries[None], keys_TxH[None], values_TxH[None])[0]
    identity_TxT = torch.eye(len(keys_TxH), dtype=torch.float64)  # of which a mean is the weights themselves
    weights_KxT = functional.scaled_dot_product_attention(model.queries[None], keys_TxH[None], identity_TxT[None])[0]
    return model.output(torch.tanh(contexts_KxH)), weights_KxT[:, :length]


@pytest.mark.parametrize("target", TARGETS, ids=NAMES)
@pytest.mark.parametrize("reals", [False, True], ids=["tokens", "reals"])
@pytest.mark.parametrize("lengths_B", [None, LENGTHS_B], ids=["whole", "padded"])
def test_forward_equals_pytorchs_attention(target: Target, reals: bool, lengths_B: Tensor | None) -> None:
    model = random_model(Spec(Reals(POSITIONS, 2) if reals else TOKENS, target))
    batch = random_batch(lengths_B, reals)
    output: Output = model(batch)
    weights_BxKxT, axes = output.attention["alignment"]
    answers = target.length if isinstance(target, Tokens) else 1
    assert (axes, weights_BxKxT.shape) == ("BKT", (BATCH, answers, POSITIONS))
    for sample, length in enumerate([POSITIONS] * BATCH if lengths_B is None else lengths_B.tolist()):
        inputs_T = batch.inputs[sample, :length]
        inputs_TxF = inputs_T.double() if reals else functional.one_hot(inputs_T.long(), VOCABULARY).double()
        outputs_KxO, weights_KxT = reference(model, inputs_TxF)
        expected = torch.sigmoid(outputs_KxO[0, 0]) if isinstance(target, Scalar) else outputs_KxO
        shape = output.prediction[sample].shape
        torch.testing.assert_close(output.prediction[sample], expected.reshape(shape), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(weights_BxKxT[sample, :, :length], weights_KxT, rtol=1e-12, atol=1e-12)
        assert not weights_BxKxT[sample, :, length:].any()
    assert output.prediction.shape == {Scalar: (BATCH,), Classes: (BATCH, 2), Tokens: (BATCH, 2, 7)}[type(target)]


def test_no_answer_position_sees_another() -> None:
    model, batch = random_model(Spec(TOKENS, Tokens(3, 7))), random_batch(LENGTHS_B)
    before: Output = model(batch)
    with torch.no_grad():
        model.queries[1] += 1
    after: Output = model(batch)
    for answer in range(3):
        same = torch.equal(before.prediction[:, answer], after.prediction[:, answer])
        assert same == (answer != 1)


@pytest.mark.parametrize("target", TARGETS, ids=NAMES)
def test_fresh_parameters_fit_the_module_and_depend_on_the_seed_only(target: Target) -> None:
    model = QueryAttention(Spec(TOKENS, target), UNITS)
    shapes = {name: value.shape for name, value in model.named_parameters()}
    first, again, other = (model.initial_parameters(KerasInitializer(generator(seed, "weights"))) for seed in (0, 0, 1))
    assert {name: value.shape for name, value in first.items()} == shapes
    for name, value in first.items():
        assert value.dtype == torch.float32
        assert torch.equal(value, again[name])
        if name.endswith("bias"):
            assert not value.any()
        else:
            assert not torch.equal(value, other[name])
            assert value.abs().max() <= np.sqrt(6 / sum(value.shape))
    model.load_state_dict(first)  # strict: no name too many or too few
