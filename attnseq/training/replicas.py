"""Replicas in training: what their program takes, and how far they are.

Shapes: P replicas, N parameters of one replica, C calls, S steps a call, B batch, T positions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from attnseq.training.noise import WeightNoise
from attnseq.training.optimizer import AdamSettings
from attnseq.training.order import Order
from attnseq.training.population import FlatModel, PopulationState
from attnseq.training.runners import Piece


@dataclass
class Population:
    """Replicas in training: their state, and how far they are.

    Args:
        flat: their model.
        state: a row a replica.
        settings: Adam's, a number a replica.
        orders: each replica's order of the training samples.
        noise: on the weights; None where no replica has any.
        epoch: epochs finished.
        step: steps taken in the epoch under way, a multiple of `pace.BLOCK`.
    """

    flat: FlatModel
    state: PopulationState
    settings: AdamSettings
    orders: Sequence[Order]
    noise: WeightNoise | None = None
    epoch: int = 0
    step: int = 0

    @property
    def device(self) -> torch.device:
        return self.state.parameters.device

    def pieces(self, block: Piece, start: int, rows: slice = slice(None)) -> Iterator[Piece]:
        """A block of calls as it is run: whole, or with its noise, in pieces whose noise is drawn together.

        Args:
            block: digits_CxPxSxBxT, targets_CxPxSxB and valid_CxSxB of the calls from `start` of this epoch on.
            start: its first call.
            rows: its replicas.
        """
        if self.noise is None:
            yield block
            return
        first = 0
        for noise_CxPxSxN in self.noise.pieces(self.epoch, start, start + len(block[-1]), block[-1].shape[1], rows):
            end = first + len(noise_CxPxSxN)
            yield *(values[first:end] for values in block), noise_CxPxSxN
            first = end

    def diverged(self) -> list[int]:
        """For each replica the number of the step whose loss was not finite, 0 where there is none."""
        return [int(step) for step in self.state.diverged.tolist()]

    def mean_loss(self, samples: int) -> list[float]:
        """Each replica's mean training loss over the `samples` of this epoch so far, nan where it diverged."""
        loss_P: list[float] = torch.where(self.state.diverged == 0, self.state.loss_sum / samples, torch.nan).tolist()
        return loss_P

    def widened(self, replicas: int) -> "Population":
        """The population with idle replicas behind its own, so that it can be cut into equal shards.

        Its own state becomes a view of the wider one's first rows, which train for both.

        Args:
            replicas: how many there will be; as many as there are gives the population itself.
        """
        idle = replicas - len(self.orders)
        if not idle:
            return self
        like_first = [0] * idle
        state = PopulationState(*(torch.cat((value, value[like_first])) for value in self.state))
        self.state = PopulationState(*(value[:-idle] for value in state))
        state.diverged[-idle:] = 1  # frozen: a diverged replica does not change
        settings = AdamSettings(*(torch.cat((value, value[like_first])) for value in self.settings))
        noise = self.noise and self.noise.widened(idle)
        return replace(
            self, state=state, settings=settings, orders=[*self.orders, *[self.orders[0]] * idle], noise=noise
        )


def stack_settings(columns: Sequence[tuple[float, float, float, float]], device: torch.device) -> AdamSettings:
    """Adam's settings of a population.

    Args:
        columns: (learning rate, beta1, beta2, epsilon) of each replica.
        device: where they go.
    """
    values_4xP: Tensor = torch.tensor(columns, dtype=torch.float64, device=device).T.contiguous()
    return AdamSettings(*values_4xP)
