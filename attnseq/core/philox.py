"""Random numbers of a training step, made of plain tensor operations: Philox-4x32-10 (Salmon et al. 2011, Random123).

A number depends on a replica's seed, the epoch, the step, a purpose and its place in a draw of that size, and on
nothing else. Words are the same on every device, compiled or not; normal numbers are but for the rounding of log, cos
and sin.

Shapes: P replicas, G groups of four words, M numbers of a draw.
"""

import math
import zlib
from collections.abc import Sequence

import torch
from torch import Tensor

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
WORD = 0xFFFFFFFF


def words(seed_P: Tensor, epoch: Tensor, step: Tensor, purpose: str, size: int) -> Tensor:
    """Draw random words for every replica.

    Args:
        seed_P: of each replica, int64 from 0 to 2**32 - 1.
        epoch: int64 without axes, from 0 to 2**32 - 1.
        step: in the epoch, likewise.
        purpose: what the numbers are for; other names give unrelated numbers.
        size: M.
    Returns:
        words_PxM, int64 from 0 to 2**32 - 1.
    """
    group_G = torch.arange(-(-size // 4), device=seed_P.device)
    # keep group_G out of the first and third word, which the first round multiplies: TorchInductor 2.13 computes a
    # multiple of an arange as an arange of that step, in 32 bits, which overflows
    counter = (step, group_G, epoch, step.new_full((), zlib.crc32(purpose.encode())))
    words_4 = philox4x32(counter, (seed_P.unsqueeze(-1), step.new_zeros(())))
    # put the first words of all groups first, then the second ones: a compiler writes such rows many words at a time
    return torch.cat(words_4, -1)[:, :size]


def uniform(seed_P: Tensor, epoch: Tensor, step: Tensor, purpose: str, shape: Sequence[int]) -> Tensor:
    """Draw random numbers uniform in (0, 1), see `words`.

    Args:
        shape: of one replica's numbers.
    Returns:
        float32 of P x shape: odd multiples of 2**-24, so that none is 0 or 1 and their mean is 1/2.
    """
    words_PxM = words(seed_P, epoch, step, purpose, math.prod(shape))
    return (((words_PxM >> 8) | 1).float() * 2.0**-24).reshape(-1, *shape)


def normal(seed_P: Tensor, epoch: Tensor, step: Tensor, purpose: str, shape: Sequence[int]) -> Tensor:
    """Draw random numbers of the standard normal distribution, see `words`; none is beyond 5.77.

    Args:
        shape: of one replica's numbers.
    Returns:
        float32 of P x shape.

    Source: Box & Muller 1958, "A note on the generation of random normal deviates".
    """
    size = math.prod(shape)
    pairs_Px2xH = uniform(seed_P, epoch, step, purpose, (2, -(-size // 2)))
    radius_PxH = torch.sqrt(-2 * torch.log(pairs_Px2xH[:, 0]))
    angle_PxH = 2 * math.pi * pairs_Px2xH[:, 1]
    numbers_PxM = torch.cat((radius_PxH * torch.cos(angle_PxH), radius_PxH * torch.sin(angle_PxH)), -1)[:, :size]
    return numbers_PxM.reshape(-1, *shape)


def philox4x32(counter: Sequence[Tensor], key: Sequence[Tensor]) -> list[Tensor]:
    """Compute four random words for each counter and key.

    Args:
        counter: four words, int64 from 0 to 2**32 - 1, of shapes that go together.
        key: two, likewise.
    Returns:
        Four words, likewise.
    """
    word_0, word_1, word_2, word_3 = counter
    key_0, key_1 = key
    for number in range(ROUNDS):
        high_0, low_0 = _product(word_0, MULTIPLIERS[0])
        high_2, low_2 = _product(word_2, MULTIPLIERS[1])
        word_0 = (high_2 ^ word_1 ^ (key_0 + number * KEY_STEPS[0])) & WORD
        word_2 = (high_0 ^ word_3 ^ (key_1 + number * KEY_STEPS[1])) & WORD
        word_1, word_3 = low_2, low_0
    return [word_0, word_1 & WORD, word_2, word_3 & WORD]


def _product(word: Tensor, multiplier: int) -> tuple[Tensor, Tensor]:
    """Return the high and the low word of word x multiplier; in both, the bits above bit 31 mean nothing."""
    # subtract 2**32 from the factor to keep the product within int64: C++ does not define what an overflow gives
    product = word * (multiplier - 2**32)
    return (product >> 32) + word, product
