"""The data of a population: a dataset for each replica, held once where replicas share it.

Shapes: P replicas, N training samples of all datasets together, T positions, W parameters of one replica.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from attnseq.datasets.dataset import Dataset

R = TypeVar("R")


class DataPool:
    """The training samples of all datasets behind one another, and where each replica's begin.

    Args:
        dataset_P: each replica's dataset, on the population's device; the same object where replicas share one. Their
            training splits have the same size, their sequences the same length.
    """

    def __init__(self, dataset_P: Sequence[Dataset]):
        self.datasets = list({id(dataset): dataset for dataset in dataset_P}.values())
        number = {id(dataset): index for index, dataset in enumerate(self.datasets)}
        self._dataset_P = [number[id(dataset)] for dataset in dataset_P]
        self.train_size = len(self.datasets[0].train)
        self.first_P = [index * self.train_size for index in self._dataset_P]
        splits = [dataset.train for dataset in self.datasets]
        shared = len(splits) == 1
        self.digits_NxT = splits[0].digits_NxT if shared else torch.cat([split.digits_NxT for split in splits])
        self.targets_N = splits[0].targets_N if shared else torch.cat([split.targets_N for split in splits])

    def evaluate(self, parameters_PxW: Tensor, function: Callable[[Tensor, Dataset], Sequence[R]]) -> list[R]:
        """What `function` returns for each replica on its own dataset.

        Args:
            parameters_PxW: of all replicas.
            function: takes the parameters of the replicas that share a dataset, and the dataset; a result a replica.

        Returns:
            P results.
        """
        results: dict[int, R] = {}
        for index, dataset in enumerate(self.datasets):
            replicas = [replica for replica, its in enumerate(self._dataset_P) if its == index]
            results |= zip(replicas, function(parameters_PxW[replicas], dataset), strict=True)
        return [results[replica] for replica in range(len(self._dataset_P))]
