"""Scores against a plain, unbatched computation in float64.

Shapes: B batch, T positions, K queries, H hidden units.
"""

import math

import pytest
import torch

from attnseq.core.randomness import generator
from attnseq.layers.alignment import SCORES, score_parameters
from attnseq.layers.weights import KerasInitializer

BATCH, POSITIONS, QUERIES, UNITS = 2, 4, 3, 5


def by_hand(kind: str, score: torch.nn.Module, query: list[float], state: list[float]) -> float:
    weights = {name: value.tolist() for name, value in score.named_parameters()}
    if kind == "dot":
        return sum(q * h for q, h in zip(query, state, strict=True))
    if kind == "general":
        return sum(query[i] * weights["weight"][i][j] * state[j] for i in range(UNITS) for j in range(UNITS))
    total = 0.0
    for unit in range(UNITS):
        z = weights["bias"][unit]
        z += sum(query[i] * weights["query"][i][unit] + state[i] * weights["state"][i][unit] for i in range(UNITS))
        total += weights["vector"][unit][0] * math.tanh(z)
    return total


@pytest.mark.parametrize("kind", SCORES)
def test_scores_equal_a_plain_computation(kind: str) -> None:
    numbers = torch.Generator().manual_seed(0)
    score = SCORES[kind](UNITS).double()
    with torch.no_grad():
        for parameter in score.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=numbers, dtype=torch.float64))
    queries = torch.randn(BATCH, QUERIES, UNITS, generator=numbers, dtype=torch.float64)
    states = torch.randn(BATCH, POSITIONS, UNITS, generator=numbers, dtype=torch.float64)
    scores_BxKxT = score(queries, states)
    assert scores_BxKxT.shape == (BATCH, QUERIES, POSITIONS)
    for b in range(BATCH):
        for k in range(QUERIES):
            for t in range(POSITIONS):
                expected = by_hand(kind, score, queries[b, k].tolist(), states[b, t].tolist())
                assert scores_BxKxT[b, k, t].item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", SCORES)
def test_fresh_parameters_fit_and_depend_on_the_seed_only(kind: str) -> None:
    score = SCORES[kind](UNITS)
    first, again, other = (
        dict(score_parameters("score", score, KerasInitializer(generator(seed, "weights")))) for seed in (0, 0, 1)
    )
    assert {name: value.shape for name, value in first.items()} == {
        f"score.{name}": value.shape for name, value in score.named_parameters()
    }
    for name, value in first.items():
        assert torch.equal(value, again[name])
        assert not value.any() or not torch.equal(value, other[name])
