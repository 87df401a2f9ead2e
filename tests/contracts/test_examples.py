"""Samples of zeros look as a task's own do in training; batches of one task stand behind one another."""

import pytest
import torch
from tiny_configs import tiny_config

from attnseq.contracts.batch import Batch
from attnseq.contracts.examples import example, stacked, token_type
from attnseq.contracts.spec import Classes, Reals, Scalar, Spec, Tokens
from attnseq.datasets.config import DATASETS
from attnseq.training.pool import Data, DataPool


@pytest.mark.parametrize("dataset", DATASETS.names())
def test_they_look_as_what_training_gives_a_model(dataset: str) -> None:
    task = tiny_config(dataset).dataset.build()
    own, zeros = DataPool([Data(task, task.splits())]).train, example(task.spec, 7)
    for mine, theirs in zip(zeros, own, strict=True):
        if mine is None:
            assert theirs is None
        else:
            assert (mine.shape, mine.dtype) == ((7, *theirs.shape[1:]), theirs.dtype)


@pytest.mark.parametrize(
    ("target", "shape", "dtype"),
    [(Scalar(), (2,), torch.float32), (Classes(("a", "b")), (2,), torch.int32), (Tokens(3, 9), (2, 3), torch.int32)],
)
def test_targets_of_each_kind(target: Scalar | Classes | Tokens, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    batch = example(Spec(Reals(5, 2, padded=True), target), 2, "meta")
    assert (batch.targets.shape, batch.targets.dtype) == (shape, dtype)
    assert (batch.inputs.shape, batch.inputs.dtype, batch.inputs.device.type) == ((2, 5, 2), torch.float32, "meta")
    assert batch.lengths.dtype == torch.int32


def test_padded_samples_of_zeros_have_all_positions() -> None:
    batch = example(Spec(Tokens(4, 9, padded=True), Scalar()), 3)
    assert batch.lengths.tolist() == [4, 4, 4]


def test_tokens_are_bytes_where_they_fit() -> None:
    assert [token_type(Tokens(1, size)) for size in (2, 256, 257)] == [torch.uint8, torch.uint8, torch.int32]


def test_stacked() -> None:
    one, two = Batch(torch.zeros(2, 3), torch.arange(2)), Batch(torch.ones(1, 3), torch.tensor([7]))
    both = stacked([one, two])
    assert both.inputs.tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 1]]
    assert both.targets.tolist() == [0, 1, 7]
    assert set(both[2:]) == {None}
