"""Attention as distributions: there and back, and of tokens only the weights of those that stand there."""

import pytest
import torch

from attnseq.contracts.batch import Attention, Batch
from attnseq.scores.weight_rows import from_rows, to_rows

NUMBERS = torch.Generator().manual_seed(0)
REALS = Batch(torch.rand(3, 4, 2, generator=NUMBERS))
TOKENS = Batch(torch.tensor([[0, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]]))


@pytest.mark.parametrize(("axes", "shape"), [("BT", (3, 4)), ("BTD", (3, 4, 2)), ("BKT", (3, 2, 4))])
def test_there_and_back(axes: str, shape: tuple[int, ...]) -> None:
    attention = Attention(torch.rand(2, *shape, generator=NUMBERS), axes)  # of two replicas
    rows = to_rows(attention, REALS)
    assert rows.shape == (2, 3, 1 if axes == "BT" else 2, 4)
    assert torch.equal(from_rows(rows, attention, REALS), attention.weights)


def test_weights_of_tokens_that_do_not_stand_there_stay_what_they_are() -> None:
    attention = Attention(torch.rand(2, 3, 4, 2, generator=NUMBERS), "BTD")
    rows = to_rows(attention, TOKENS)
    assert rows.shape == (2, 3, 1, 4)
    assert rows[1, 0, 0].tolist() == [attention.weights[1, 0, place, token] for place, token in enumerate((0, 1, 1, 0))]
    changed = from_rows(rows + 1, attention, TOKENS) - attention.weights
    own = torch.nn.functional.one_hot(TOKENS.inputs, 2).expand(2, 3, 4, 2)
    torch.testing.assert_close(changed, own.float())
