"""Random numbers of a step (attnseq.core.philox): known answers, what they depend on, and how they are distributed.

Shapes: P replicas, M numbers of a draw.
"""

import zlib

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.article import philox as in_numpy
from attnseq.core import philox

SEEDS_P = torch.tensor([0, 1, 2**32 - 1])

# kat_vectors of Random123, philox4x32 with 10 rounds: counter, key, result
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def tensors(text: str) -> list[Tensor]:
    return [torch.tensor(int(word, 16)) for word in text.split()]


def at(value: int) -> Tensor:
    return torch.tensor(value)


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_known_answers(counter: str, key: str, result: str) -> None:
    assert philox.philox4x32(tensors(counter), tensors(key)) == tensors(result)


def test_words_equal_numpys_from_seed_epoch_step_and_purpose() -> None:
    epoch, step, size = 2**32 - 1, 7, 10
    words_PxM = philox.words(SEEDS_P, at(epoch), at(step), "dropout", size)
    assert (words_PxM.shape, words_PxM.dtype) == ((3, size), torch.int64)
    counter_4x3 = np.array([range(3), [step] * 3, [epoch] * 3, [zlib.crc32(b"dropout")] * 3], dtype=np.uint32)
    for words_M, seed in zip(words_PxM.tolist(), SEEDS_P.tolist(), strict=True):
        assert words_M == in_numpy.philox4x32(counter_4x3, (seed, 0)).ravel()[:size].tolist()


def test_each_argument_matters_and_nothing_else() -> None:
    def draw(seed: int = 3, epoch: int = 4, step: int = 5, purpose: str = "noise") -> list[int]:
        words_M: list[int] = philox.words(at(seed)[None], at(epoch), at(step), purpose, 8)[0].tolist()
        return words_M

    draws = [draw(), draw(seed=4), draw(epoch=5), draw(step=4), draw(purpose="other"), draw(epoch=5, step=4)]
    assert len({tuple(words_M) for words_M in draws}) == len(draws)
    together_PxM = philox.words(torch.tensor([9, 3, 0]), at(4), at(5), "noise", 8)
    assert together_PxM[1].tolist() == draw()


def test_traced_they_are_the_same() -> None:
    """The steps are traced (`make_fx`): nothing of the arguments may be written into the program."""

    def draw(seed_P: Tensor, epoch: Tensor, step: Tensor) -> Tensor:
        return philox.normal(seed_P, epoch, step, "noise", (2, 3))

    traced = make_fx(draw)(torch.zeros(3, dtype=torch.int64), at(0), at(0))
    assert torch.equal(traced(SEEDS_P, at(8), at(9)), draw(SEEDS_P, at(8), at(9)))


def test_uniform_numbers_are_in_the_open_interval() -> None:
    uniform_PxMxN = philox.uniform(SEEDS_P, at(0), at(0), "noise", (300, 100))
    assert (uniform_PxMxN.shape, uniform_PxMxN.dtype) == ((3, 300, 100), torch.float32)
    assert ((uniform_PxMxN > 0) & (uniform_PxMxN < 1)).all()
    assert torch.equal(uniform_PxMxN * 2**24 % 2, torch.ones(3, 300, 100))
    error = 5 / 30_000**0.5
    for numbers in uniform_PxMxN.double():
        assert abs(float(numbers.mean()) - 1 / 2) < error / 12**0.5
        assert abs(float(numbers.var()) - 1 / 12) < error / 180**0.5
    shares = torch.histc(uniform_PxMxN, 16, 0, 1) / uniform_PxMxN.numel()
    torch.testing.assert_close(shares, torch.full((16,), 1 / 16), rtol=0, atol=5 * (1 / 16 / 90_000) ** 0.5)


def test_the_words_at_both_ends_are_not_0_and_not_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(philox, "words", lambda *_: torch.tensor([[0, 2**32 - 1]]))
    assert philox.uniform(SEEDS_P, at(0), at(0), "noise", (2,)).tolist() == [[2.0**-24, 1 - 2.0**-24]]
    largest = philox.normal(SEEDS_P, at(0), at(0), "noise", (1,)).abs().max()
    assert largest < 5.78


@pytest.mark.parametrize("shape", [(300, 100), (29_999,), ()])
def test_normal_numbers(shape: tuple[int, ...]) -> None:
    normal = philox.normal(SEEDS_P, at(1), at(2), "noise", shape)
    assert (normal.shape, normal.dtype) == ((3, *shape), torch.float32)
    assert normal.isfinite().all()
    if not shape:
        return
    numbers_PxM = normal.flatten(1).double()
    error = 5 / 29_999**0.5
    assert (numbers_PxM.mean(dim=1).abs() < error).all()
    assert ((numbers_PxM.var(dim=1) - 1).abs() < error * 2**0.5).all()
    assert ((numbers_PxM**3).mean(dim=1).abs() < error * 15**0.5).all()
    assert (((numbers_PxM**4).mean(dim=1) - 3).abs() < error * 96**0.5).all()
    # neither neighbours, nor the two of a pair, nor replicas know of one another
    half = numbers_PxM.shape[1] // 2
    pairs = [(numbers_PxM[:, 1:], numbers_PxM[:, :-1]), (numbers_PxM[:, :half], numbers_PxM[:, -half:])]
    for one, other in [*pairs, (numbers_PxM[:1], numbers_PxM[1:])]:
        assert ((one * other).mean(dim=1).abs() < error * 2**0.5).all()
