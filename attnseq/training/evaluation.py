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
    """Of one replica: mean squared error of the targets, mean absolute error in answers, share of exact answers."""

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
        scale: target = answer / scale. A prediction is exact if, times the scale, it rounds to the answer.

    Returns:
        P metrics.
    """
    replicas = len(parameters_PxN)
    sums_3xP = torch.zeros(3, replicas, dtype=torch.float64, device=parameters_PxN.device)
    for digits_BxT, targets_B, answers_B in chunks(split, CHUNK // replicas):
        predictions_PxB = flat.predict(parameters_PxN, digits_BxT).prediction
        errors_PxB = (predictions_PxB - targets_B).double()
        # not of the targets, which float32 rounds: the answer's units are float64's
        predicted_PxB, answers_B = predictions_PxB.double() * scale, answers_B.double()
        exact_PxB = torch.round(predicted_PxB) == answers_B
        parts = (errors_PxB.square(), (predicted_PxB - answers_B).abs(), exact_PxB.double())
        sums_3xP += torch.stack([part.sum(dim=-1) for part in parts])
    return [Metrics(*row) for row in (sums_3xP / len(split)).T.tolist()]


def chunks(split: Split, size: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(digits_BxT, targets_B, answers_B) of a split, at most `size` samples at a time."""
    columns = (split.digits_NxT, split.targets_N, split.answers_N)
    return zip(*(column.split(max(1, size)) for column in columns), strict=True)
