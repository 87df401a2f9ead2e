"""What a task is: samples, what they look like and, where that is known, what an answer depends on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy.typing as npt

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Spec

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Splits(NamedTuple):
    """A task's samples, on one device.

    Args:
        train: to learn from.
        validation: held out, evaluated every epoch.
        test: held out, evaluated once, at the end.
    """

    train: Batch
    validation: Batch
    test: Batch

    def to(self, device: torch.device | str) -> Splits:
        """Move all samples to a device."""
        return Splits(*(split.to(device) for split in self))


class NamedSamples(NamedTuple):
    """Samples that were read from a file.

    Args:
        samples: B of them; targets are NaN, or -1 for classes, where the file does not have them.
        ids: B names, as the file has them.
    """

    samples: Batch
    ids: tuple[str, ...]


class Task(ABC):
    """What is to be learnt. It is cheap to make; its samples are made when they are asked for.

    A task whose samples are read from a file has them read already, since the file decides what they look like.
    """

    any_length: ClassVar[bool] = False
    """Whether relevance and answers are known of inputs of other lengths than the spec's, too."""

    @property
    @abstractmethod
    def spec(self) -> Spec:
        """What the samples look like."""

    @abstractmethod
    def splits(self) -> Splits:
        """Make the samples, on the CPU; they are the same at every call and on every platform.

        Raises:
            ConfigError: they cannot be made; the message is one line that names the key.
        """

    def tests(self) -> Iterator[tuple[int, Batch]]:
        """Yield further test samples by their length: (positions, samples), made one after the other, on the CPU.

        Each of the samples has exactly so many positions; padding may follow. They are measured once, at the end.
        """
        yield from ()

    @property
    def position_names(self) -> tuple[str, ...]:
        """Names of the T input positions in pictures and tables; numbers from 0 unless a task has names of its own."""
        return tuple(map(str, range(self.spec.inputs.length)))

    @property
    def position_labels(self) -> tuple[str, ...]:
        """Names of the T input positions in TensorBoard: their numbers, and what stands there, where it is known.

        The number comes first, since TensorBoard sorts them.
        """
        names = enumerate(self.position_names)
        return tuple(name if name == str(place) else f"{place} {name}" for place, name in names)

    @property
    def token_names(self) -> tuple[str, ...]:
        """Names of the input tokens, by which people call them; () where they are called by their numbers."""
        return ()

    def relevance(self, batch: Batch) -> Tensor | None:
        """Compute exactly how much each position counts for the answer, in any unit; None where that is not known.

        Args:
            batch: samples of this task, with their targets.

        Returns:
            relevance_BxT, or relevance_BxKxT where it differs from answer position to answer position; not negative.
            An answer position that depends on no position, as that of an end symbol, has 0 everywhere; scores of
            attention leave it out. Where it is BxT and made of inputs and lengths by tensor operations, without
            branches, a model can be given it within its program, see `Model.truth`.
        """
        return None

    def expected_change(self, batch: Batch) -> Tensor | None:
        """Compute exactly how much the answer changes, on average, when a position is drawn anew; None: not known.

        The position is drawn as the task draws it, independent of all others, and may get what stood there. Of a number
        the change is its absolute difference in the answer's unit, of a class or a token 1 where it is another one.

        Args:
            batch: samples of this task.

        Returns:
            BxT, or BxKxT for each token of the answer; not negative.
        """
        return None

    def answers(self, batch: Batch) -> Tensor | None:
        """Compute the exact answers of any inputs, as the targets of `splits`; None where only data have them.

        Args:
            batch: samples; its targets, if any, are ignored.
        """
        return None

    def fingerprint(self) -> str:
        """Return a digest of the files that the samples are read from; "" where the config alone makes them.

        An edited file makes another task of the same config.
        """
        return ""

    def facts(self) -> Mapping[str, Any]:
        """Return what a run must keep of these files, as JSON has it; {} where there are none.

        `DatasetConfig.recall` makes a task of it, with which a model predicts where the files are gone.
        """
        return {}

    def encode(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Turn numbers as people have them into a model's inputs, BxTxF; unless a task scales them, they are these."""
        return values

    def read(self, path: str, any_length: bool = False) -> NamedSamples:
        """Read other samples from a file of the form that the task's own samples were read from.

        Args:
            path: of the file.
            any_length: whether sequences may be longer than the task's.

        Raises:
            ValueError: the file does not fit, or the task reads no files; the message is one line.
        """
        raise ValueError(f"{path}: the task reads no files")
