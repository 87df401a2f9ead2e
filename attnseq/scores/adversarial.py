"""Adversarial attention: the distribution farthest from a model's own that hardly moves its answer.

Shapes: B batch, T positions, R distributions of a sample; a population has P before them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from attnseq.scores.divergence import between_two, jensen_shannon, towards_one

if TYPE_CHECKING:
    from torch import Tensor

ROUNDS = 6
"""Times that the answer is taken for linear around what was found last."""
STEPS = (1.0, 0.5, 0.125, 0.03)
"""Shares of the way to the best point of the linear answer that are tried."""
CAUTION = 0.9
"""Share of the allowed change that the linear answer may use."""
PAIRS, HALVINGS = 2, 14
"""Pairs of positions between which a crossing is looked for, and how often what lies between is halved: to 3e-5 of
the way, within which even a steep answer moves by no more than is allowed."""


class Adversary(NamedTuple):
    """What was found, each ...xB.

    Args:
        divergence: of the found weights from the model's own, in nats, the mean over distributions.
        change: of the answer under them; at most epsilon.
        bound: the largest divergence that any weights have, at most ln 2.
    """

    divergence: Tensor
    change: Tensor
    bound: Tensor


class Asked(NamedTuple):
    """A model asked with other weights.

    Args:
        answer: predictions of weights ...xBxRxT, differentiable.
        says: what is explained of a prediction, ...xB.
        change: how far a prediction is from that of the model's own weights, ...xB.
    """

    answer: Callable[[Tensor], Tensor]
    says: Callable[[Tensor], Tensor]
    change: Callable[[Tensor], Tensor]


def adversary(
    asked: Asked, rows: Tensor, epsilon: float, present: Tensor | None, counted: Tensor | None = None
) -> Adversary:
    """Search the weights farthest in Jensen-Shannon divergence that move the answer by no more than epsilon.

    The divergence is convex. So, were the answer linear in the weights, the farthest would lie where weights are shared
    between two positions: on an edge of the simplex. Tried are weights at one position; crossings on the edges between
    two of these that move what is explained to different sides; and, in rounds, the best point of all edges of an
    answer taken for linear around what was found last, and points on the way there. What is found is a lower bound of
    what there is.

    Args:
        asked: the model.
        rows: its own weights, ...xBxRxT. Their sums stay what they are.
        epsilon: the largest change, in its unit.
        present: BxT; None: samples have all positions.
        counted: BxR, distributions that a sample has; None: all.

    Source: the problem is Jain & Wallace's (2019, arXiv:1902.10186, section 4.2.2); the search is our own.
    """
    import torch

    search = _Search(asked, rows, epsilon, present, counted)
    single, moved = search.single()
    crossed = search.crossed(moved)
    walked = search.walked()
    best = single
    for other in (crossed, walked):
        best = search.farther_of(best, other)
    divergence, change = search.distance(best.weights), asked.change(asked.answer(best.weights * search.mass))
    holds = change <= epsilon  # with the same epsilon, once more
    return Adversary(torch.where(holds, divergence, 0.0), torch.where(holds, change, 0.0), search.bound)


class _Found(NamedTuple):
    """Weights that were found, ...xBxRxT, each summing to 1, and how far they are from the model's own, ...xB."""

    weights: Tensor
    divergence: Tensor


class _Search:
    """The weights of a model, and ways to others; for the arguments see `adversary`."""

    def __init__(self, asked: Asked, rows: Tensor, epsilon: float, present: Tensor | None, counted: Tensor | None):
        import torch

        self.asked, self.epsilon = asked, epsilon
        self.mass = rows.sum(dim=-1, keepdim=True)
        self.own = rows / self.mass.masked_fill(self.mass == 0, 1.0)
        everywhere = torch.ones_like(self.own, dtype=torch.bool)
        self.allowed = everywhere if present is None else present.unsqueeze(-2).expand(self.own.shape)
        every = torch.ones(self.own.shape[-3:-1], device=rows.device, dtype=rows.dtype)
        self.counts = every if counted is None else counted.to(rows.dtype)
        self.ones = torch.eye(rows.shape[-1], device=rows.device, dtype=rows.dtype)
        self.far = towards_one(self.own).masked_fill(~self.allowed, -1.0)
        self.bound = self._mean(self.far.amax(dim=-1))
        self.start = _Found(self.own, torch.zeros_like(self.bound))
        self.said = self.moves(self.own)

    def moves(self, weights: Tensor) -> Tensor:
        """Compute what is explained under weights that sum to 1."""
        return self.asked.says(self.asked.answer(weights * self.mass))

    def distance(self, weights: Tensor) -> Tensor:
        """Compute how far weights are from the model's own."""
        return self._mean(jensen_shannon(self.own, weights))

    def tried(self, one: _Found, trial: Tensor) -> tuple[_Found, Tensor]:
        """Return the trial where it is allowed and farther, else what there was; and how far it moves what is said."""
        trial = trial.clamp(min=0.0)  # rounding may take it below
        prediction, distance = self.asked.answer(trial * self.mass), self.distance(trial)
        better = (self.asked.change(prediction) <= self.epsilon) & (distance > one.divergence)
        return self._where(better, _Found(trial, distance), one), self.asked.says(prediction) - self.said

    def farther_of(self, one: _Found, other: _Found) -> _Found:
        """Return the farther one for each sample."""
        return self._where(other.divergence > one.divergence, other, one)

    def single(self) -> tuple[_Found, Tensor]:
        """Try weights at one position; return also how far each moves what is said, ...xBxT."""
        import torch

        found, _ = self.tried(self.start, self.ones[self.far.argmax(dim=-1)])
        moved = []
        for position in range(self.own.shape[-1]):  # a position that a sample does not have is no weight's place
            here = torch.where(self.allowed[..., position : position + 1], self.ones[position], self.own)
            found, moves = self.tried(found, here)
            moved.append(moves)
        return found, torch.stack(moved, dim=-1)

    def crossed(self, moved: Tensor) -> _Found:
        """Look between two positions for what does not move the answer, where they move it to different sides.

        Args:
            moved: how far weights at one position alone move what is said, ...xBxT.
        """
        import torch

        up, down = moved.unsqueeze(-1), moved.unsqueeze(-2)
        gap = up - down
        opposite = (up > 0) & (down < 0)
        share = torch.where(opposite, -down / gap.masked_fill(gap == 0, 1.0), 0.0)
        here = self.allowed.all(dim=-2)
        opposite = opposite & here.unsqueeze(-1) & here.unsqueeze(-2)
        distances = between_two(self.own, share.unsqueeze(-3).expand(*self.own.shape, self.own.shape[-1]))
        mean = (distances * self.counts[..., None, None]).sum(dim=-3)
        best = mean.masked_fill(~opposite, -1.0).flatten(-2).topk(min(PAIRS, mean.shape[-1] ** 2), dim=-1)
        found = self.start
        for which in range(best.indices.shape[-1]):
            pair, possible = best.indices[..., which], best.values[..., which] >= 0
            first, second = (self.ones[each].unsqueeze(-2) for each in (pair // len(self.ones), pair % len(self.ones)))
            low, high = torch.zeros_like(self.bound), torch.ones_like(self.bound)
            part = share.flatten(-2).gather(-1, pair.unsqueeze(-1)).squeeze(-1)
            for _ in range(HALVINGS):
                at = part[..., None, None]
                between = (at * first + (1 - at) * second).expand(self.own.shape)
                found, moves = self.tried(found, torch.where(possible[..., None, None], between, self.own))
                low, high = torch.where(moves < 0, part, low), torch.where(moves < 0, high, part)
                part = (low + high) / 2
        return found

    def walked(self) -> _Found:
        """Go to the best point of an answer taken for linear, as far as it is allowed, and again from there."""
        at, found = self.own, self.start
        for number in range(ROUNDS):
            moved, slope = self.slope(at)
            goal = self._goal(at, slope, moved)
            before = found.weights
            for step in STEPS:
                found, _ = self.tried(found, before + step * (goal - before))
            # every other time, go on from a goal that moves the answer too far: its slope leads back
            at = found.weights if number % 2 else goal
        return found

    def slope(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Compute how far weights move what is said, ...xB, and its gradient by them, ...xBxRxT."""
        import torch

        def total(values: Tensor) -> tuple[Tensor, Tensor]:
            said = self.moves(values)
            return said.sum(), said

        with torch.enable_grad():
            slope, said = torch.func.grad(total, has_aux=True)(weights)
        return said - self.said, slope

    def _goal(self, at: Tensor, slope: Tensor, moved: Tensor) -> Tensor:
        """Find the farthest weights between two positions that a linear answer allows; `at` where there are none.

        The allowed change is divided evenly between a sample's distributions, each of which is then searched by itself.
        """
        import torch

        share = 1.0 / self.counts.sum(dim=-1).clamp(min=1)
        room = (CAUTION * self.epsilon * share)[..., None, None, None]
        offset = (moved * share)[..., None] - (slope * at).sum(dim=-1)
        base, climb = offset[..., None, None] + slope.unsqueeze(-2), slope.unsqueeze(-1) - slope.unsqueeze(-2)
        flat = climb.abs() < 1e-12
        climb = torch.where(flat, 1.0, climb)
        one, other = (-room - base) / climb, (room - base) / climb
        low = torch.where(flat, 0.0, torch.minimum(one, other).clamp(min=0.0))
        high = torch.where(flat, 1.0, torch.maximum(one, other).clamp(max=1.0))
        possible = (low <= high) & (~flat | (base.abs() <= room))
        possible = possible & self.allowed.unsqueeze(-1) & self.allowed.unsqueeze(-2)
        shares = torch.stack((low, high), dim=-3).clamp(0.0, 1.0)
        far = torch.stack([between_two(self.own, shares[..., end, :, :]) for end in (0, 1)], dim=-3)
        farthest = far.masked_fill(~possible.unsqueeze(-3), -1.0).flatten(-3).max(dim=-1, keepdim=True)
        part, pair = shares.flatten(-3).gather(-1, farthest.indices), farthest.indices.squeeze(-1) % len(self.ones) ** 2
        goal = part * self.ones[pair // len(self.ones)] + (1 - part) * self.ones[pair % len(self.ones)]
        return torch.where(farthest.values >= 0, goal, at)

    def _where(self, condition: Tensor, one: _Found, other: _Found) -> _Found:
        import torch

        weights = torch.where(condition[..., None, None], one.weights, other.weights)
        return _Found(weights, torch.where(condition, one.divergence, other.divergence))

    def _mean(self, values: Tensor) -> Tensor:
        """Average over a sample's distributions."""
        return (values * self.counts).sum(dim=-1) / self.counts.sum(dim=-1).clamp(min=1)
