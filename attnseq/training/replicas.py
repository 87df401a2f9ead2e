"""Populations in training: what their program takes, and how far they are.

Shapes: P replicas.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from attnseq.training.order import Order
from attnseq.training.population import PopulationState, Recipe, Settings


@dataclass
class Population:
    """Replicas in training: their state, and how far they are.

    Args:
        recipe: what a step computes.
        state: a row a replica.
        settings: a row a replica.
        orders: each replica's order of the training samples.
        epoch: epochs finished.
        step: steps taken in the epoch under way, a multiple of `pace.BLOCK`.
    """

    recipe: Recipe
    state: PopulationState
    settings: Settings
    orders: Sequence[Order]
    epoch: int = 0
    step: int = 0

    @property
    def device(self) -> torch.device:
        return self.state.parameters.device

    def diverged(self) -> list[int]:
        """Return for each replica the number of the step whose loss was not finite, 0 where there is none."""
        return [int(step) for step in self.state.diverged.tolist()]

    def mean_loss(self, samples: int) -> list[float]:
        """Compute each replica's mean training loss over the `samples` of this epoch so far, nan where it diverged."""
        loss_P: list[float] = torch.where(self.state.diverged == 0, self.state.loss_sum / samples, torch.nan).tolist()
        return loss_P

    def widened(self, replicas: int) -> "Population":
        """Append idle replicas to the population, so that it can be cut into equal shards.

        This population's state becomes a view of the first rows of the wider one, so that training changes both.

        Args:
            replicas: how many there will be; with as many as there are, the population itself is returned.
        """
        idle = replicas - len(self.orders)
        if not idle:
            return self
        like_first = [0] * idle
        state = PopulationState(*(torch.cat((value, value[like_first])) for value in self.state))
        self.state = PopulationState(*(value[:-idle] for value in state))
        state.diverged[-idle:] = 1  # freezes them: a diverged replica does not change
        settings = Settings(*(torch.cat((value, value[like_first])) for value in self.settings))
        return replace(self, state=state, settings=settings, orders=[*self.orders, *[self.orders[0]] * idle])


def stack_settings(rows: Sequence[Sequence[float]], device: torch.device) -> Settings:
    """Make the settings of a population.

    Args:
        rows: of each replica, in the order of `Settings`; what a row lacks at its end is 0.
        device: of the result.
    """
    number = len(Settings._fields)
    whole = [[*row, *[0.0] * (number - len(row))] for row in rows]
    columns: Tensor = torch.tensor(whole, dtype=torch.float64, device=device).T.contiguous()
    return Settings(*columns)
