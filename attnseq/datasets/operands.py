"""Two numbers in a sequence of digits: which digits form the operands a and b, and what every position is worth.

Shape suffixes: N samples, T positions, K answer digits, D digits that there are (base).
"""

import operator
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# up to this scale answers and pairs of operands stay exact in int64, and answers in float64
_LARGEST_SCALE = 10**9

_PLACES = {1: "ones", 10: "tens", 100: "hundreds", 1000: "thousands"}


@dataclass(frozen=True)
class Operands:
    """Two numbers whose digits stand among distractors; the tutorial's by default.

    Args:
        length: T, positions of a sequence.
        base: digit values are 0 to base - 1.
        left: 0-based positions of the digits of a, most significant first.
        right: the same for b; as many as `left`, none of them in `left`.
    Raises:
        ValueError: `left` and `right` do not fit; one line that names the key.

    Source: the notebook in `tutorial/tutorial.txt`, generalised.
    """

    length: int = 10
    base: int = 10
    left: tuple[int, ...] = (1, 2, 3)
    right: tuple[int, ...] = (5, 6, 7)

    def __post_init__(self) -> None:
        # make tuples of a config's lists, so that a task is hashable
        for key in ("left", "right"):
            object.__setattr__(self, key, tuple(operator.index(position) for position in getattr(self, key)))
        if not self.left:
            raise ValueError("dataset.left must name at least one position")
        if len(self.left) != len(self.right):
            raise ValueError(
                f"dataset.right must name as many positions as dataset.left: {len(self.left)}, not {len(self.right)}"
            )
        used: set[int] = set()
        for key, positions in (("left", self.left), ("right", self.right)):
            for position in positions:
                if not 0 <= position < self.length:
                    raise ValueError(f"dataset.{key} must be positions 0 to {self.length - 1}, not {position}")
                if position in used:
                    raise ValueError(f"dataset.{key} uses position {position} a second time; operands must not overlap")
                used.add(position)
        if self.scale > _LARGEST_SCALE:
            raise ValueError(
                f"dataset.left has too many digits: base ** digits must be at most {_LARGEST_SCALE}, not {self.scale}"
            )

    @property
    def answer_digits(self) -> int:
        """K, digits of an operand and of the padded answer."""
        return len(self.left)

    @property
    def scale(self) -> int:
        """base ** K, what an answer is divided by: targets lie in [0, 1)."""
        return int(self.base**self.answer_digits)

    @property
    def place_values(self) -> tuple[int, ...]:
        """Worth of each digit of an operand, most significant first: (100, 10, 1) in the tutorial."""
        return tuple(self.base ** (self.answer_digits - 1 - i) for i in range(self.answer_digits))

    @property
    def relevance(self) -> npt.NDArray[np.float64]:
        """Exact relevance of each position, shape T: its digit's place value, 0 for a distractor.

        Its unit is units of the answer per unit of the digit: the size of the derivative where a and b differ. The
        tutorial's is 0 100 10 1 0 100 10 1 0 0. Drawing a digit anew can turn the sign of a - b, which takes some of it
        back: per unit of the digit, the answer then changes by 75, 9.75 and 823/825, in this order.
        """
        relevance_T = np.zeros(self.length, dtype=np.float64)
        for positions in (self.left, self.right):
            relevance_T[list(positions)] = self.place_values
        return relevance_T

    @property
    def labels(self) -> tuple[str, ...]:
        """What stands at each position: "1 a hundreds", "0 distractor"."""
        roles = ["distractor"] * self.length
        for operand, positions in (("a", self.left), ("b", self.right)):
            for position, value in zip(positions, self.place_values, strict=True):
                roles[position] = f"{operand} {_PLACES.get(value, f'{value}s')}"
        return tuple(f"{position} {role}" for position, role in enumerate(roles))

    def operands(self, digits_NxT: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Read the two numbers in each sequence.

        Args:
            digits_NxT: digits 0 to base - 1, an array or a CPU tensor of shape (N, T).
        Returns:
            a and b, int64 of shape N, each 0 to scale - 1.
        Raises:
            ValueError: the array is not of shape (N, T).
        """
        digits_NxT = np.asarray(digits_NxT)
        if digits_NxT.ndim != 2 or digits_NxT.shape[1] != self.length:
            raise ValueError(f"digits must have shape (samples, {self.length}), not {digits_NxT.shape}")
        return self._number(digits_NxT, self.left), self._number(digits_NxT, self.right)

    def answers(self, digits_NxT: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Compute the answer |a - b| of each sequence.

        Args:
            digits_NxT: digits 0 to base - 1, an array or a CPU tensor of shape (N, T).
        Returns:
            int64 of shape N, each 0 to scale - 1.
        Raises:
            ValueError: the array is not of shape (N, T).
        """
        a_N, b_N = self.operands(digits_NxT)
        answers_N: npt.NDArray[np.int64] = np.abs(a_N - b_N)
        return answers_N

    def redrawn(self, digits_NxT: npt.NDArray[np.uint8]) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
        """Yield, for each operand position, a - b with every digit that may stand there: (position, differences_NxD).

        Args:
            digits_NxT: digits 0 to base - 1.
        """
        a_N, b_N = self.operands(digits_NxT)
        digits_D = np.arange(self.base)
        for sign, positions in ((1, self.left), (-1, self.right)):
            for position, value in zip(positions, self.place_values, strict=True):
                steps_NxD = digits_D - digits_NxT[:, position, None].astype(np.int64)
                yield position, (a_N - b_N)[:, None] + sign * value * steps_NxD

    def answer_digits_NxK(self, digits_NxT: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Compute the digits of the answer to each sequence, most significant first, padded with zeros to K.

        Args:
            digits_NxT: digits 0 to base - 1, an array or a CPU tensor of shape (N, T).
        Returns:
            uint8 of shape (N, K), each 0 to base - 1.
        Raises:
            ValueError: the array is not of shape (N, T).
        """
        return self.padded(self.answers(digits_NxT))

    def padded(self, answers_N: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Split answers into digits, most significant first, padded with zeros to K.

        The notebook meant this by `str(y).zfill(0)`, which pads nothing and so puts the digits of a short answer into
        the wrong columns.

        Args:
            answers_N: int64 of shape N, each 0 to scale - 1.
        Returns:
            uint8 of shape (N, K), each 0 to base - 1.
        """
        padded_NxK = np.empty((len(answers_N), self.answer_digits), dtype=np.uint8)
        rest_N = answers_N
        for column in reversed(range(self.answer_digits)):
            rest_N, padded_NxK[:, column] = np.divmod(rest_N, self.base)
        return padded_NxK

    def _number(self, digits_NxT: npt.NDArray[np.integer], positions: tuple[int, ...]) -> npt.NDArray[np.int64]:
        number_N = np.zeros(len(digits_NxT), dtype=np.int64)
        for position in positions:
            number_N *= self.base
            number_N += digits_NxT[:, position]
        return number_N
