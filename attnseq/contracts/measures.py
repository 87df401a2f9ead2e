"""What is minimised, and what is measured: one number a sample. Without PyTorch, so that `compare` knows them, too.

An objective, metric or score is a class that is registered by its name, one file each. It is made for a task's target.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from attnseq.contracts.spec import Spec, Target

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch, Output
    from attnseq.contracts.task import Task


class Objective(ABC):
    """What training minimises.

    Args:
        target: of the task.
    """

    targets: ClassVar[tuple[type, ...]]
    """Kinds of target for which it makes sense."""

    usual_for: ClassVar[tuple[type, ...]] = ()
    """Kinds for which it is taken unless the config says otherwise; of each kind one objective's."""

    label: ClassVar[str]
    """In words, for the axis of a picture."""

    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)

    def __init__(self, target: Target):
        self.target = target

    @abstractmethod
    def __call__(self, output: Output, batch: Batch) -> Tensor:
        """The loss of each sample, B."""


class Metric(ABC):
    """How good predictions are.

    Args:
        target: of the task.
    """

    targets: ClassVar[tuple[type, ...]]
    direction: ClassVar[str] = "lower"
    """Which is better: "lower" or "higher"."""
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)

    def __init__(self, target: Target):
        self.target = target

    @classmethod
    def is_usual(cls, target: Target) -> bool:
        """Whether it is measured unless the config says otherwise."""
        return isinstance(target, cls.targets)

    @property
    def unit(self) -> str:
        """In words; "" where it is a plain number."""
        return ""

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1, and is shown in per cent."""
        return self.limits == (0.0, 1.0)

    @abstractmethod
    def __call__(self, output: Output, batch: Batch) -> Tensor:
        """The value of each sample, B; predictions and targets are float64 where they are numbers."""

    def summary(self, mean: float, split: Batch) -> float:
        """The value of a whole split.

        Args:
            mean: of its samples' values.
            split: all samples.
        """
        return mean


class Score(ABC):
    """How well attention agrees with what a prediction depends on.

    Args:
        spec: of the task.
    """

    direction: ClassVar[str] = "higher"
    limits: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    def __init__(self, spec: Spec):
        self.spec = spec

    @abstractmethod
    def __call__(self, predict: Callable[[Batch], Output], batch: Batch, output: Output, task: Task) -> Tensor | None:
        """The value of each sample, B; None where the task does not know what the score needs.

        Args:
            predict: calls the model again, of the same replica.
            batch: samples.
            output: of the model for them.
            task: whose samples they are.
        """
