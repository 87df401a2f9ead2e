"""Sequences of digits from PCG64: uniform, or with the pairs of operands divided among the splits.

Shapes: N samples, T positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from attnseq.core.keys import ConfigError, key
from attnseq.core.randomness import entropy
from attnseq.datasets.config import DrawnDatasetConfig
from attnseq.datasets.operands import Operands

Digits = npt.NDArray[np.uint8]
"""Sequences, NxT."""

SPLITS = ("train", "validation", "test")

# deal the pairs of operand_disjoint into ten buckets: eight for training, one for validation, one for test
_BUCKETS = 10
_BUCKETS_OF = {"train": (0, 7), "validation": (8, 8), "test": (9, 9)}

# check every pair up to this scale (32,896 pairs); above it, a split without a pair has odds of 0.9 ** 32896
_ENUMERATED_SCALE = 256

# draw so many rows at a time when some are rejected: a fixed number, so that the first rows do not depend on the total
_BLOCK = 65_536


def draw_splits(operands: Operands, sizes: Sequence[int], split: str, seed: int) -> list[Digits]:
    """Draw the sequences of each split from a stream of its own: another size of one split changes no other split.

    Args:
        operands: positions, base and length.
        sizes: samples of train, validation and test, 1 or more each.
        split: "random" (all digits uniform in every split), or "operand_disjoint" (the unordered pair of operands
            {a, b} of a sample occurs in no other split; 80, 10 and 10 % of the pairs are train, validation and test).
        seed: 0 or more.
    Returns:
        For each split uint8 of shape (N, T); the same on every platform.
    Raises:
        ConfigError: there are so few pairs that a split has none.
    """
    if split == "operand_disjoint":
        check_every_split_has_pairs(operands, seed)
    draw = _random if split == "random" else _disjoint
    return [draw(operands, size, name, seed) for name, size in zip(SPLITS, sizes, strict=True)]


def uniform_digits(operands: Operands, size: int, seed: int, purpose: str) -> Digits:
    """Draw sequences of independent, uniform digits.

    Args:
        operands: length and base.
        size: N, how many.
        seed: 0 or more.
        purpose: what they are for; another name gives other sequences.
    Returns:
        uint8 of shape (N, T), digits 0 to base - 1; the first rows do not depend on N.
    """
    return _draw(_stream(seed, purpose), operands, size)


def bucket_of_pair(
    operands: Operands, a_N: npt.NDArray[np.int64], b_N: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.int64]:
    """Deal unordered pairs of operands into ten equal buckets.

    Args:
        operands: give the scale, which bounds the operands.
        a_N, b_N: the operands, int64 of shape N; their order does not matter.
        seed: 0 or more; another seed deals the pairs anew.
    Returns:
        int64 of shape N, 0 to 9.

    Source: SplitMix64, its n-th output, n being the pair's number (Steele, Lea, Flood, OOPSLA 2014).
    """
    pair_N = (np.minimum(a_N, b_N) * operands.scale + np.maximum(a_N, b_N)).astype(np.uint64)
    key = np.uint64(entropy(seed, "data/operand_disjoint") & 0xFFFFFFFFFFFFFFFF)
    state_N = key + (pair_N + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    state_N = (state_N ^ (state_N >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state_N = (state_N ^ (state_N >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state_N ^= state_N >> np.uint64(31)
    # scale the high half to 0 to 9: times ten, then the integer part
    return ((state_N >> np.uint64(32)) * np.uint64(_BUCKETS) >> np.uint64(32)).astype(np.int64)


@dataclass
class DigitsConfig(DrawnDatasetConfig):
    """What the datasets of operands among distractors have."""

    length: int = key("T, digits of a sequence", low=1, high=10_000)
    base: int = key("digits are 0 to base - 1", low=2, high=10)
    left: list[int] = key(
        "positions (from 0) of the first operand's digits, most significant first: within length, each used once"
    )
    right: list[int] = key("positions of the second operand's digits, as many")
    split: str = key(
        "how samples are dealt to the splits",
        choices={
            "random": "uniform, splits share operand pairs",
            "operand_disjoint": "no pair of validation or test occurs in training",
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.split == "operand_disjoint":
            check_every_split_has_pairs(self.operands, self.seed)
        _ = self.operands

    @property
    def operands(self) -> Operands:
        """The positions of the operands. Raises ConfigError where they cannot be these."""
        try:
            return Operands(self.length, self.base, tuple(self.left), tuple(self.right))
        except ValueError as error:
            raise ConfigError(str(error)) from None

    def draw(self) -> list[Digits]:
        """Draw the sequences of each split, see `draw_splits`."""
        return draw_splits(self.operands, self.sizes, self.split, self.seed)


def _random(operands: Operands, size: int, name: str, seed: int) -> Digits:
    return uniform_digits(operands, size, seed, f"data/{name}")


def _disjoint(operands: Operands, size: int, name: str, seed: int) -> Digits:
    rng = _stream(seed, f"data/{name}")
    kept: list[Digits] = []
    missing = size
    while missing > 0:
        digits_NxT = _draw(rng, operands, _BLOCK)
        digits_NxT = digits_NxT[_belongs(operands, *operands.operands(digits_NxT), name, seed)][:missing]
        kept.append(digits_NxT)
        missing -= len(digits_NxT)
    return np.concatenate(kept)


def _belongs(
    operands: Operands, a_N: npt.NDArray[np.int64], b_N: npt.NDArray[np.int64], name: str, seed: int
) -> npt.NDArray[np.bool_]:
    first, last = _BUCKETS_OF[name]
    bucket_N = bucket_of_pair(operands, a_N, b_N, seed)
    return (first <= bucket_N) & (bucket_N <= last)


def check_every_split_has_pairs(operands: Operands, seed: int) -> None:
    """Raise ConfigError where operand_disjoint leaves a split without a pair."""
    if operands.scale > _ENUMERATED_SCALE:
        return
    a_N, b_N = (index_N.astype(np.int64) for index_N in np.triu_indices(operands.scale))
    for name in SPLITS:
        if not _belongs(operands, a_N, b_N, name, seed).any():
            raise ConfigError(
                f"dataset.split=operand_disjoint leaves {name} without a pair of operands: there are only {len(a_N)}; "
                "use more digits, another dataset.seed, or dataset.split=random"
            )


def _stream(seed: int, purpose: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(entropy(seed, purpose)))


def _draw(rng: np.random.Generator, operands: Operands, size: int) -> Digits:
    return rng.integers(0, operands.base, size=(size, operands.length), dtype=np.uint8)
