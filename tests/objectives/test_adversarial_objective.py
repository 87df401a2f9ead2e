"""The change of the base run's answer, by hand: of a number, a class, and tokens."""

import math

import pytest
import torch
from torch import Tensor

from attnseq.contracts.batch import NO_TOKEN, Batch, Output
from attnseq.contracts.spec import Classes, Scalar, Target, Tokens
from attnseq.objectives.adversarial import Adversarial


def change(target: Target, mine: Tensor, theirs: Tensor, targets: Tensor) -> Tensor:
    batch = Batch(torch.zeros(len(mine), 1), targets, base=Output(theirs))
    return Adversarial(target)(Output(mine), batch)


def test_of_a_number_it_is_the_difference_whatever_the_truth_is() -> None:
    mine, theirs = torch.tensor([0.5, 0.25, 0.1]), torch.tensor([0.25, 0.5, 0.1])
    changes = [change(Scalar(), mine, theirs, torch.full((3,), truth)) for truth in (0.0, 9.0)]
    assert changes[0].tolist() == changes[1].tolist() == pytest.approx([0.25, 0.25, 0.0])


def test_of_a_class_it_is_the_total_variation_distance() -> None:
    mine = torch.tensor([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0]]).log()
    theirs = torch.tensor([[0.2, 0.3, 0.5], [0.0, 0.5, 0.5]]).log()
    changes = change(Classes(3), mine + 7, theirs, torch.tensor([0, 1]))  # a softmax does not see what all logits share
    assert changes.tolist() == pytest.approx([0.3, 1.0])


def test_of_tokens_it_is_the_mean_over_those_that_the_answer_has() -> None:
    sure, even = [0.0, -math.inf], [0.0, 0.0]
    mine, theirs = torch.tensor([[sure, sure, even]]), torch.tensor([[even, sure, sure]])
    target = Tokens(3, 2)
    for targets, expected in (([0, 0, 0], (0.5 + 0 + 0.5) / 3), ([0, 1, NO_TOKEN], 0.25)):
        assert change(target, mine, theirs, torch.tensor([targets])).tolist() == pytest.approx([expected])


def test_samples_without_a_base_are_refused() -> None:
    with pytest.raises(ValueError, match="without the base run's answers"):
        Adversarial(Scalar())(Output(torch.zeros(1)), Batch(torch.zeros(1, 1), torch.zeros(1)))
