"""Samples of |a - b| from PCG64: uniform, or with the pairs of operands divided among the splits.

Shape suffixes: N samples, T positions.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from attnseq.core.keys import ConfigError, key
from attnseq.core.randomness import entropy
from attnseq.datasets.config import DATASETS, DatasetConfig
from attnseq.datasets.dataset import Dataset, label
from attnseq.datasets.task import AbsDifference

SPLITS = ("train", "validation", "test")

# operand_disjoint deals pairs into ten buckets: eight for training, one for validation, one for test
_BUCKETS = 10
_BUCKETS_OF = {"train": (0, 7), "validation": (8, 8), "test": (9, 9)}

# up to this scale (32,896 pairs) every pair is looked at; above it, no split can be without one (0.9 ** 32896)
_ENUMERATED_SCALE = 256

# rows drawn at a time when some are rejected; fixed, so that the first rows do not depend on how many are asked for
_BLOCK = 65_536


def abs_difference(
    task: AbsDifference, train_size: int, validation_size: int, test_size: int, split: str, seed: int
) -> Dataset:
    """A dataset of |a - b|, each split from a stream of its own: changing one size moves no sample of the others.

    Args:
        task: positions, base and length.
        train_size: samples to learn from, 1 or more.
        validation_size: samples held out for validation, 1 or more.
        test_size: samples held out for the test, 1 or more.
        split: "random" (all digits uniform in every split), or "operand_disjoint" (the unordered pair of operands
            {a, b} of a sample occurs in no other split; 80, 10 and 10 % of the pairs are train, validation and test).
        seed: 0 or more.
    Returns:
        The dataset, on the CPU; the same on every platform.
    Raises:
        ValueError: the task has so few pairs that a split has none.
    """
    draw = {"random": _random, "operand_disjoint": _disjoint}[split]
    if split == "operand_disjoint":
        _check_every_split_has_pairs(task, seed)
    sizes = dict(zip(SPLITS, (train_size, validation_size, test_size), strict=True))
    parts = {name: label(task, draw(task, size, name, seed)) for name, size in sizes.items()}
    return Dataset("abs_difference", task, **parts)


def uniform_digits(task: AbsDifference, size: int, seed: int, purpose: str) -> npt.NDArray[np.uint8]:
    """Sequences of independent, uniform digits.

    Args:
        task: length and base.
        size: N, how many.
        seed: 0 or more.
        purpose: what they are for; another name gives other sequences.
    Returns:
        uint8 of shape (N, T), digits 0 to base - 1; the first rows do not depend on N.
    """
    return _draw(_stream(seed, purpose), task, size)


def bucket_of_pair(
    task: AbsDifference, a_N: npt.NDArray[np.int64], b_N: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.int64]:
    """Which of ten equal buckets an unordered pair of operands falls into.

    Args:
        task: gives the scale, which bounds the operands.
        a_N, b_N: the operands, int64 of shape N; the order of the two is of no account.
        seed: 0 or more; another seed deals the pairs anew.
    Returns:
        int64 of shape N, 0 to 9.

    Source: SplitMix64, its n-th output, n being the pair's number (Steele, Lea, Flood, OOPSLA 2014).
    """
    pair_N = (np.minimum(a_N, b_N) * task.scale + np.maximum(a_N, b_N)).astype(np.uint64)
    key = np.uint64(entropy(seed, "data/operand_disjoint") & 0xFFFFFFFFFFFFFFFF)
    state_N = key + (pair_N + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    state_N = (state_N ^ (state_N >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state_N = (state_N ^ (state_N >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state_N ^= state_N >> np.uint64(31)
    # the high half times ten, then its integer part
    return ((state_N >> np.uint64(32)) * np.uint64(_BUCKETS) >> np.uint64(32)).astype(np.int64)


@DATASETS.register("abs_difference")
@dataclass
class AbsDifferenceConfig(DatasetConfig):
    """`conf/dataset/abs_difference.yaml`."""

    length: int = key("T, digits of a sequence", low=1)
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
            try:
                _check_every_split_has_pairs(self.task, self.seed)
            except ValueError as error:
                raise ConfigError(str(error)) from None
        _ = self.task

    @property
    def task(self) -> AbsDifference:
        try:
            return AbsDifference(self.length, self.base, tuple(self.left), tuple(self.right))
        except ValueError as error:
            raise ConfigError(str(error)) from None

    def build(self) -> Dataset:
        sizes = (self.train_size, self.validation_size, self.test_size)
        return abs_difference(self.task, *sizes, self.split, self.seed)


def _random(task: AbsDifference, size: int, name: str, seed: int) -> npt.NDArray[np.uint8]:
    return uniform_digits(task, size, seed, f"data/{name}")


def _disjoint(task: AbsDifference, size: int, name: str, seed: int) -> npt.NDArray[np.uint8]:
    rng = _stream(seed, f"data/{name}")
    kept: list[npt.NDArray[np.uint8]] = []
    missing = size
    while missing > 0:
        digits_NxT = _draw(rng, task, _BLOCK)
        digits_NxT = digits_NxT[_belongs(task, *task.operands(digits_NxT), name, seed)][:missing]
        kept.append(digits_NxT)
        missing -= len(digits_NxT)
    return np.concatenate(kept)


def _belongs(
    task: AbsDifference, a_N: npt.NDArray[np.int64], b_N: npt.NDArray[np.int64], name: str, seed: int
) -> npt.NDArray[np.bool_]:
    first, last = _BUCKETS_OF[name]
    bucket_N = bucket_of_pair(task, a_N, b_N, seed)
    return (first <= bucket_N) & (bucket_N <= last)


def _check_every_split_has_pairs(task: AbsDifference, seed: int) -> None:
    if task.scale > _ENUMERATED_SCALE:
        return
    a_N, b_N = (index_N.astype(np.int64) for index_N in np.triu_indices(task.scale))
    for name in SPLITS:
        if not _belongs(task, a_N, b_N, name, seed).any():
            raise ValueError(
                f"dataset.split=operand_disjoint leaves {name} without a pair of operands: there are only {len(a_N)}; "
                "use more digits, another dataset.seed, or dataset.split=random"
            )


def _stream(seed: int, purpose: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(entropy(seed, purpose)))


def _draw(rng: np.random.Generator, task: AbsDifference, size: int) -> npt.NDArray[np.uint8]:
    return rng.integers(0, task.base, size=(size, task.length), dtype=np.uint8)
