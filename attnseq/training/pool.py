"""The data of a population: each replica's task and samples, held once where replicas share them.

Shapes: P replicas, N training samples of all replicas together, W parameters of one replica.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from attnseq.contracts.batch import Batch
from attnseq.contracts.examples import stacked
from attnseq.contracts.task import Splits, Task

R = TypeVar("R")


class Data(NamedTuple):
    """A task and its samples, on one device."""

    task: Task
    splits: Splits


class DataPool:
    """The training samples of all replicas, joined in one batch, and where each replica's samples begin.

    Args:
        data_P: the data of each replica, on the population's device; the same object where replicas share it. All
            training splits have the same size, and all samples the same shapes.

    Attributes:
        each: the different data that there are.
        index_P: which of these each replica has.
        train: the training samples of all of these, numbers as float32.
        train_size: training samples of each.
        first_P: where each replica's samples begin in `train`.
    """

    def __init__(self, data_P: Sequence[Data]):
        self.each = list({id(data): data for data in data_P}.values())
        number = {id(data): index for index, data in enumerate(self.each)}
        self.index_P = [number[id(data)] for data in data_P]
        self.train_size = self.each[0].splits.train.size
        self.first_P = [index * self.train_size for index in self.index_P]
        parts = [_for_training(data.splits.train) for data in self.each]
        self.train = parts[0] if len(parts) == 1 else stacked(parts)

    def evaluate(self, parameters_PxW: Tensor, function: Callable[[Tensor, Data], Sequence[R]]) -> list[R]:
        """Call `function` for the replicas that share data, and return a result for each replica.

        Args:
            parameters_PxW: of all replicas.
            function: takes the parameters of these replicas, and their data; returns a result for each of them.

        Returns:
            P results.
        """
        results: dict[int, R] = {}
        for index, data in enumerate(self.each):
            replicas = [replica for replica, its in enumerate(self.index_P) if its == index]
            results |= zip(replicas, function(parameters_PxW[replicas], data), strict=True)
        return [results[replica] for replica in range(len(self.index_P))]


def _for_training(samples: Batch) -> Batch:
    """Round numbers to float32, in which steps are taken; splits have them exact, for metrics."""
    targets = samples.targets
    if targets is None or targets.dtype != torch.float64:
        return samples
    return samples._replace(targets=targets.to(torch.float32))
