"""How much of the attention lies where it matters: relevance mass accuracy, relevance rank accuracy, top-k recall.

Shapes: B batch, T positions. Further axes may stand before T, such as BxKxT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from attnseq.scores import SCORES
from attnseq.scores.relevance_score import Held, RelevanceScore
from attnseq.scores.thresholds import count, order

if TYPE_CHECKING:
    from torch import Tensor

TOP = 3
"""k of top-k recall: few enough to say something of sequences of ten positions, the shortest that tasks have by
default, and as many as an operand of the article has digits."""


def mass_accuracy(weights_BxT: Tensor, relevant_BxT: Tensor, present_BxT: Tensor | None = None) -> Tensor:
    """Compute the share of a sample's weights that lies on relevant positions.

    Args:
        weights_BxT: not negative, any scale.
        relevant_BxT: bool, whether the answer depends on a position.
        present_BxT: bool, whether a sample has a position; None: all have all.

    Returns:
        values_B, float64, in [0, 1]. Equal weights give the share of relevant positions; weights that are all 0 give 0.
        NaN of a sample without relevant positions.

    Source: Arras, Osman & Samek 2022, "CLEVR-XAI" (arXiv:2003.07258).
    """
    weights = weights_BxT.double() if present_BxT is None else weights_BxT.double() * present_BxT
    relevant = relevant_BxT if present_BxT is None else relevant_BxT & present_BxT
    total = weights.sum(dim=-1)
    share = (weights * relevant).sum(dim=-1) / total.masked_fill(total == 0, 1.0)
    return share.masked_fill(~relevant.any(dim=-1), float("nan"))


def rank_accuracy(weights_BxT: Tensor, relevant_BxT: Tensor, present_BxT: Tensor | None = None) -> Tensor:
    """Compute the share of relevant positions among the R with the highest weights, R being how many are relevant.

    Of positions that tie at the R-th place it is the mean over all orders of these, so that equal weights give what
    chance gives, the share of relevant positions.

    Args:
        weights_BxT: any scale and sign.
        relevant_BxT: bool, whether the answer depends on a position.
        present_BxT: bool, whether a sample has a position; None: all have all.

    Returns:
        values_B, float64, in [0, 1]; NaN of a sample without relevant positions.

    Source: Arras, Osman & Samek 2022, "CLEVR-XAI" (arXiv:2003.07258).
    """
    return _top(weights_BxT, relevant_BxT, present_BxT, None)


def topk_recall(weights_BxT: Tensor, relevant_BxT: Tensor, present_BxT: Tensor | None = None, k: int = TOP) -> Tensor:
    """Compute the share of relevant positions that are among the k with the highest weights, of at most k.

    A sample with R relevant positions can have min(k, R) of them there, and this many count as all. Ties are as in
    `rank_accuracy`; equal weights give k / T, times R / min(k, R), or 1 where T is less than k.

    Args:
        weights_BxT: any scale and sign.
        relevant_BxT: bool, whether the answer depends on a position.
        present_BxT: bool, whether a sample has a position; None: all have all.
        k: 1 or more.

    Returns:
        values_B, float64, in [0, 1]; NaN of a sample without relevant positions.

    Source: recall at k, capped as in Thakur et al. 2021, "BEIR" (arXiv:2104.08663), of each sample by itself.
    """
    return _top(weights_BxT, relevant_BxT, present_BxT, k)


def _top(weights_BxT: Tensor, relevant_BxT: Tensor, present_BxT: Tensor | None, k: int | None) -> Tensor:
    ordered = order(weights_BxT, present_BxT)
    relevant = count(ordered, relevant_BxT).relevant
    all_Bx1 = relevant.sum(dim=-1, keepdim=True)
    top_Bx1 = all_Bx1 if k is None else all_Bx1.clamp(max=k)
    # how likely a position is among the first, where those of equal weight are shuffled
    chances = ((all_Bx1 if k is None else k) - ordered.before) / ordered.sizes.clamp(min=1)
    return (relevant * chances.clamp(0, 1)).double().sum(dim=-1) / top_Bx1.squeeze(-1)


@SCORES.register("relevance/mass_accuracy")
class MassAccuracy(RelevanceScore):
    """The share of a sample's attention that lies on positions which the answer depends on, see `mass_accuracy`."""

    def of(self, held: Held) -> Tensor:
        return mass_accuracy(held.weights, held.relevant, held.present)


@SCORES.register("relevance/rank_accuracy")
class RankAccuracy(RelevanceScore):
    """Of the R most attended positions those that the answer depends on, of which there are R: see `rank_accuracy`."""

    def of(self, held: Held) -> Tensor:
        return rank_accuracy(held.weights, held.relevant, held.present)


@SCORES.register("relevance/topk_recall")
class TopKRecall(RelevanceScore):
    """The share of positions that the answer depends on which are among the k most attended, see `topk_recall`."""

    is_usual = False
    k: ClassVar[int] = TOP

    def of(self, held: Held) -> Tensor:
        return topk_recall(held.weights, held.relevant, held.present, self.k)
