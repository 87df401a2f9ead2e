"""Every random number of a run comes from here. It is a function of a seed, a purpose and a counter, and nothing else.

So it does not matter what was drawn before, how many replicas run together, on which device, or whether the run
was interrupted: the same three arguments always give the same numbers.
"""

import hashlib
import operator

import numpy as np


def entropy(seed: int, purpose: str, counter: int = 0) -> int:
    """Hash seed, purpose and counter to a 128-bit integer.

    Args:
        seed: the run's or the dataset's seed, 0 or more, of any size.
        purpose: what the numbers are for, such as `"weights"`; another name gives unrelated numbers.
        counter: which of several draws for that purpose, such as an epoch, 0 or more.
    Returns:
        An integer from 0 to 2**128 - 1, the same on every platform (SHA-256, first 16 bytes).
    Raises:
        ValueError: the seed or the counter is negative.
    """
    seed, counter = operator.index(seed), operator.index(counter)
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, not {seed}")
    if counter < 0:
        raise ValueError(f"counter must be 0 or more, not {counter}")
    digest = hashlib.sha256(f"{seed}/{counter}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:16], "little")


def generator(seed: int, purpose: str, counter: int = 0) -> np.random.Generator:
    """Make a NumPy generator whose numbers depend on the seed, the purpose and the counter only.

    Args:
        seed: the run's or the dataset's seed, 0 or more.
        purpose: what the numbers are for, such as `"weights"`.
        counter: which of several draws for that purpose, such as an epoch, 0 or more.
    Returns:
        A generator on Philox-4x64-10, keyed by `entropy(seed, purpose, counter)`, at its start.
    Raises:
        ValueError: the seed or the counter is negative.

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11.
    """
    return np.random.Generator(np.random.Philox(key=entropy(seed, purpose, counter)))
