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
    assert [t.dtype for t in (split.digits_NxT, split.targets_N, split.answers_NxK)] == [
        torch.uint8,
        torch.float32,
        torch.uint8,
    ]
    assert split.digits_NxT.tolist() == DIGITS_NXT.tolist()
    assert split.answers_NxK.tolist() == [[0, 0, 4], [9, 9, 9]]
    # the double 0.004 rounded to float32, not a float32 division
    np.testing.assert_array_equal(split.targets_N.numpy(), np.array([0.004, 0.999]).astype(np.float32))


def test_to_moves_every_tensor() -> None:
    task = AbsDifference()
    split = label(task, DIGITS_NXT)
    moved = Dataset("tiny", task, split, split, split).to("meta")
    assert (moved.name, moved.task) == ("tiny", task)
    for part in (moved.train, moved.validation, moved.test):
        assert {t.device.type for t in (part.digits_NxT, part.targets_N, part.answers_NxK)} == {"meta"}


@pytest.mark.parametrize("key", ["train_size", "validation_size", "test_size"])
def test_an_empty_split_is_refused(key: str) -> None:
    sizes = {"train_size": 1, "validation_size": 1, "test_size": 1, key: 0}
    with pytest.raises(ValueError, match=rf"^dataset\.{key} must be 1 or more, not 0$"):
        check_sizes(**sizes)
