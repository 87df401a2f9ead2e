"""Splits: types, sizes, targets rounded once, and moving to a device."""

import numpy as np
import pytest
import torch

from attnseq.datasets.dataset import Dataset, check_sizes, label
from attnseq.datasets.task import AbsDifference

DIGITS_NXT = np.array([[0, 1, 2, 3, 0, 1, 1, 9, 0, 0], [9, 9, 9, 9, 9, 0, 0, 0, 9, 9]], dtype=np.uint8)


def test_label() -> None:
    split = label(AbsDifference(), DIGITS_NXT)
    assert len(split) == 2
    assert [t.dtype for t in (split.digits_NxT, split.targets_N, split.answers_N)] == [
        torch.uint8,
        torch.float32,
        torch.int32,
    ]
    assert split.digits_NxT.tolist() == DIGITS_NXT.tolist()
    assert split.answers_N.tolist() == [4, 999]
    # the double 0.004 rounded to float32, not a float32 division
    np.testing.assert_array_equal(split.targets_N.numpy(), np.array([0.004, 0.999]).astype(np.float32))


def test_to_moves_every_tensor() -> None:
    task = AbsDifference()
    split = label(task, DIGITS_NXT)
    moved = Dataset("tiny", task, split, split, split).to("meta")
    assert (moved.name, moved.task) == ("tiny", task)
    for part in (moved.train, moved.validation, moved.test):
        assert {t.device.type for t in (part.digits_NxT, part.targets_N, part.answers_N)} == {"meta"}


def test_label_noise_moves_the_training_targets_alone() -> None:
    task = AbsDifference()
    samples = np.random.default_rng(0).integers(0, 10, (20_000, 10), dtype=np.uint8)
    exact = Dataset("many", task, label(task, samples), label(task, DIGITS_NXT), label(task, DIGITS_NXT))
    noisy = exact.with_label_noise(0.1, seed=3)
    noise_N = noisy.train.targets_N - exact.train.targets_N
    assert noise_N.dtype == torch.float32
    assert abs(float(noise_N.mean())) < 0.1 * 4 / 20_000**0.5
    assert float(noise_N.std()) == pytest.approx(0.1, rel=4 / 40_000**0.5)
    assert torch.equal(noisy.train.answers_N, exact.train.answers_N)
    assert (noisy.validation, noisy.test) == (exact.validation, exact.test)
    # a function of the seed, scaled by the deviation
    assert torch.equal(exact.with_label_noise(0.1, seed=3).train.targets_N, noisy.train.targets_N)
    assert not torch.equal(exact.with_label_noise(0.1, seed=4).train.targets_N, noisy.train.targets_N)
    twice_N = exact.with_label_noise(0.2, seed=3).train.targets_N - exact.train.targets_N
    torch.testing.assert_close(twice_N, 2 * noise_N, rtol=0, atol=2e-7)
    assert exact.with_label_noise(0.0, seed=3) is exact


@pytest.mark.parametrize("key", ["train_size", "validation_size", "test_size"])
def test_an_empty_split_is_refused(key: str) -> None:
    sizes = {"train_size": 1, "validation_size": 1, "test_size": 1, key: 0}
    with pytest.raises(ValueError, match=rf"^dataset\.{key} must be 1 or more, not 0$"):
        check_sizes(**sizes)
