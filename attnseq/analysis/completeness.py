"""How complete integrated gradients are, and how many points they need: attributions of a sample add up to its answer.

Shapes: P replicas, B batch, T positions.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor

from attnseq.analysis.replicas import Replicas
from attnseq.scores.explained import Explained
from attnseq.scores.gradients import STEPS, integrated_gradients

TOLERANCE = 1e-3
"""The largest gap of a sample that is taken for none, as a share of the scale of answers."""

MOST = 512
"""Most points: of an answer with kinks, such as those of Keras's hard sigmoid, the gap falls slowly as they grow."""

SAMPLES = 64
"""Samples that say how many points are enough for all."""


def gap(replicas: Replicas, explained: Explained, attributed_PxBxT: Tensor, scale: float) -> Tensor:
    """Compute how far attributions, with their signs, are from adding up: PxB, as a share of the scale of answers."""
    chosen = explained.chosen(replicas.output.prediction)
    whole_PxB = explained.says(replicas.output.prediction, chosen) - explained.says(replicas.blank(), chosen)
    return (attributed_PxBxT.sum(dim=-1) - whole_PxB).abs() / scale


def enough_points(replicas: Replicas, explained: Explained, scale: float) -> int:
    """Double the points of integrated gradients until no gap of these samples is too large.

    Args:
        replicas: a population, for all of which the points are enough.
        explained: of their answers.
        scale: of answers: the deviation of targets, or 1 for probabilities.
    """
    chosen, steps = explained.chosen(replicas.output.prediction), STEPS
    while steps < MOST:
        try:
            found = replicas.attributed(partial(integrated_gradients, steps=steps), explained.says, chosen)
        except NotImplementedError:  # the model does not say how it encodes its inputs
            break
        if not bool((gap(replicas, explained, found, scale) > TOLERANCE).any()):
            break
        steps *= 2
    return steps
