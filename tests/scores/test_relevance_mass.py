"""The share of attention that lies where it matters, by hand.

Shapes: B batch, T positions, K answer positions.
"""

import pytest
import torch
from torch import Tensor

from attnseq.contracts.batch import NO_TOKEN, Attention, Batch, Output
from attnseq.contracts.spec import Scalar, Spec, Tokens
from attnseq.contracts.task import Splits, Task
from attnseq.scores import SCORES

SPEC = Spec(Tokens(3, 5), Scalar())
INPUTS_BXT = torch.tensor([[0, 1, 2], [4, 3, 2]], dtype=torch.uint8)


class Known(Task):
    """A task of which nothing is known but its relevance."""

    spec = SPEC

    def __init__(self, relevance: Tensor | None):
        self._relevance = relevance

    def splits(self) -> Splits:
        raise NotImplementedError

    def relevance(self, batch: Batch) -> Tensor | None:
        return self._relevance


def mass(weights: Tensor, axes: str, relevance: Tensor | None, targets: Tensor | None = None) -> Tensor | None:
    score = SCORES["relevance_mass"](SPEC)
    output = Output(torch.zeros(len(INPUTS_BXT)), {"input": Attention(weights, axes)})
    return score(lambda batch: output, Batch(INPUTS_BXT, targets), output, Known(relevance))


RELEVANCE_BXT = torch.tensor([[100.0, 0.0, 1.0], [0.0, 2.0, 0.0]])


def test_of_a_weight_a_position() -> None:
    weights_BxT = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]])
    torch.testing.assert_close(mass(weights_BxT, "BT", RELEVANCE_BXT), torch.tensor([0.7, 0.6]))
    torch.testing.assert_close(mass(10 * weights_BxT, "BT", RELEVANCE_BXT), torch.tensor([0.7, 0.6]))  # any scale


def test_of_attention_that_is_nowhere_it_is_0() -> None:
    assert mass(torch.zeros(2, 3), "BT", RELEVANCE_BXT).tolist() == [0, 0]  # type: ignore[union-attr]


def test_of_a_weight_a_feature_it_is_that_of_the_own_token() -> None:
    weights_BxTxD = torch.zeros(2, 3, 5)
    weights_BxTxD[0, 0, 0] = weights_BxTxD[0, 1, 1] = 0.4  # tokens 0 and 1 stand there
    weights_BxTxD[0, 2, 0] = 0.9  # token 2 stands there
    weights_BxTxD[1] = 0.2
    torch.testing.assert_close(mass(weights_BxTxD, "BTD", RELEVANCE_BXT), torch.tensor([0.5, 1 / 3]))


def test_of_an_alignment_it_is_that_of_the_answer_positions_there_are() -> None:
    weights_BxKxT = torch.tensor([[[0.7, 0.2, 0.1], [0.5, 0.5, 0.0]], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]])
    relevance_BxKxT = torch.tensor([[[1.0, 0, 0], [0, 1.0, 0]], [[0, 1.0, 0], [0, 0, 0]]])
    targets_BxK = torch.tensor([[3, 4], [1, NO_TOKEN]])
    scored_B = mass(weights_BxKxT, "BKT", relevance_BxKxT, targets_BxK)
    torch.testing.assert_close(scored_B, torch.tensor([0.6, 1.0]))
    scored_B = mass(weights_BxKxT, "BKT", torch.tensor([[1.0, 0, 0], [0, 1.0, 0]]), targets_BxK)
    torch.testing.assert_close(scored_B, torch.tensor([0.6, 1.0]))  # the answers' mean: 0.6 0.35 0.05 and 0 1 0


def test_an_answer_position_that_depends_on_nothing_does_not_count() -> None:
    weights_BxKxT = torch.tensor([[[0.7, 0.2, 0.1], [0.5, 0.5, 0.0]], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]])
    relevance_BxKxT = torch.tensor([[[1.0, 0, 0], [0, 0, 0]], [[0, 0.5, 0.5], [0.5, 0, 0.5]]])
    targets_BxK = torch.tensor([[3, 4], [1, 2]])
    scored_B = mass(weights_BxKxT, "BKT", relevance_BxKxT, targets_BxK)
    torch.testing.assert_close(scored_B, torch.tensor([0.7, 1.0]))


@pytest.mark.parametrize("relevance", [None, torch.ones(2, 2, 3)], ids=["no truth", "an alignment"])
def test_where_there_is_nothing_to_hold_it_against_there_is_none(relevance: Tensor | None) -> None:
    assert mass(torch.ones(2, 3), "BT", relevance) is None
