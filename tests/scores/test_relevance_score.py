"""Attention held against the truth: which weights against which, by mass accuracy; the oracle, and attention of no use.

Shapes: P replicas, B batch, T positions, K answer positions.
"""

import numpy as np
import pytest
import torch
from torch import Tensor

from attnseq.contracts.batch import NO_TOKEN, Attention, Batch, Output
from attnseq.contracts.spec import Scalar, Spec, Tokens
from attnseq.contracts.task import Splits, Task
from attnseq.core.once import shared_work
from attnseq.datasets.abs_difference import AbsDifference
from attnseq.datasets.find_max import FindMax
from attnseq.datasets.operands import Operands
from attnseq.datasets.reverse import Reverse
from attnseq.scores import SCORES
from attnseq.scores.relevance_score import RelevanceScore

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
    score = SCORES["relevance/mass_accuracy"](SPEC)
    output = Output(torch.zeros(len(INPUTS_BXT)), {"input": Attention(weights, axes)})
    return score(lambda batch: output, Batch(INPUTS_BXT, targets), output, Known(relevance))


RELEVANCE_BXT = torch.tensor([[100.0, 0.0, 1.0], [0.0, 2.0, 0.0]])


def test_of_a_weight_a_position() -> None:
    weights_BxT = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]])
    torch.testing.assert_close(mass(weights_BxT, "BT", RELEVANCE_BXT), torch.tensor([0.7, 0.6], dtype=torch.float64))
    torch.testing.assert_close(
        mass(10 * weights_BxT, "BT", RELEVANCE_BXT), torch.tensor([0.7, 0.6], dtype=torch.float64)
    )  # any scale


def test_a_sample_without_anything_relevant_is_undefined() -> None:
    found_B = mass(torch.ones(2, 3), "BT", torch.tensor([[0.0, 0.0, 0.0], [0.0, 2.0, 0.0]]))
    assert found_B is not None
    assert found_B.isnan().tolist() == [True, False]


def test_of_attention_that_is_nowhere_it_is_0() -> None:
    assert mass(torch.zeros(2, 3), "BT", RELEVANCE_BXT).tolist() == [0, 0]  # type: ignore[union-attr]


def test_of_a_weight_a_feature_it_is_that_of_the_own_token() -> None:
    weights_BxTxD = torch.zeros(2, 3, 5)
    weights_BxTxD[0, 0, 0] = weights_BxTxD[0, 1, 1] = 0.4  # tokens 0 and 1 stand there
    weights_BxTxD[0, 2, 0] = 0.9  # token 2 stands there
    weights_BxTxD[1] = 0.2
    torch.testing.assert_close(
        mass(weights_BxTxD, "BTD", RELEVANCE_BXT), torch.tensor([0.5, 1 / 3], dtype=torch.float64)
    )


def test_of_an_alignment_it_is_that_of_the_answer_positions_there_are() -> None:
    weights_BxKxT = torch.tensor([[[0.7, 0.2, 0.1], [0.5, 0.5, 0.0]], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]])
    relevance_BxKxT = torch.tensor([[[1.0, 0, 0], [0, 1.0, 0]], [[0, 1.0, 0], [0, 0, 0]]])
    targets_BxK = torch.tensor([[3, 4], [1, NO_TOKEN]])
    scored_B = mass(weights_BxKxT, "BKT", relevance_BxKxT, targets_BxK)
    torch.testing.assert_close(scored_B, torch.tensor([0.6, 1.0], dtype=torch.float64))
    scored_B = mass(weights_BxKxT, "BKT", torch.tensor([[1.0, 0, 0], [0, 1.0, 0]]), targets_BxK)
    torch.testing.assert_close(
        scored_B, torch.tensor([0.6, 1.0], dtype=torch.float64)
    )  # the answers' mean: 0.6 0.35 0.05 and 0 1 0


def test_an_answer_position_that_depends_on_nothing_does_not_count() -> None:
    weights_BxKxT = torch.tensor([[[0.7, 0.2, 0.1], [0.5, 0.5, 0.0]], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]])
    relevance_BxKxT = torch.tensor([[[1.0, 0, 0], [0, 0, 0]], [[0, 0.5, 0.5], [0.5, 0, 0.5]]])
    targets_BxK = torch.tensor([[3, 4], [1, 2]])
    scored_B = mass(weights_BxKxT, "BKT", relevance_BxKxT, targets_BxK)
    torch.testing.assert_close(scored_B, torch.tensor([0.7, 1.0], dtype=torch.float64))


@pytest.mark.parametrize("relevance", [None, torch.ones(2, 2, 3)], ids=["no truth", "an alignment"])
def test_where_there_is_nothing_to_hold_it_against_there_is_none(relevance: Tensor | None) -> None:
    assert mass(torch.ones(2, 3), "BT", relevance) is None


# -- the oracle, and attention of no use --

RELEVANCE = [name for name in SCORES.names() if issubclass(SCORES[name], RelevanceScore)]
ARTICLE = AbsDifference(Operands(), lambda: [np.random.default_rng(0).integers(0, 10, (5, 10), np.uint8)] * 3)
TASKS = {"article": ARTICLE, "find_max": FindMax(8, 1.0, (5, 5, 5), 1), "reverse": Reverse(6, 4, (5, 5, 9), 1)}


def scored(task: Task, samples: Batch, weights: Tensor) -> dict[str, Tensor]:
    attention = Attention(weights, "BT" if weights.dim() == 2 else "BKT")
    output = Output(torch.zeros(samples.size), {"input": attention})
    with shared_work():
        values = {name: SCORES[name](task.spec)(lambda batch: output, samples, output, task) for name in RELEVANCE}
    return {name.removeprefix("relevance/"): value for name, value in values.items() if value is not None}


@pytest.mark.parametrize("name", TASKS)
def test_the_oracle_reaches_the_end_of_every_scale_but_those_of_the_threshold(name: str) -> None:
    """Exact relevance, normalised, ties where relevance does: tau-b is 1, too."""
    task = TASKS[name]
    samples = task.splits().test
    relevance = task.relevance(samples)
    assert relevance is not None
    found = scored(task, samples, relevance / relevance.sum(dim=-1, keepdim=True).clamp(min=1))
    undefined = samples.lengths == 1 if name == "reverse" else torch.zeros(samples.size, dtype=torch.bool)
    for each in ("mass_accuracy", "rank_accuracy", "topk_recall", "auprc"):
        torch.testing.assert_close(found[each], torch.ones(samples.size, dtype=torch.float64), msg=each)
    for each in ("auroc", "kendall", "somers"):  # a sequence of one token has no pair to order
        assert torch.equal(found[each].isnan(), undefined), each
        assert found[each][~undefined].tolist() == pytest.approx([1.0] * int((~undefined).sum())), each


def test_even_attention_is_at_chance() -> None:
    """Six of ten positions count in the article's task; where ties are broken, the mean over all orders counts."""
    found = scored(ARTICLE, ARTICLE.splits().test, torch.full((5, 10), 0.1))
    chance = {"mass_accuracy": 0.6, "rank_accuracy": 0.6, "topk_recall": 0.6, "auroc": 0.5, "auprc": 0.6}
    chance |= {"aup": 0.0, "aur": 0.0, "kendall": 0.0, "somers": 0.0}
    assert {name: value.tolist() for name, value in found.items()} == {
        name: pytest.approx([value] * 5, abs=1e-7) for name, value in chance.items()
    }


def test_even_attention_to_a_sequence_is_at_the_chance_of_its_length() -> None:
    task = TASKS["reverse"]
    samples = task.splits().test
    present_BxT, lengths_B = samples.present(), samples.lengths
    assert present_BxT is not None
    assert lengths_B is not None
    even_BxT = present_BxT / lengths_B.unsqueeze(-1)
    found = scored(task, samples, even_BxT.unsqueeze(1).expand(-1, 7, -1))
    for each in ("mass_accuracy", "rank_accuracy", "auprc"):  # one token of so many is repeated
        assert found[each].tolist() == pytest.approx((1 / lengths_B).tolist(), rel=1e-6), each
    assert found["topk_recall"].tolist() == pytest.approx((3 / lengths_B).clamp(max=1).tolist())
    assert set(found["auroc"][lengths_B > 1].tolist()) == {0.5}


@pytest.mark.parametrize("name", ["article", "reverse"])
def test_a_population_is_scored_as_each_alone(name: str) -> None:
    """And with the work shared among the scores, or not."""
    task = TASKS[name]
    samples = task.splits().test
    shape = (10,) if name == "article" else (7, 6)
    weights = torch.rand(3, samples.size, *shape, generator=torch.Generator().manual_seed(0)).softmax(dim=-1)
    together = torch.vmap(lambda mine: scored(task, samples, mine))(weights)
    assert len(together) == 9
    for score, values_PxB in together.items():
        for mine, values_B in zip(weights, values_PxB, strict=True):
            output = Output(torch.zeros(samples.size), {"input": Attention(mine, "BT" if mine.dim() == 2 else "BKT")})
            alone = SCORES[f"relevance/{score}"](task.spec)(lambda batch: output, samples, output, task)  # noqa: B023
            torch.testing.assert_close(values_B, alone, rtol=1e-9, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", RELEVANCE)
def test_padding_changes_nothing(name: str) -> None:
    """A sample of three positions, and the same with two behind it, whose weights no score may look at."""
    weights_BxT = torch.tensor([[0.2, 0.5, 0.3, 0.0, 0.0]])
    relevance_BxT = torch.tensor([[1.0, 10.0, 0.0, 0.0, 0.0]])
    values = []
    for length in (3, 5):
        samples = Batch(torch.zeros(1, length, dtype=torch.uint8), lengths=torch.tensor([3]))
        output = Output(torch.zeros(1), {"input": Attention(weights_BxT[:, :length], "BT")})
        values.append(SCORES[name](SPEC)(lambda batch: output, samples, output, Known(relevance_BxT[:, :length])))  # noqa: B023
    short, padded = values
    assert short is not None
    assert not short.isnan().any()
    torch.testing.assert_close(padded, short)


def test_scores_say_their_limits() -> None:
    below = [name for name in RELEVANCE if SCORES[name].limits == (-1.0, 1.0)]
    assert below == ["relevance/kendall", "relevance/somers"]
    assert all(SCORES[name].limits == (0.0, 1.0) for name in RELEVANCE if name not in below)
    assert {SCORES[name].direction for name in RELEVANCE} == {"higher"}
