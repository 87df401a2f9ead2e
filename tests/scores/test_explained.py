"""What is explained of numbers, classes and tokens, and how far answers are apart: by hand."""

import math

import pytest
import torch

from attnseq.contracts.batch import NO_TOKEN
from attnseq.contracts.spec import Classes, Scalar, Tokens
from attnseq.scores.explained import Explained


def logits(*shares: float) -> list[float]:
    return [math.log(share) for share in shares]


def test_numbers_are_in_their_unit() -> None:
    explained = Explained(Scalar(100.0, offset=7.0))
    one, other = torch.tensor([0.5]), torch.tensor([0.2])
    assert explained.chosen(one) is None
    assert float(explained.change(one, other)) == pytest.approx(30)
    assert float(explained.says(one, None) - explained.says(other, None)) == pytest.approx(30)
    assert float(explained.lost(other, one, None)) == pytest.approx(30)


def test_classes_by_hand() -> None:
    explained = Explained(Classes(("a", "b", "c")))
    one, other = torch.tensor([logits(0.5, 0.3, 0.2)]), torch.tensor([logits(0.1, 0.3, 0.6)])
    chosen = explained.chosen(one)
    assert float(explained.says(other, chosen)) == pytest.approx(0.1)
    assert float(explained.change(one, other)) == pytest.approx(0.4)
    assert float(explained.lost(one, other, chosen)) == pytest.approx(0.4)
    assert float(explained.lost(other, one, chosen)) == pytest.approx(
        -0.4
    )  # what is taken away may have been in the way


def test_tokens_are_averaged_over_the_answer_that_there_is() -> None:
    targets = torch.tensor([[1, 0, NO_TOKEN]])
    explained = Explained(Tokens(3, 2, padded=True), targets)
    one = torch.tensor([[logits(0.5, 0.5), logits(0.25, 0.75), logits(0.9, 0.1)]])
    other = torch.tensor([[logits(0.1, 0.9), logits(0.25, 0.75), logits(0.1, 0.9)]])
    assert float(explained.change(one, other)) == pytest.approx((0.4 + 0.0) / 2)
    assert float(explained.says(one, torch.tensor([[1, 1, 0]]))) == pytest.approx((0.5 + 0.75) / 2)
