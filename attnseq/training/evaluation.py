"""How well a population predicts held-out samples.

Shapes: P replicas, N samples, B samples of a chunk, T positions.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from attnseq.datasets.dataset import Split
from attnseq.training.population import FlatModel

CHUNK = 16_384
"""Samples times replicas that are predicted together; bounds the memory of an evaluation."""


class Metrics(NamedTuple):
    """Of one replica: mean squared error, mean absolute error in units of the answer, share of exact answers."""

    loss: float
    mae: float
    exact: float


@torch.no_grad()
def evaluate(flat: FlatModel, parameters_PxN: Tensor, split: Split, scale: int) -> list[Metrics]:
    """Metrics of every replica on the same samples.

    Args:
        flat: the model.
        parameters_PxN: of the replicas.
        split: samples, on the parameters' device.
        scale: of the targets: answer = target x scale. A prediction is exact if it rounds to the answer.

    Returns:
        P metrics.
    """
    replicas = len(parameters_PxN)
    sums_3xP = torch.zeros(3, replicas, dtype=torch.float64, device=parameters_PxN.device)
    for digits_BxT, targets_B in chunks(split, CHUNK // replicas):
        predictions_PxB = flat.predict(parameters_PxN, digits_BxT).prediction
        errors_PxB = (predictions_PxB - targets_B).double()
        answers_B = torch.round(targets_B.double() * scale)
        exact_PxB = torch.round(predictions_PxB.double() * scale) == answers_B
        parts = (errors_PxB.square(), errors_PxB.abs() * scale, exact_PxB.double())
        sums_3xP += torch.stack([part.sum(dim=-1) for part in parts])
    return [Metrics(*row) for row in (sums_3xP / len(split)).T.tolist()]


def chunks(split: Split, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """(digits_BxT, targets_B) of a split, at most `size` samples at a time."""
    return zip(split.digits_NxT.split(max(1, size)), split.targets_N.split(max(1, size)), strict=True)
