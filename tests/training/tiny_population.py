"""A tiny population and batches for it.

Shapes: P replicas, N parameters of one replica, S steps a call, B batch, T positions.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from attnseq.core.randomness import generator
from attnseq.layers.weights import KerasInitializer
from attnseq.models.lstm_attention import LSTMAttention
from attnseq.models.mlp_attention import MLPAttention
from attnseq.training.optimizer import AdamSettings
from attnseq.training.population import FlatModel, PopulationState
from attnseq.training.replicas import stack_settings

POSITIONS, BASE, BATCH = 4, 5, 6
CPU = torch.device("cpu")
MODELS = ["mlp", "lstm"]


class Batches(NamedTuple):
    """digits_PxSxBxT, targets_PxSxB, valid_SxB of one call."""

    digits: Tensor
    targets: Tensor
    valid: Tensor


def build(name: str, hidden_size: int = 3) -> FlatModel:
    if name == "mlp":
        return FlatModel(MLPAttention(POSITIONS, BASE, hidden_size))
    return FlatModel(LSTMAttention(POSITIONS, BASE, hidden_size, "time", "hard_sigmoid"))


def fresh(flat: FlatModel, replicas: int) -> Tensor:
    """parameters_PxN, of each replica from a seed of its own."""
    inits = [KerasInitializer(generator(seed, "weights")) for seed in range(replicas)]
    return torch.stack([flat.flatten(flat.model.initial_parameters(init)) for init in inits])  # type: ignore[operator]


def settings(replicas: int) -> AdamSettings:
    rates = [1e-3, 1e-2, 3e-2]
    return stack_settings([(rates[k], 0.9 - 0.1 * k, 0.999 - 0.009 * k, 1e-7) for k in range(replicas)], CPU)


def batches(replicas: int, steps: int, seed: int = 0) -> Batches:
    numbers = torch.Generator().manual_seed(seed)
    shape = (replicas, steps, BATCH)
    digits = torch.randint(0, BASE, (*shape, POSITIONS), generator=numbers, dtype=torch.uint8)
    return Batches(digits, torch.rand(shape, generator=numbers), torch.ones(steps, BATCH))


def rows(values: tuple[Tensor, ...], index: int) -> list[Tensor]:
    return [value[index : index + 1] for value in values]


def copy(state: PopulationState) -> PopulationState:
    return PopulationState(*(value.clone() for value in state))


def same_bits(mine: PopulationState, theirs: PopulationState) -> bool:
    """Equal, a NaN equal to a NaN."""
    return all(torch.allclose(a, b, rtol=0, atol=0, equal_nan=True) for a, b in zip(mine, theirs, strict=True))
