"""Pairs of tokens swapped: targets, and the alignment, by plain Python, for even and odd lengths."""

import torch

from attnseq.contracts.batch import NO_TOKEN, Batch
from attnseq.datasets.bigram_flip import BigramFlip


def test_targets_are_swapped_pair_by_pair() -> None:
    for batch in BigramFlip(7, 5, (200, 40, 50), 0).splits():
        assert batch.targets is not None
        assert batch.lengths is not None
        rows = zip(batch.inputs.tolist(), batch.targets.tolist(), batch.lengths.tolist(), strict=True)
        for inputs, targets, length in rows:
            swapped = [token for n in range(0, length, 2) for token in inputs[n : min(n + 2, length)][::-1]]
            assert targets == swapped + [5] + [NO_TOKEN] * (7 - length)


def test_relevance_is_the_other_of_the_pair_and_itself_where_there_is_none() -> None:
    batch = Batch(torch.tensor([[3, 4, 2], [1, 2, 0]]), lengths=torch.tensor([3, 2], dtype=torch.int32))
    assert BigramFlip(3, 5, (1, 1, 1), 0).relevance(batch).tolist() == [
        [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]],
        [[0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]],
    ]
