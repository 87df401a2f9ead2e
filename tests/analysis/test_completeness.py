"""Integrated gradients of an LSTM with kinks: points are doubled until they add up."""

from functools import partial

import torch
from tiny_configs import tiny_config

from attnseq.analysis.completeness import TOLERANCE, enough_points, gap
from attnseq.analysis.replicas import Replicas
from attnseq.contracts.spec import Scalar
from attnseq.core.randomness import generator
from attnseq.layers.weights import KerasInitializer
from attnseq.runs.build import build_recipe
from attnseq.scores.explained import Explained
from attnseq.scores.gradients import STEPS, integrated_gradients


@torch.no_grad()
def test_points_are_doubled_until_attributions_add_up() -> None:
    config = tiny_config("abs_difference", "lstm_hidden")  # Keras's hard sigmoid
    flat, task = build_recipe(config).flat, config.dataset.task
    fresh = flat.model.initial_parameters(KerasInitializer(generator(0, "weights")))
    test, target = task.splits().test, task.spec.target
    assert isinstance(target, Scalar)
    scale = float(test.answers.std()) * target.scale
    replicas = Replicas(flat, 2 * flat.flatten(fresh).unsqueeze(0), test.first(4))
    explained = Explained(target)

    def largest(points: int) -> float:
        rule = partial(integrated_gradients, steps=points)
        attributed = replicas.attributed(rule, explained.says, None)
        whole = explained.says(replicas.output.prediction, None) - explained.says(replicas.blank(), None)
        by_hand = ((attributed.sum(dim=-1) - whole) / scale).abs()
        torch.testing.assert_close(gap(replicas, explained, attributed, scale), by_hand)
        return float(by_hand.max())

    assert largest(STEPS) > TOLERANCE
    points = enough_points(replicas, explained, scale)
    assert points > STEPS
    assert largest(points) <= TOLERANCE
