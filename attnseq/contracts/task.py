"""What a task is: samples, what they look like, and where it is known what an answer depends on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Spec

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Splits(NamedTuple):
    """A task's samples, on one device.

    Args:
        train: to learn from.
        validation: held out, looked at every epoch.
        test: held out, looked at once, at the end.
    """

    train: Batch
    validation: Batch
    test: Batch

    def to(self, device: torch.device | str) -> Splits:
        """The same samples on a device."""
        return Splits(*(split.to(device) for split in self))


class Task(ABC):
    """What is to be learnt. It is cheap to make; its samples are made when they are asked for."""

    @property
    @abstractmethod
    def spec(self) -> Spec:
        """What its samples look like."""

    @abstractmethod
    def splits(self) -> Splits:
        """Its samples, on the CPU; the same at every call and on every platform.

        Raises:
            ConfigError: they cannot be made; one line that names the key.
        """

    @property
    def position_names(self) -> tuple[str, ...]:
        """What pictures and tables call the positions of the inputs, T of them; numbers from 0 unless a task says."""
        return tuple(map(str, range(self.spec.inputs.length)))

    def relevance(self, batch: Batch) -> Tensor | None:
        """How much each position counts for the answer, exactly, in any unit; None where that is not known.

        Args:
            batch: samples of this task, targets and all.

        Returns:
            relevance_BxT, or relevance_BxKxT where it differs from answer position to answer position; not negative.
        """
        return None

    def answers(self, batch: Batch) -> Tensor | None:
        """The exact answers of any inputs, as the targets of `splits`; None where only data know them.

        Args:
            batch: samples; targets, where it has any, are not looked at.
        """
        return None

    def fingerprint(self) -> str:
        """A digest of what the samples are read from; "" where they are made by the config alone.

        An edited file makes another task of the same config.
        """
        return ""
