"""What a dataset is: three splits of digits and targets as tensors, and the task that they come from.

Shape suffixes: N samples, T positions.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from attnseq.core.randomness import generator
from attnseq.datasets.task import AbsDifference

if TYPE_CHECKING:  # a dataset's keys stand beside it, and are read without PyTorch
    import torch


@dataclass(frozen=True, eq=False)
class Split:
    """Samples of one split, as tensors on one device; T bytes a sample for the digits.

    Args:
        digits_NxT: uint8, the sequences, digits 0 to base - 1.
        targets_N: float32, |a - b| / scale, in [0, 1) where there is no label noise.
        answers_N: int32, the answers themselves, of which float32 holds no more than seven digits.
    """

    digits_NxT: "torch.Tensor"
    targets_N: "torch.Tensor"
    answers_N: "torch.Tensor"

    def __len__(self) -> int:
        return len(self.digits_NxT)

    def first(self, samples: int) -> "Split":
        """The first so many samples, or all where there are fewer."""
        return Split(self.digits_NxT[:samples], self.targets_N[:samples], self.answers_N[:samples])

    def to(self, device: "torch.device | str") -> "Split":
        """The same samples on a device.

        Args:
            device: a torch device or its name.
        Returns:
            A split whose tensors lie there; tensors that lie there already are shared.
        """
        return Split(self.digits_NxT.to(device), self.targets_N.to(device), self.answers_N.to(device))


@dataclass(frozen=True, eq=False)
class Dataset:
    """A task and its samples.

    Args:
        name: what the config calls it.
        task: which positions form the operands, and the exact relevance of each.
        train: samples to learn from.
        validation: held out, looked at every epoch.
        test: held out, looked at once, at the end.
    """

    name: str
    task: AbsDifference
    train: Split
    validation: Split
    test: Split

    def to(self, device: "torch.device | str") -> "Dataset":
        """The same dataset on a device.

        Args:
            device: a torch device or its name.
        Returns:
            A dataset whose tensors lie there.
        """
        return Dataset(self.name, self.task, self.train.to(device), self.validation.to(device), self.test.to(device))

    def with_label_noise(self, deviation: float, seed: int) -> "Dataset":
        """The same samples with noisy training targets; the held-out targets stay exact.

        Args:
            deviation: standard deviation of the normal noise, in units of the target; 0 changes nothing.
            seed: of the noise, which is drawn once: a sample has the same target in every epoch. Another deviation
                scales the same noise.
        Returns:
            A dataset that shares all other tensors with this one; targets may leave [0, 1].
        """
        import torch

        if not deviation:
            return self
        noise_N = generator(seed, "label_noise").standard_normal(len(self.train), dtype=np.float32)
        targets_N = self.train.targets_N + deviation * torch.from_numpy(noise_N).to(self.train.targets_N.device)
        return replace(self, train=replace(self.train, targets_N=targets_N))


def label(task: AbsDifference, digits_NxT: npt.NDArray[np.uint8]) -> Split:
    """Sequences with their targets.

    Args:
        task: says what the answer to a sequence is.
        digits_NxT: uint8, digits 0 to base - 1; the split shares its memory.
    Returns:
        A split on the CPU; targets are divided in float64, then rounded to float32.
    Raises:
        ValueError: the array is not of shape (N, T).
    """
    import torch

    answers_N = task.answers(digits_NxT)
    targets_N = (answers_N / np.float64(task.scale)).astype(np.float32)
    answers_N = answers_N.astype(np.int32)  # a task's scale is at most 10 ** 9
    return Split(torch.from_numpy(digits_NxT), torch.from_numpy(targets_N), torch.from_numpy(answers_N))
