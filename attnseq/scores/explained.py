"""What of an answer is explained, and how far two answers are apart: for numbers, classes and tokens.

Shapes: B batch, K answer positions, C classes, D vocabulary; a population has P before them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.contracts.spec import Scalar, Target, Tokens

if TYPE_CHECKING:
    from torch import Tensor


class Explained:
    """Answers of a task's target, as faithfulness looks at them.

    Of a number it explains the number, and a change is its absolute difference, both in the answer's unit. Of a class
    it explains the probability of the class that the model predicts, and a change is the total variation distance of
    the probabilities (Jain & Wallace 2019, arXiv:1902.10186). Of tokens it does the same for each, and takes the mean
    over the answer positions that a sample has.

    Args:
        target: of the task.
        targets: of the samples, which say how many answer positions each has; None: all have all.
    """

    def __init__(self, target: Target, targets: Tensor | None = None):
        self.target = target
        self._counted = None if targets is None or targets.dim() < 2 else targets >= 0

    @property
    def is_number(self) -> bool:
        """Whether the answer is a number, which has no probability."""
        return isinstance(self.target, Scalar)

    def chosen(self, prediction: Tensor) -> Tensor | None:
        """Return the classes or tokens that a model predicts, of which `says` says how sure it is; None of a number."""
        return None if self.is_number else prediction.argmax(dim=-1)

    def says(self, prediction: Tensor, chosen: Tensor | None) -> Tensor:
        """Compute what is explained, a number a sample: ...xB."""
        if isinstance(self.target, Scalar):
            return prediction * self.target.scale
        assert chosen is not None
        return self._mean(prediction.softmax(dim=-1).gather(-1, chosen.unsqueeze(-1)).squeeze(-1))

    def change(self, one: Tensor, other: Tensor) -> Tensor:
        """Compute how far two predictions are apart: ...xB, not negative."""
        if isinstance(self.target, Scalar):
            return (one - other).abs() * self.target.scale
        return self._mean((one.softmax(dim=-1) - other.softmax(dim=-1)).abs().sum(dim=-1) / 2)

    def lost(self, before: Tensor, after: Tensor, chosen: Tensor | None) -> Tensor:
        """Compute what an intervention took: probability, which it may also add, or of a number its change."""
        return self.change(before, after) if self.is_number else self.says(before, chosen) - self.says(after, chosen)

    def _mean(self, values: Tensor) -> Tensor:
        """Take the mean over answer positions, where there are such."""
        if not isinstance(self.target, Tokens):
            return values
        if self._counted is None:
            return values.mean(dim=-1)
        return (values * self._counted).sum(dim=-1) / self._counted.sum(dim=-1).clamp(min=1)
