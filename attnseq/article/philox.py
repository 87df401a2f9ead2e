"""Philox-4x32-10 in NumPy, and the uniform numbers that TensorFlow makes from it.

Shape suffixes: M counters (groups of four words).
"""

import math

import numpy as np
import numpy.typing as npt

_ROUNDS = 10
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_WORD = 0xFFFFFFFF

# the default of the notebook's TensorFlow 1.x where no graph seed is set
TENSORFLOW_GRAPH_SEED = 87654321


def philox4x32(counter_4xM: npt.NDArray[np.uint32], key_2: tuple[int, int]) -> npt.NDArray[np.uint32]:
    """Compute four random words for each counter: ten rounds of Philox-4x32.

    Args:
        counter_4xM: uint32 of shape (4, M), one counter a column, word 0 first.
        key_2: two 32-bit words.
    Returns:
        uint32 of shape (4, M).

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11; Random123.
    """
    low, shift = np.uint64(_WORD), np.uint64(32)
    # use 64-bit lanes, so that a product of two words keeps its high half
    word_0, word_1, word_2, word_3 = np.asarray(counter_4xM, dtype=np.uint32).astype(np.uint64)
    key_0, key_1 = key_2
    for _ in range(_ROUNDS):
        product_0, product_2 = word_0 * _MULTIPLIERS[0], word_2 * _MULTIPLIERS[1]
        word_0 = (product_2 >> shift) ^ word_1 ^ np.uint64(key_0)
        word_2 = (product_0 >> shift) ^ word_3 ^ np.uint64(key_1)
        word_1, word_3 = product_2 & low, product_0 & low
        key_0, key_1 = (key_0 + _KEY_STEPS[0]) & _WORD, (key_1 + _KEY_STEPS[1]) & _WORD
    return np.stack([word_0, word_1, word_2, word_3]).astype(np.uint32)


def tensorflow_uniform(
    shape: tuple[int, ...], op_seed: int, graph_seed: int = TENSORFLOW_GRAPH_SEED
) -> npt.NDArray[np.float32]:
    """Draw what `tf.random_uniform` draws on a CPU for these seeds, bit for bit.

    Args:
        shape: of the result.
        op_seed: the operation's seed, 0 to 2**64 - 1.
        graph_seed: the graph's seed, 0 to 2**64 - 1; TensorFlow's default.
    Returns:
        float32 of that shape, uniform in [0, 1) in steps of 2**-23.

    Source: `random_distributions.h` of TensorFlow 1.x, by `tutorial/RECIPE.md`.
    """
    size = math.prod(shape)
    group_M = np.arange(-(-size // 4), dtype=np.uint64)
    counter_4xM = np.empty((4, len(group_M)), dtype=np.uint32)
    counter_4xM[0] = group_M & np.uint64(_WORD)
    counter_4xM[1] = group_M >> np.uint64(32)
    counter_4xM[2:] = np.array([[op_seed & _WORD], [op_seed >> 32]], dtype=np.uint32)
    words = philox4x32(counter_4xM, (graph_seed & _WORD, graph_seed >> 32)).T.reshape(-1)[:size]
    # make the low 23 bits the mantissa of a number in [1, 2), as TensorFlow does
    mantissa = (words & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000)
    return (mantissa.view(np.float32) - np.float32(1.0)).reshape(shape)
