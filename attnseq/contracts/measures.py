"""What is minimised, and what is measured: one number a sample. `compare` needs them, so they do without PyTorch.

An objective, metric or score is a class in a file of its own, registered by a name. It is made for a task's target.
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


def split_of(name: str) -> str:
    """Return the split that a number was measured on, by its name: test for "exact/test" and for "exact/test@20"."""
    return name.rpartition("/")[2].partition("@")[0]


class Objective(ABC):
    """What training minimises.

    Args:
        target: of the task.
    """

    targets: ClassVar[tuple[type, ...]]
    """Kinds of target that it is defined for."""

    usual_for: ClassVar[tuple[type, ...]] = ()
    """Kinds of target that it is the default for; each kind has one such objective."""

    label: ClassVar[str]
    """Its name in words, for the axis of a picture."""

    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)

    needs_base: ClassVar[bool] = False
    """Whether it holds a model against that of `trainer.base_run`, whose output it finds in `Batch.base`. Training then
    also takes the attention away from the base's, by `trainer.divergence_weight`."""

    def __init__(self, target: Target):
        self.target = target

    @abstractmethod
    def __call__(self, output: Output, batch: Batch) -> Tensor:
        """Compute the loss of each sample, B."""


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
        """Tell whether it is measured by default, where the config names no metrics."""
        return isinstance(target, cls.targets)

    @property
    def unit(self) -> str:
        """The unit in words; "" where the value is a plain number."""
        return ""

    @property
    def is_share(self) -> bool:
        """Whether the value is a share, between 0 and 1, which is shown in per cent."""
        return self.limits == (0.0, 1.0)

    @abstractmethod
    def __call__(self, output: Output, batch: Batch) -> Tensor:
        """Compute the value of each sample, B; predictions and targets are float64 where they are numbers."""

    def summary(self, mean: float, split: Batch) -> float:
        """Compute the value of a whole split.

        Args:
            mean: of its samples' values.
            split: all samples.
        """
        return mean


class Score(ABC):
    """How well attention agrees with what a prediction depends on.

    It is registered as "group/name", such as "relevance/auroc", which is what its number is called everywhere.

    Args:
        spec: of the task.
    """

    direction: ClassVar[str] = "higher"
    limits: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    is_usual: ClassVar[bool] = True
    """Whether `compare` shows it where nobody asks for it by its name; it is measured all the same."""

    def __init__(self, spec: Spec):
        self.spec = spec

    @abstractmethod
    def __call__(self, predict: Callable[[Batch], Output], batch: Batch, output: Output, task: Task) -> Tensor | None:
        """Compute the value of each sample, B; None where the task does not know what the score needs.

        A sample whose truth leaves the score undefined has NaN, and the mean is over the others.

        Args:
            predict: calls the model of the same replica again.
            batch: samples.
            output: of the model for them.
            task: that the samples are of.
        """
