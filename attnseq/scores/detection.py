"""How well attention tells relevant positions from others, over all thresholds: AUROC, AUPRC, AUP and AUR.

Shapes: B batch, T positions. Further axes may stand before T, such as BxKxT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.scores import SCORES
from attnseq.scores.relevance_score import Held, RelevanceScore
from attnseq.scores.thresholds import Order, count, order

if TYPE_CHECKING:
    from torch import Tensor


def auroc(weights_BxT: Tensor, relevant_BxT: Tensor, present_BxT: Tensor | None = None) -> Tensor:
    """Compute the area under the ROC curve: how often a relevant position has more weight than one that is not.

    It is the share of such pairs; one of equal weights counts 1/2. Equal weights give 1/2.

    Args:
        weights_BxT: any scale and sign.
        relevant_BxT: bool, whether the answer depends on a position.
        present_BxT: bool, whether a sample has a position; None: all have all.

    Returns:
        values_B, float64, in [0, 1]; NaN of a sample whose positions are all relevant, or none.

    Source: Mann & Whitney's U over the number of pairs (Hanley & McNeil 1982); scikit-learn's `roc_auc_score`.
    """
    ordered = order(weights_BxT, present_BxT)
    hits = count(ordered, relevant_BxT)
    others_B = (ordered.present - hits.relevant).sum(dim=-1)
    lower = others_B.unsqueeze(-1) - (ordered.until - hits.until)
    equal = ordered.sizes - (hits.until - hits.before)
    pairs_B = hits.relevant.sum(dim=-1).double() * others_B
    return (hits.relevant * (lower + equal / 2)).double().sum(dim=-1) / pairs_B


def auprc(weights_BxT: Tensor, relevant_BxT: Tensor, present_BxT: Tensor | None = None) -> Tensor:
    """Compute the area under the curve of precision over recall, as average precision.

    It is the mean, over the relevant positions, of the precision where the threshold is the position's weight; equal
    weights are one threshold. Equal weights give the share of relevant positions.

    Args:
        weights_BxT: any scale and sign.
        relevant_BxT: bool, whether the answer depends on a position.
        present_BxT: bool, whether a sample has a position; None: all have all.

    Returns:
        values_B, float64, in [0, 1]; NaN of a sample without relevant positions.

    Source: scikit-learn's `average_precision_score`; Davis & Goadrich 2006 on why it is not interpolated.
    """
    ordered = order(weights_BxT, present_BxT)
    hits = count(ordered, relevant_BxT)
    precision = hits.until / ordered.until
    return (hits.relevant * precision).double().sum(dim=-1) / hits.relevant.sum(dim=-1)


def aup(weights_BxT: Tensor, relevant_BxT: Tensor, present_BxT: Tensor | None = None) -> Tensor:
    """Compute the area under the precision as a function of the threshold, for weights scaled to [0, 1].

    The lowest weight of a sample is 0 then, the highest 1; thresholds are the weights that there are, and the area is
    that of trapezia between them. Of equal weights, which have one threshold, it is 0.

    Args:
        weights_BxT: any scale and sign.
        relevant_BxT: bool, whether the answer depends on a position.
        present_BxT: bool, whether a sample has a position; None: all have all.

    Returns:
        values_B, float64, in [0, 1]; NaN of a sample without relevant positions.

    Source: Crabbé & van der Schaar 2021, "Explaining Time Series Predictions with Dynamic Masks" (arXiv:2106.05303);
    computed as in Enguehard 2023, "Time Interpret" (arXiv:2306.02968).
    """
    ordered = order(weights_BxT, present_BxT)
    hits = count(ordered, relevant_BxT)
    return _area(ordered, hits.until / ordered.until.clamp(min=1), hits.relevant.sum(dim=-1))


def aur(weights_BxT: Tensor, relevant_BxT: Tensor, present_BxT: Tensor | None = None) -> Tensor:
    """Compute the area under the recall as a function of the threshold, for weights scaled to [0, 1].

    But for the trapezia it is the mean scaled weight of the relevant positions: it is 1 where they share the highest
    weight, and low where one of them has nearly all. All else is as in `aup`.
    """
    ordered = order(weights_BxT, present_BxT)
    hits = count(ordered, relevant_BxT)
    all_B = hits.relevant.sum(dim=-1)
    return _area(ordered, hits.until / all_B.unsqueeze(-1), all_B)


def _area(ordered: Order, heights_BxT: Tensor, relevant_B: Tensor) -> Tensor:
    """Compute the area of trapezia over the weights, from the lowest one, which is 0, to the highest, which is 1."""
    between = (ordered.weights[..., :-1] - ordered.weights[..., 1:]) * ordered.last[..., :-1] * ordered.present[..., 1:]
    area_B = (between * (heights_BxT[..., :-1] + heights_BxT[..., 1:]) / 2).double().sum(dim=-1)
    width_B = between.double().sum(dim=-1)
    return (area_B / width_B.masked_fill(width_B == 0, 1.0)).masked_fill(relevant_B == 0, float("nan"))


class _DetectionScore(RelevanceScore):
    is_usual = False


@SCORES.register("relevance/auroc")
class Auroc(_DetectionScore):
    """How often a position that the answer depends on is attended more than one that it does not, see `auroc`."""

    def of(self, held: Held) -> Tensor:
        return auroc(held.weights, held.relevant, held.present)


@SCORES.register("relevance/auprc")
class Auprc(_DetectionScore):
    """Average precision of attention as a detector of positions that the answer depends on, see `auprc`."""

    def of(self, held: Held) -> Tensor:
        return auprc(held.weights, held.relevant, held.present)


@SCORES.register("relevance/aup")
class Aup(_DetectionScore):
    """The area under precision over the threshold, see `aup`."""

    def of(self, held: Held) -> Tensor:
        return aup(held.weights, held.relevant, held.present)


@SCORES.register("relevance/aur")
class Aur(_DetectionScore):
    """The area under recall over the threshold, see `aur`."""

    def of(self, held: Held) -> Tensor:
        return aur(held.weights, held.relevant, held.present)
