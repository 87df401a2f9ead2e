"""Noise on the targets that are learnt from: drawn once, from the dataset's seed, and on nothing else.

Shapes: N samples.
"""

import numpy as np
import pytest
import torch
from torch import Tensor

from attnseq.contracts.batch import Batch
from attnseq.contracts.task import Splits
from attnseq.core.randomness import generator
from attnseq.training.label_noise import with_label_noise

SAMPLES = 4_000


def splits() -> Splits:
    numbers = torch.Generator().manual_seed(0)

    def batch(size: int) -> Batch:
        return Batch(torch.rand(size, 3, 1, generator=numbers), torch.rand(size, generator=numbers).double())

    return Splits(batch(SAMPLES), batch(20), batch(20))


def noise(deviation: float, seed: int) -> Tensor:
    clean = splits()
    noisy_N = with_label_noise(clean, deviation, seed).train.targets
    assert noisy_N is not None
    assert clean.train.targets is not None
    assert noisy_N.dtype == torch.float32
    return noisy_N.double() - clean.train.targets


def test_training_targets_alone_are_noisy_and_all_else_is_shared() -> None:
    clean = splits()
    noisy = with_label_noise(clean, 0.5, seed=1)
    assert noisy.train.inputs is clean.train.inputs
    assert noisy.validation is clean.validation
    assert noisy.test is clean.test
    assert noisy.train.targets is not None
    assert clean.train.targets is not None
    assert clean.train.targets.dtype == torch.float64  # not changed
    assert (noisy.train.targets > 1).any()
    assert (noisy.train.targets < 0).any()


def test_it_is_normal_with_the_deviation_that_was_asked_for() -> None:
    error = 4 / SAMPLES**0.5
    for deviation in (0.01, 2.0):
        standard_N = noise(deviation, 3) / deviation
        assert abs(float(standard_N.mean())) < error
        assert abs(float(standard_N.std()) - 1) < error


def test_one_seed_gives_one_noise_and_a_deviation_scales_it() -> None:
    expected_N = torch.from_numpy(generator(9, "label_noise").standard_normal(SAMPLES, dtype=np.float32)).double()
    torch.testing.assert_close(noise(0.5, 9), 0.5 * expected_N, rtol=0, atol=1e-6)
    torch.testing.assert_close(noise(2.0, 9), 4 * noise(0.5, 9), rtol=0, atol=2e-6)
    assert abs(float((noise(1.0, 9) * noise(1.0, 10)).mean())) < 4 / SAMPLES**0.5


@pytest.mark.parametrize("targets", [torch.zeros(3), None])
def test_nothing_is_done_where_there_is_none_to_do(targets: Tensor | None) -> None:
    batch = Batch(torch.zeros(3, 2), targets)
    same = Splits(batch, batch, batch)
    assert with_label_noise(same, 0.0, seed=1) is same
    if targets is None:
        assert with_label_noise(same, 0.5, seed=1) is same
