"""A model beside its base run: divergences by hand, over attention of all axes; answers in their unit."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from attnseq.contracts.batch import NO_TOKEN, Attention, Batch, Output
from attnseq.contracts.spec import Scalar, Spec, Tokens
from attnseq.scores import SCORES
from attnseq.scores.base_run import divergence, kl_divergence
from attnseq.scores.divergence import SMALLEST, jensen_shannon, kullback_leibler

NUMBER = Spec(Tokens(2, 3), Scalar(100.0, "m"))
KL = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
"""Of (3/4, 1/4) from (1/2, 1/2)."""


def with_attention(weights: Sequence[Any], axes: str) -> Output:
    return Output(torch.zeros(1), {"input": Attention(torch.tensor([weights]), axes)})


def kl(mine: Sequence[Any], theirs: Sequence[Any], axes: str, batch: Batch) -> float:
    found_B = kl_divergence(with_attention(mine, axes), with_attention(theirs, axes), batch)
    assert found_B is not None
    return float(found_B)


def scored(name: str, output: Output, batch: Batch) -> Tensor | None:
    score: Any = SCORES[name](NUMBER)
    found: Tensor | None = score(None, batch, output, None)
    return found


def test_kullback_leibler_by_hand_and_finite_where_the_other_is_0() -> None:
    one, other = torch.tensor([0.75, 0.25]), torch.tensor([0.5, 0.5])
    assert float(kullback_leibler(one, other)) == pytest.approx(KL)
    assert float(kullback_leibler(other, other)) == 0
    ends = torch.eye(2)
    assert float(kullback_leibler(ends[0], ends[1])) == pytest.approx(-math.log(SMALLEST))


def test_a_weight_a_position() -> None:
    found = kl([0.75, 0.25], [0.5, 0.5], "BT", Batch(torch.zeros(1, 2, dtype=torch.uint8)))
    assert found == pytest.approx(KL)


def test_of_a_weight_for_each_token_that_of_the_one_that_stands_there_counts() -> None:
    mine, theirs = [[0.3, 0.9, 0.0], [0.1, 0.9, 0.9]], [[0.5, 0.1, 0.0], [0.5, 0.1, 0.1]]
    batch = Batch(torch.tensor([[0, 0]], dtype=torch.uint8))  # 0.3 and 0.1 are 3/4 and 1/4 of their sum
    found = kl(mine, theirs, "BTD", batch)
    assert found == pytest.approx(KL)


def test_of_answer_positions_those_that_a_sample_has_are_averaged() -> None:
    mine, theirs = [[0.75, 0.25], [0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5]] * 3
    batch = Batch(torch.zeros(1, 2, dtype=torch.uint8), torch.tensor([[1, 2, NO_TOKEN]]))
    found = kl(mine, theirs, "BKT", batch)
    assert found == pytest.approx(KL / 2)


def test_heads_are_averaged_and_then_query_positions() -> None:
    mine = [[[1.0, 0.0], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]]]  # the mean head has 3/4 and 1/4 in its first row
    found = kl(mine, [[[0.5, 0.5]] * 2] * 2, "BMTT", Batch(torch.zeros(1, 2, dtype=torch.uint8)))
    assert found == pytest.approx(KL / 2)


def test_without_attention_there_is_none() -> None:
    batch = Batch(torch.zeros(1, 2, dtype=torch.uint8))
    assert divergence(jensen_shannon, Output(torch.zeros(1)), with_attention([0.5, 0.5], "BT"), batch) is None


def test_scores_are_of_runs_with_a_base_alone() -> None:
    output, base = with_attention([1.0, 0.0], "BT"), with_attention([0.0, 1.0], "BT")._replace(prediction=torch.ones(1))
    batch = Batch(torch.zeros(1, 2, dtype=torch.uint8), torch.zeros(1))
    assert [scored(name, output, batch) for name in ("base/answer_change", "base/divergence")] == [None, None]
    held = batch._replace(base=base)
    (change,), (far,) = scored("base/answer_change", output, held), scored("base/divergence", output, held)  # type: ignore[misc]
    assert float(change) == 100  # in the answer's unit
    assert (float(far), far.dtype) == (pytest.approx(math.log(2)), torch.float64)


def test_real_numbers_have_the_mean_of_their_features() -> None:
    batch = Batch(torch.zeros(1, 2, 2))
    found = kl([[0.5, 1.0], [0.5, 0.0]], [[0.5, 0.5], [0.5, 0.5]], "BTD", batch)
    assert found == pytest.approx(KL)
