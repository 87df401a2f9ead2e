"""How well a population predicts held-out samples.

Shapes: P replicas, N samples, B samples of a chunk, T positions.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from attnseq.datasets.dataset import Split
from attnseq.models.model import ModelOutput
from attnseq.training.population import FlatModel

CHUNK = 16_384
"""Samples times replicas that are predicted together; bounds the memory of an evaluation."""


class Metrics(NamedTuple):
    """Of one replica: mean squared error of the targets, mean absolute error in answers, share of exact answers."""

    loss: float
    mae: float
    exact: float


class Sums(Protocol):
    """What is added up over the samples that a population predicts."""

    def add(self, output: ModelOutput, samples: Split) -> None:
        """Take in the outputs of all replicas for some samples."""


@torch.no_grad()
def add_up(flat: FlatModel, parameters_PxN: Tensor, split: Split, *sums: Sums) -> None:
    """Predict samples once, for all that is added up over them.

    Args:
        flat: the model.
        parameters_PxN: of the replicas.
        split: samples, on the parameters' device.
        sums: each is given all of them, in order, in pieces.
    """
    for samples in chunks(split, CHUNK // len(parameters_PxN)):
        output = flat.predict(parameters_PxN, samples.digits_NxT)
        for each in sums:
            each.add(output, samples)


class MetricSums:
    """The metrics of every replica.

    Args:
        replicas: P.
        scale: target = answer / scale. A prediction is exact if, times the scale, it rounds to the answer.
        device: of the outputs.
    """

    def __init__(self, replicas: int, scale: int, device: torch.device):
        self._scale, self._samples = scale, 0
        self._sums_3xP = torch.zeros(3, replicas, dtype=torch.float64, device=device)

    def add(self, output: ModelOutput, samples: Split) -> None:
        predictions_PxB = output.prediction
        errors_PxB = (predictions_PxB - samples.targets_N).double()
        # not of the targets, which float32 rounds: the answer's units are float64's
        predicted_PxB, answers_B = predictions_PxB.double() * self._scale, samples.answers_N.double()
        exact_PxB = torch.round(predicted_PxB) == answers_B
        parts = (errors_PxB.square(), (predicted_PxB - answers_B).abs(), exact_PxB.double())
        self._sums_3xP += torch.stack([part.sum(dim=-1) for part in parts])
        self._samples += len(samples)

    def metrics(self) -> list[Metrics]:
        """P metrics, over all samples that were added."""
        return [Metrics(*row) for row in (self._sums_3xP / self._samples).T.tolist()]


def evaluate(flat: FlatModel, parameters_PxN: Tensor, split: Split, scale: int) -> list[Metrics]:
    """Metrics of every replica on the same samples; arguments as of `add_up` and `MetricSums`."""
    sums = MetricSums(len(parameters_PxN), scale, parameters_PxN.device)
    add_up(flat, parameters_PxN, split, sums)
    return sums.metrics()


def chunks(split: Split, size: int) -> Iterator[Split]:
    """The samples of a split, in order, at most `size` at a time."""
    columns = (split.digits_NxT, split.targets_N, split.answers_N)
    return (Split(*piece) for piece in zip(*(column.split(max(1, size)) for column in columns), strict=True))
