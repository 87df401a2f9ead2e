"""Mass accuracy, rank accuracy and top-k recall, by hand.

Shapes: B batch, T positions.
"""

import itertools

import pytest
import torch
from torch import Tensor

from attnseq.scores.localisation import mass_accuracy, rank_accuracy, topk_recall

RELEVANT_T = torch.tensor([True, False, True, False, False])


def test_mass_accuracy_by_hand() -> None:
    weights_BxT = torch.tensor([[0.5, 0.2, 0.1, 0.1, 0.1], [5.0, 2.0, 1.0, 1.0, 1.0], [0.0] * 5])
    assert mass_accuracy(weights_BxT, RELEVANT_T.expand(3, -1)).tolist() == pytest.approx([0.6, 0.6, 0.0])


def test_mass_accuracy_is_of_the_positions_there_are() -> None:
    present_BxT = torch.tensor([[True, True, True, False, False]])
    found = mass_accuracy(torch.tensor([[0.5, 0.3, 0.2, 9.0, 9.0]]), RELEVANT_T.expand(1, -1), present_BxT)
    assert found.tolist() == pytest.approx([0.7])


def test_rank_accuracy_by_hand() -> None:
    weights_BxT = torch.tensor(
        [[5.0, 1, 4, 2, 3], [5, 4, 1, 2, 3], [1, 5, 2, 4, 3]]
    )  # 2, 1, 0 of two among the first 2
    assert rank_accuracy(weights_BxT, RELEVANT_T.expand(3, -1)).tolist() == [1.0, 0.5, 0.0]


def test_topk_recall_by_hand() -> None:
    weights_BxT = torch.tensor([[5.0, 1, 4, 2, 3], [5, 4, 1, 2, 3], [1, 5, 2, 4, 3]])
    relevant_BxT = RELEVANT_T.expand(3, -1)
    assert topk_recall(weights_BxT, relevant_BxT).tolist() == [1.0, 0.5, 0.0]
    assert topk_recall(weights_BxT, relevant_BxT, k=1).tolist() == [1.0, 1.0, 0.0]  # one of one that can be there
    assert topk_recall(weights_BxT, relevant_BxT, k=4).tolist() == [1.0, 0.5, 0.5]
    assert topk_recall(weights_BxT, relevant_BxT, k=9).tolist() == [1.0, 1.0, 1.0]


def orders(weights_T: Tensor) -> list[Tensor]:
    """All ways to break the ties of whole numbers."""
    ways = itertools.permutations(range(len(weights_T)))
    return [weights_T + torch.tensor(way) / 100 for way in ways]


@pytest.mark.parametrize("weights", [[1, 1, 1, 1, 1], [2, 2, 1, 1, 1], [3, 1, 2, 2, 2], [1, 3, 1, 2, 1]])
def test_ties_count_as_the_mean_over_their_orders(weights: list[int]) -> None:
    weights_T = torch.tensor(weights, dtype=torch.float64)
    broken_BxT = torch.stack(orders(weights_T))
    relevant_BxT = RELEVANT_T.expand(len(broken_BxT), -1)
    for score in (rank_accuracy, topk_recall):
        tied = score(weights_T.unsqueeze(0), relevant_BxT[:1])
        torch.testing.assert_close(tied, score(broken_BxT, relevant_BxT).mean().reshape(1))


def test_even_weights_are_at_chance() -> None:
    even_BxT, relevant_BxT = torch.full((1, 5), 0.2), RELEVANT_T.expand(1, -1)
    assert rank_accuracy(even_BxT, relevant_BxT).tolist() == pytest.approx([2 / 5])
    assert topk_recall(even_BxT, relevant_BxT).tolist() == pytest.approx([3 / 5])
    assert topk_recall(even_BxT, relevant_BxT, k=1).tolist() == pytest.approx([2 / 5])


@pytest.mark.parametrize("score", [mass_accuracy, rank_accuracy, topk_recall])
def test_without_relevant_positions_it_is_undefined(score) -> None:  # type: ignore[no-untyped-def]
    assert score(torch.ones(1, 3), torch.zeros(1, 3, dtype=torch.bool)).isnan().all()
