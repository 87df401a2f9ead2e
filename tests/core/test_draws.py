"""Draws of a training step: the published generator, its distributions, and what they depend on.

Shapes: P replicas, G groups of four words, M numbers of a draw.
"""

import math
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy import stats
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.article import philox as reference
from attnseq.core import philox
from attnseq.core.philox import WORD, normal, philox4x32, uniform, words
from attnseq.training.compiling import missing_compiler, options_for

CPU = torch.device("cpu")
SEEDS_P = torch.tensor([1337, 0, WORD])
MANY = 200_000
# a statistic of independent numbers is beyond it once in 16,000 fixed choices of seed and purpose
DEVIATIONS = 4


def number(value: int) -> Tensor:
    return torch.tensor(value)


def numpy_words(seed: int, epoch: int, step: int, purpose: str, groups: int) -> npt.NDArray[np.uint32]:
    """words_4xG by the other implementation."""
    counter_4xG = np.empty((4, groups), np.uint32)
    counter_4xG.T[:] = step, 0, epoch, zlib.crc32(purpose.encode())
    counter_4xG[1] = range(groups)
    return reference.philox4x32(counter_4xG, (seed, 0))


# kat_vectors of Random123, philox4x32 with 10 rounds: counter, key, result
@pytest.mark.parametrize(
    ("counter", "key", "result"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_known_answers(counter: str, key: str, result: str) -> None:
    def tensors(text: str) -> list[Tensor]:
        return [number(int(word, 16)) for word in text.split()]

    assert philox4x32(tensors(counter), tensors(key)) == tensors(result)


def test_words_are_those_of_another_implementation_group_by_group() -> None:
    drawn_PxM = words(SEEDS_P, number(WORD), number(7), "noise", 4 * 500)
    assert drawn_PxM.dtype == torch.int64
    for drawn_M, seed in zip(drawn_PxM, SEEDS_P.tolist(), strict=True):
        np.testing.assert_array_equal(drawn_M.reshape(4, 500), numpy_words(seed, WORD, 7, "noise", 500))


def test_a_draw_is_the_same_on_every_platform_and_in_every_process() -> None:
    # by the other implementation
    assert words(number(1337)[None], number(2), number(3), "noise", 3).tolist() == [[737748601, 3919010202, 2997451826]]


def test_a_replica_draws_what_it_draws_alone() -> None:
    for draw in (uniform, normal):
        together = draw(SEEDS_P, number(5), number(6), "noise", (7, 3))
        assert together.dtype == torch.float32
        assert together.shape == (3, 7, 3)
        for row in range(3):
            assert torch.equal(draw(SEEDS_P[row : row + 1], number(5), number(6), "noise", (7, 3))[0], together[row])


def test_each_argument_matters() -> None:
    draws = [(0, 0, 0, "noise"), (1, 0, 0, "noise"), (0, 1, 0, "noise"), (0, 0, 1, "noise"), (0, 0, 0, "dropout")]
    drawn = [
        words(number(seed)[None], number(epoch), number(step), purpose, 100).flatten().tolist()
        for seed, epoch, step, purpose in draws
    ]
    assert len(set().union(*drawn)) == 100 * len(draws)


def test_uniform_numbers_are_never_0_or_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(philox, "words", lambda *_: torch.tensor([[0, 255, 1 << 31, WORD]]))
    assert uniform(SEEDS_P[:1], number(0), number(0), "", (4,)).mul(2**24).tolist() == [[1, 1, 2**23 + 1, 2**24 - 1]]
    assert normal(SEEDS_P[:1], number(0), number(0), "", (4,)).isfinite().all()


def test_normal_numbers_are_made_of_pairs_of_uniform_ones() -> None:
    first_P, second_P = uniform(SEEDS_P, number(0), number(0), "noise", (2, 4)).double().unbind(1)
    radius_P, angle_P = (-2 * first_P.log()).sqrt(), 2 * math.pi * second_P
    expected = torch.cat((radius_P * angle_P.cos(), radius_P * angle_P.sin()), 1)[:, :7]
    drawn = normal(SEEDS_P, number(0), number(0), "noise", (7,))
    torch.testing.assert_close(drawn.double(), expected, rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize(("draw", "law"), [(uniform, stats.uniform), (normal, stats.norm)])
def test_numbers_follow_their_law_and_are_independent(draw: Callable[..., Tensor], law: Any) -> None:
    steps = [draw(torch.arange(2), number(0), number(step), "noise", (MANY,)).numpy() for step in (0, 1)]
    one = steps[0][0]
    # beyond this once in 1,000
    assert stats.kstest(one, law.cdf).statistic < 1.95 / math.sqrt(MANY)
    others = [steps[0][1], steps[1][0], np.roll(one, 1), np.roll(one, MANY // 4), np.roll(one, MANY // 2)]
    for numbers in [one, *others]:
        assert abs(numbers.mean() - law.mean()) < DEVIATIONS * law.std() / math.sqrt(MANY)
        # the variance of squared differences from the mean is var**2 (kurtosis + 2)
        difference = ((numbers - law.mean()) ** 2).mean() - law.var()
        assert abs(difference) < DEVIATIONS * law.var() * math.sqrt((law.stats(moments="k") + 2) / MANY)
    for other in others:  # and so are their squares: both of a pair have the same radius
        for power in (1, 2):
            assert abs(np.corrcoef(one**power, other**power)[0, 1]) < DEVIATIONS / math.sqrt(MANY)


@pytest.mark.parametrize("options", [{}, {"cpp.simdlen": 1}], ids=["many words at a time", "one word at a time"])
def test_compiled_words_are_the_same_bits(options: dict[str, int]) -> None:
    if missing_compiler(CPU):
        pytest.skip(missing_compiler(CPU))
    from torch._inductor import standalone_compile

    def draw(seed_P: Tensor, epoch: Tensor, step: Tensor) -> tuple[Tensor, ...]:
        return tuple(function(seed_P, epoch, step, "noise", size) for function, size in draws)

    draws = [(words, 231), (uniform, (3, 77)), (normal, (3, 77))]
    example = SEEDS_P, number(0), number(0)
    compiled = standalone_compile(
        make_fx(draw)(*example),
        list(example),
        dynamic_shapes="from_example_inputs",
        options={"config_patches": options_for(CPU) | options},
    )
    # one program draws for any seed, epoch and step
    for arguments in [example, (SEEDS_P.flip(0) ^ 12345, number(3), number(WORD))]:
        mine, theirs = compiled(*arguments), draw(*arguments)
        assert torch.equal(mine[0], theirs[0])
        assert torch.equal(mine[1], theirs[1])
        torch.testing.assert_close(mine[2], theirs[2], rtol=1e-6, atol=2e-6)
