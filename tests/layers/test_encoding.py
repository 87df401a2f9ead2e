"""From samples to what layers take, and from their outputs to predictions; values by hand."""

import pytest
import torch
from torch.nn import functional

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Classes, Reals, Scalar, Target, Tokens
from attnseq.layers.encoding import features, one_hot, outputs, prediction, scaled

TOKENS, REALS = Tokens(3, 4), Reals(3, 2)
LENGTHS_B = torch.tensor([3, 1], dtype=torch.int32)
PRESENT_BXT = torch.tensor([[True, True, True], [True, False, False]])
FLOATS = [torch.float32, torch.float64]


def tokens(dtype: torch.dtype = torch.uint8) -> torch.Tensor:
    return torch.tensor([[0, 3, 1], [2, 2, 0]], dtype=dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_tokens_have_a_column_each(dtype: torch.dtype) -> None:
    for inputs_BxT in (tokens(), tokens(torch.int32), tokens(torch.int64)):
        encoded = one_hot(Batch(inputs_BxT), TOKENS, dtype)
        assert torch.equal(encoded, functional.one_hot(tokens(torch.int64), 4).to(dtype))
    assert features(TOKENS) == 4


@pytest.mark.parametrize("dtype", FLOATS)
def test_real_numbers_are_their_own_columns(dtype: torch.dtype) -> None:
    inputs_BxTxF = torch.randn(2, 3, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(one_hot(Batch(inputs_BxTxF), REALS, dtype), inputs_BxTxF.to(dtype))
    assert features(REALS) == 2


@pytest.mark.parametrize("dtype", FLOATS)
def test_scaled_tokens_are_shares_of_the_vocabulary(dtype: torch.dtype) -> None:
    expected = [[0, 0.75, 0.25], [0.5, 0.5, 0]]
    for inputs_BxT in (tokens(), tokens(torch.int32), tokens(torch.float32)):
        values_BxT = scaled(Batch(inputs_BxT), TOKENS, dtype)
        assert values_BxT.dtype == dtype
        assert values_BxT.tolist() == expected
    inputs_BxTx1 = torch.rand(2, 3, 1)
    assert torch.equal(scaled(Batch(inputs_BxTx1), Reals(3), dtype), inputs_BxTx1.squeeze(-1).to(dtype))


@pytest.mark.parametrize("kind", [TOKENS, Reals(3)])
def test_positions_that_a_sample_lacks_are_0_whatever_stands_there(kind: Tokens | Reals) -> None:
    inputs = tokens() + 1 if isinstance(kind, Tokens) else torch.rand(2, 3, 1) + 1
    for encode in (one_hot, scaled):
        padded, whole = (encode(Batch(inputs, lengths=each), kind, torch.float32) for each in (LENGTHS_B, None))
        assert torch.equal(padded[PRESENT_BXT], whole[PRESENT_BXT])
        assert not padded[~PRESENT_BXT].any()
        assert whole[~PRESENT_BXT].any()


@pytest.mark.parametrize(
    ("target", "number", "shape"),
    [
        (Scalar(), 1, (2,)),
        (Scalar(3.0, bounded=False), 1, (2,)),
        (Classes(("a", "b", "c")), 3, (2, 3)),
        (Tokens(2, 5), 10, (2, 2, 5)),
    ],
)
def test_outputs_become_a_prediction(target: Target, number: int, shape: tuple[int, ...]) -> None:
    assert outputs(target) == number
    outputs_BxO = torch.randn(2, number, generator=torch.Generator().manual_seed(0))
    values = prediction(outputs_BxO, target)
    assert values.shape == shape
    expected = torch.sigmoid(outputs_BxO) if isinstance(target, Scalar) and target.bounded else outputs_BxO
    assert torch.equal(values.flatten(), expected.flatten())
