"""The values of samples: all that an analysis computes of a population for a part of its samples.

Shapes: P replicas, B batch, T positions, K answer positions, R distributions of a sample, C draws.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from attnseq.analysis.completeness import gap
from attnseq.analysis.replicas import Replicas
from attnseq.contracts.batch import Attention, Batch
from attnseq.contracts.task import Task
from attnseq.scores.adversarial import Asked, adversary
from attnseq.scores.explained import Explained
from attnseq.scores.gradients import gradient_x_input, integrated_gradients
from attnseq.scores.leave_one_out import leave_one_out
from attnseq.scores.permutation import median_change
from attnseq.scores.perturbation import areas
from attnseq.scores.rank_correlation import kendall, somers
from attnseq.scores.weights import attention_rows, position_weights

ATTENTION, LEAVE_ONE_OUT = "attention", "leave_one_out"

GAP = "integrated_gradients/gap"

ROUNDING = 1e-6
"""The share of a sample's largest value below which a difference is taken for rounding."""

GRADIENT, INTEGRATED = "gradient_x_input", "integrated_gradients"

NO_ATTENTION = "the model has no attention"
NO_WEIGHTS = "the model takes no weights in place of its own"
NO_POSITIONS = "its attention does not tell positions apart"
NO_ENCODING = "the model does not say how it encodes its inputs"
NO_RELEVANCE = "the task does not know the relevance of its positions"
NO_EXPECTED = "the task does not know how much its answers change"


class Values(NamedTuple):
    """What was computed.

    Args:
        numbers: PxB by name; NaN where a sample has no such value.
        positions: PxBxT by name, absolute values.
        absent: why a number, or all of a kind, are not there.
    """

    numbers: dict[str, Tensor]
    positions: dict[str, Tensor]
    absent: dict[str, str]


class Path(NamedTuple):
    """How integrated gradients are taken.

    Args:
        points: of the rule, see `completeness.enough_points`.
        scale: of answers, of which their gap is a share.
    """

    points: int
    scale: float


def attributions(
    replicas: Replicas, explained: Explained, removal: str, others: Tensor, path: Path, samples: Batch
) -> Values:
    """Compute attention and attributions of positions, and how well they agree.

    Gradients x input hold the weights of attention fixed, as Jain & Wallace do, where the model takes weights.
    Integrated gradients go through them: they explain all of the answer.

    Args:
        replicas: that are asked.
        explained: of their answers.
        removal: one of `REMOVALS`.
        others: CxBxT..., see `leave_one_out.others`.
        path: of integrated gradients.
        samples: that they are asked.
    """
    chosen, present = explained.chosen(replicas.output.prediction), samples.present()
    positions: dict[str, Tensor] = {}
    numbers: dict[str, Tensor] = {}
    absent: dict[str, str] = {}
    attention = replicas.attention
    if attention is not None:
        positions[ATTENTION] = position_weights(attention, samples)
    else:
        absent |= dict.fromkeys(("agreement", f"{LEAVE_ONE_OUT}/most_attended"), NO_ATTENTION)
    try:
        positions[GRADIENT] = replicas.attributed(gradient_x_input, explained.says, chosen, fixed=True).abs()
        rule = partial(integrated_gradients, steps=path.points)
        integrated = replicas.attributed(rule, explained.says, chosen)
        positions[INTEGRATED], numbers[GAP] = integrated.abs(), gap(replicas, explained, integrated, path.scale)
    except NotImplementedError:
        gradients = (f"agreement/{name}" for name in (GRADIENT, INTEGRATED, f"{INTEGRATED}_{LEAVE_ONE_OUT}"))
        absent |= dict.fromkeys((*gradients, GAP), NO_ENCODING)
    if removal == "removed" and not can_be_weighed(replicas):
        absent[LEAVE_ONE_OUT] = absent["agreement/leave_one_out"] = why_not_weighed(replicas)
    else:
        without = replicas.without(removal, others)
        draws = len(others) if removal == "resampled" else 1
        change = partial(explained.change, replicas.output.prediction)
        positions[LEAVE_ONE_OUT] = leave_one_out(without, change, samples.inputs.shape[1], draws, present)
    numbers |= {
        f"agreement/{name}": kendall(positions[ATTENTION], _above_rounding(values), present)
        for name, values in positions.items()
        if name != ATTENTION and ATTENTION in positions
    }
    if INTEGRATED in positions and LEAVE_ONE_OUT in positions:
        integrated, left = (_above_rounding(positions[name]) for name in (INTEGRATED, LEAVE_ONE_OUT))
        numbers[f"agreement/{INTEGRATED}_{LEAVE_ONE_OUT}"] = kendall(integrated, left, present)
    return Values(numbers, positions, absent)


def interventions(
    replicas: Replicas,
    explained: Explained,
    removal: str,
    others: Tensor,
    orders: Tensor | None,
    ties: Tensor,
    epsilon: float,
    samples: Batch,
) -> Values:
    """Compute what becomes of answers when attention is permuted, opposed, or followed.

    Args:
        replicas: that are asked.
        explained: of their answers.
        removal: one of `REMOVALS`.
        others: CxBxT..., see `leave_one_out.others`.
        orders: MxBxRxT, of the weights, see `permutation.orders`; None where the models take no weights.
        ties: CxBxT, see `perturbation.keys`.
        epsilon: the most that the adversary may change an answer.
        samples: that they are asked.
    """
    numbers: dict[str, Tensor] = {}
    absent: dict[str, str] = {}
    attention, before = replicas.attention, replicas.output.prediction
    if attention is None:
        return Values({}, {}, dict.fromkeys(("permutation", "adversary", "perturbation"), NO_ATTENTION))
    change, chosen = partial(explained.change, before), explained.chosen(before)
    present = samples.present()
    if can_be_weighed(replicas):
        assert orders is not None
        rows = replicas.rows()
        counted = _counted(attention, rows, samples)
        asked = Asked(replicas.weighed, lambda its: explained.says(its, chosen), change)
        largest_PxB = (rows.amax(dim=-1) * counted).sum(dim=-1) / counted.sum(dim=-1)
        moved = median_change(lambda weights: change(replicas.weighed(weights)), rows, orders, samples.lengths)
        numbers |= {
            "permutation/median_change": moved,
            "permutation/largest_weight": largest_PxB.masked_fill(moved.isnan(), torch.nan),
        }
        found = adversary(asked, rows, epsilon, present, counted)
        numbers |= {f"adversary/{name}": value for name, value in found._asdict().items()}
    else:
        absent |= dict.fromkeys(("permutation", "adversary"), why_not_weighed(replicas))
    if removal == "removed" and not can_be_weighed(replicas):
        absent["perturbation"] = why_not_weighed(replicas)
    else:
        ties = ties[: len(others) if removal == "resampled" else 1]
        without, weights = replicas.without(removal, others), position_weights(attention, samples)
        lost = areas(without, lambda its: explained.lost(before, its, chosen), weights, ties, present)
        numbers |= {f"perturbation/{name}": value for name, value in lost._asdict().items()}
    return Values(numbers, {}, absent)


def truths(positions: dict[str, Tensor], task: Task, samples: Batch) -> Values:
    """Hold leave-one-out against what the task knows of its positions."""
    numbers: dict[str, Tensor] = {}
    absent: dict[str, str] = {}
    present = samples.present()
    here = torch.ones(samples.inputs.shape[:2], dtype=torch.bool) if present is None else present
    relevance, expected = _by_position(task.relevance(samples)), _by_position(task.expected_change(samples))
    left = positions.get(LEAVE_ONE_OUT)
    if relevance is None:
        absent |= dict.fromkeys((f"{LEAVE_ONE_OUT}/{kind}" for kind in ("relevant", "irrelevant")), NO_RELEVANCE)
    if expected is None:
        absent[f"{LEAVE_ONE_OUT}/expected_change"] = NO_EXPECTED
    if left is not None:
        if relevance is not None:
            numbers[f"{LEAVE_ONE_OUT}/relevant"] = _mean_where(left, (relevance > 0) & here)
            numbers[f"{LEAVE_ONE_OUT}/irrelevant"] = _mean_where(left, (relevance == 0) & here)
        if expected is not None:
            numbers[f"{LEAVE_ONE_OUT}/expected_change"] = somers(_above_rounding(left), expected, present)
        if ATTENTION in positions:
            most, moving = (_largest(values, here) for values in (positions[ATTENTION], left))
            numbers[f"{LEAVE_ONE_OUT}/most_attended"] = (most * moving).sum(dim=-1)
    replicas = next(iter(positions.values())).shape[0] if positions else 1
    known = {"relevance": relevance, "expected_change": expected}
    given = {name: its.expand(replicas, *its.shape) for name, its in known.items() if its is not None}
    return Values(numbers, given, absent)


def can_be_weighed(replicas: Replicas) -> bool:
    """Tell whether other weights of positions can be given to the models."""
    return not why_not_weighed(replicas)


def why_not_weighed(replicas: Replicas) -> str:
    """Say why not; "" where they can."""
    if replicas.attention is None:
        return NO_ATTENTION
    if not replicas.flat.model.takes_weights:
        return NO_WEIGHTS
    return "" if replicas.flat.model.weighs_positions else NO_POSITIONS


def _counted(attention: Attention, rows: Tensor, samples: Batch) -> Tensor:
    """Return BxR: 1 for a distribution that a sample has."""
    if attention.axes == "BKT":
        return attention_rows(attention, samples)[1]
    return rows.new_ones(samples.size, rows.shape[-2])


def _by_position(values: Tensor | None) -> Tensor | None:
    """Add up over answer positions: BxT."""
    return values if values is None or values.dim() == 2 else values.sum(dim=1)


def _above_rounding(values: Tensor) -> Tensor:
    """Set to 0 what is far below a sample's largest value: rounding orders no positions."""
    return values.masked_fill(values < ROUNDING * values.amax(dim=-1, keepdim=True), 0.0)


def _largest(values: Tensor, here: Tensor) -> Tensor:
    """Divide 1 among the positions of the largest value, as if one of them were drawn: ...xBxT."""
    values = values.masked_fill(~here, -1.0)
    most = values >= (1 - ROUNDING) * values.amax(dim=-1, keepdim=True)
    return most / most.sum(dim=-1, keepdim=True)


def _mean_where(values: Tensor, where: Tensor) -> Tensor:
    """Average over the positions that count: ...xB, NaN where none does."""
    return (values * where).sum(dim=-1) / where.sum(dim=-1)
