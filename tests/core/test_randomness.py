"""Randomness is a function of seed, purpose and counter, and of nothing else."""

import numpy as np
import pytest

from attnseq.core.randomness import entropy, generator


def test_same_arguments_give_the_same_numbers_whatever_ran_before() -> None:
    first = generator(3, "weights", 5).random(8)
    np.random.default_rng(0).random(100)
    generator(3, "weights", 6).random(100)
    np.testing.assert_array_equal(generator(3, "weights", 5).random(8), first)


def test_numpy_integers_are_seeds_too() -> None:
    assert entropy(np.int64(7), "data", np.uint8(1)) == entropy(7, "data", 1)  # type: ignore[arg-type]


def test_each_argument_matters() -> None:
    keys = [(0, "data", 0), (1, "data", 0), (0, "order", 0), (0, "data", 1), (2**32, "data", 0), (11, "data", 1)]
    keys.append((1, "data", 11))
    assert len({entropy(*key) for key in keys}) == len(keys)
    assert len({float(generator(*key).random()) for key in keys}) == len(keys)


def test_numbers_are_the_same_on_every_platform_and_in_every_process() -> None:
    # first run of this code; Python's own hash() of a string would differ from process to process
    assert entropy(0, "weights") == 192352837253138051511375044234787992745
    assert generator(0, "weights").integers(0, 2**32, 3, dtype=np.uint32).tolist() == [557754554, 933386514, 640039413]


@pytest.mark.parametrize(("seed", "counter", "key"), [(-1, 0, "seed"), (0, -1, "counter")])
def test_negative_is_refused(seed: int, counter: int, key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key} must be 0 or more, not -1$"):
        generator(seed, "weights", counter)
