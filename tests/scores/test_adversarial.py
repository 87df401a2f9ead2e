"""Adversarial attention: its bound, what holds at the end, and against a search of all distributions on a grid."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from attnseq.scores.adversarial import Asked, adversary
from attnseq.scores.divergence import jensen_shannon

OWN = torch.tensor([[[0.6, 0.3, 0.1]], [[0.2, 0.2, 0.6]], [[0.05, 0.9, 0.05]]], dtype=torch.float64)
LN2 = math.log(2)


def grid(steps: int = 200) -> Tensor:
    """All distributions over three positions in small steps."""
    pairs = [(one / steps, other / steps) for one in range(steps + 1) for other in range(steps + 1 - one)]
    return torch.tensor([[one, other, max(0.0, 1 - one - other)] for one, other in pairs], dtype=torch.float64)


def asked(says: Callable[[Tensor], Tensor], own: Tensor) -> Asked:
    """A model whose prediction is what is explained."""
    return Asked(says, lambda prediction: prediction, lambda prediction: (prediction - says(own)).abs())


def ignoring(weights: Tensor) -> Tensor:
    return 0 * weights.sum(dim=(-1, -2))


def bent(weights: Tensor) -> Tensor:
    """An answer that is no line: of weights ...xBx1xT."""
    slopes = torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64)
    return torch.tanh((weights[..., 0, :] * slopes).sum(dim=-1)) + 0.3 * weights[..., 0, 1] ** 2


def test_attention_that_is_ignored_lets_it_reach_its_bound() -> None:
    found = adversary(asked(ignoring, OWN), OWN, 1e-3, None)
    torch.testing.assert_close(found.divergence, found.bound)
    assert not found.change.any()
    ones = torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(found.bound, jensen_shannon(OWN, ones).amax(dim=-1))
    assert (found.bound <= LN2).all()


@pytest.mark.parametrize("epsilon", [0.02, 0.2, 1.0])
def test_it_finds_nearly_what_a_grid_of_all_distributions_has(epsilon: float) -> None:
    found = adversary(asked(bent, OWN), OWN, epsilon, None)
    assert (found.change <= epsilon).all()
    for sample, divergence in enumerate(found.divergence.tolist()):
        every = grid()
        moved = (bent(every[:, None, None])[:, 0] - bent(OWN[sample : sample + 1])).abs()
        best = jensen_shannon(OWN[sample], every)[moved <= epsilon].max()
        assert divergence > 0.85 * float(best)


def test_a_steep_answer_is_met_within_what_is_allowed() -> None:
    own = torch.full((1, 1, 10), 0.1, dtype=torch.float64)

    def steep(weights: Tensor) -> Tensor:
        first, others = weights[..., 0, 0] ** 2, (weights[..., 0, 1:] ** 2).sum(dim=-1)
        return torch.tanh(100 * (first - 0.2 * others + 0.008))

    found = adversary(asked(steep, own), own, 0.01, None)
    # the answer stays where first = 0.2 others - 0.008: the more one position has of the rest, the more the first has.
    # So the farthest has 0.3 there, and 0.7 at another one: 0.09 = 0.2 x 0.49 - 0.008. Allowed are 1.5e-4 more or
    # less at the first
    farthest = torch.tensor([0.3, 0.7, *[0.0] * 8], dtype=torch.float64)
    assert float(found.divergence) == pytest.approx(float(jensen_shannon(own[0, 0], farthest)), rel=1e-3)


def test_padding_gets_no_weight() -> None:
    rows, present = torch.tensor([[[0.6, 0.4, 0.0]]]), torch.tensor([[True, True, False]])
    seen = []

    def answer(weights: Tensor) -> Tensor:
        seen.append(weights.detach())
        return ignoring(weights)

    found = adversary(Asked(answer, lambda its: its, abs), rows, 0.1, present)
    assert not any(weights[..., 2].any() for weights in seen)
    torch.testing.assert_close(found.divergence, jensen_shannon(rows[0], torch.tensor([[0.0, 1.0, 0.0]])))


def test_an_answer_that_follows_its_attention_can_hardly_be_kept() -> None:
    def says(weights: Tensor) -> Tensor:
        return (weights[..., 0, :] * torch.tensor([1.0, 100.0, 10000.0])).sum(dim=-1)

    own = OWN.float()
    found = adversary(asked(says, own), own, 1e-3, None)
    assert (found.change <= 1e-3).all()
    assert (found.divergence < found.bound).all()


def test_several_distributions_of_a_sample_and_a_population() -> None:
    rows = torch.rand(2, 4, 3, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    rows = rows / rows.sum(dim=-1, keepdim=True)

    def says(weights: Tensor) -> Tensor:
        return (weights * torch.linspace(0, 1, 15, dtype=torch.float64).view(3, 5)).sum(dim=(-1, -2))

    counted = torch.tensor([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]])
    found = adversary(asked(says, rows), rows, 0.1, None, counted)
    assert found.divergence.shape == (2, 4)
    assert (found.divergence > 0.05).all()
    assert (found.divergence <= found.bound + 1e-9).all()
    alone = adversary(asked(says, rows[1]), rows[1], 0.1, None, counted)
    torch.testing.assert_close(found.divergence[1], alone.divergence)
