"""Sequences repeated: targets, and the alignment, by plain Python."""

import torch

from attnseq.contracts.batch import NO_TOKEN, Batch
from attnseq.datasets.copy import Copy


def test_targets_are_the_tokens_themselves() -> None:
    for batch in Copy(6, 5, (200, 40, 50), 0).splits():
        assert batch.targets is not None
        assert batch.lengths is not None
        rows = zip(batch.inputs.tolist(), batch.targets.tolist(), batch.lengths.tolist(), strict=True)
        for inputs, targets, length in rows:
            assert targets == inputs[:length] + [5] + [NO_TOKEN] * (6 - length)


def test_relevance_is_the_same_position() -> None:
    batch = Batch(torch.tensor([[3, 4, 0]]), lengths=torch.tensor([2], dtype=torch.int32))
    assert Copy(3, 5, (1, 1, 1), 0).relevance(batch).tolist() == [[[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]]
