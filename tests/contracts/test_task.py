"""What a task is unless it says otherwise, and splits that move to a device."""

import numpy as np
import pytest
import torch

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Reals, Scalar, Spec
from attnseq.contracts.task import Splits, Task


class Zeros(Task):
    @property
    def spec(self) -> Spec:
        return Spec(Reals(3), Scalar())

    def splits(self) -> Splits:
        return Splits(*(Batch(torch.zeros(size, 3, 1), torch.zeros(size)) for size in (4, 2, 1)))


def test_positions_have_numbers_and_nothing_else_is_known() -> None:
    task = Zeros()
    assert task.position_names == task.position_labels == ("0", "1", "2")
    assert task.relevance(task.splits().train) is None
    assert task.fingerprint() == ""
    assert task.facts() == {}
    assert task.token_names == ()
    values = np.ones((2, 3, 1))
    assert task.encode(values) is values
    with pytest.raises(ValueError, match=r"^more\.csv: the task reads no files$"):
        task.read("more.csv")


def test_names_of_a_task_stand_behind_the_numbers_that_tensorboard_sorts_by() -> None:
    class Named(Zeros):
        position_names = ("rain", "wind", "2")

    assert Named().position_labels == ("0 rain", "1 wind", "2")


def test_to_moves_every_tensor_of_every_split() -> None:
    moved = Zeros().splits().to("meta")
    assert [split.size for split in moved] == [4, 2, 1]
    for split in moved:
        assert {values.device.type for values in split[:2]} == {"meta"}
        assert set(split[2:]) == {None}
