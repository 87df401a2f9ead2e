"""Sequences turned round: against plain Python, padding, streams, and the alignment that is known."""

import numpy as np
import pytest
import torch

from attnseq.contracts.batch import NO_TOKEN, Batch
from attnseq.contracts.spec import Spec, Tokens
from attnseq.datasets.reverse import Reverse

LENGTH, VOCABULARY = 6, 5


def task(sizes: tuple[int, int, int] = (300, 40, 50), seed: int = 0) -> Reverse:
    return Reverse(LENGTH, VOCABULARY, sizes, seed)


def test_spec() -> None:
    answers = Tokens(LENGTH + 1, VOCABULARY + 1, padded=True, end=True)
    assert task().spec == Spec(Tokens(LENGTH, VOCABULARY, padded=True), answers, grows=True)


def test_targets_are_the_tokens_turned_round_then_the_end_and_then_none() -> None:
    for batch, size in zip(task().splits(), (300, 40, 50), strict=True):
        assert batch.size == size
        rows = zip(batch.inputs.tolist(), batch.targets.tolist(), batch.lengths.tolist(), strict=True)
        for inputs, targets, length in rows:
            assert 1 <= length <= LENGTH
            assert targets == inputs[:length][::-1] + [VOCABULARY] + [NO_TOKEN] * (LENGTH - length)
            assert inputs[length:] == [0] * (LENGTH - length)
            assert all(0 <= token < VOCABULARY for token in inputs)


@pytest.mark.parametrize(("vocabulary", "dtype"), [(256, torch.uint8), (257, torch.int32)])
def test_types(vocabulary: int, dtype: torch.dtype) -> None:
    batch = Reverse(LENGTH, vocabulary, (2_000, 1, 1), 0).splits().train
    assert [values.dtype for values in (batch.inputs, batch.targets, batch.lengths)] == [
        dtype,
        torch.int32,
        torch.int32,
    ]
    assert int(batch.inputs.max()) == vocabulary - 1


def test_lengths_and_tokens_are_uniform() -> None:
    batch = task((20_000, 1, 1)).splits().train
    shares = np.bincount(batch.lengths.numpy(), minlength=LENGTH + 1)[1:] / batch.size
    # five standard deviations
    np.testing.assert_allclose(shares, 1 / LENGTH, atol=5 * np.sqrt(1 / LENGTH / batch.size))
    tokens = batch.targets[(batch.targets != NO_TOKEN) & (batch.targets != VOCABULARY)].numpy()
    shares = np.bincount(tokens, minlength=VOCABULARY) / len(tokens)
    np.testing.assert_allclose(shares, 1 / VOCABULARY, atol=5 * np.sqrt(1 / VOCABULARY / len(tokens)))


def test_a_size_moves_no_other_split_and_no_earlier_row() -> None:
    small, large = task().splits(), task((3_000, 40, 50)).splits()
    for mine, its in zip(small.train[:3], large.train.first(300)[:3], strict=True):
        assert torch.equal(mine, its)
    assert torch.equal(small.validation.inputs, large.validation.inputs)
    assert torch.equal(small.test.inputs, large.test.inputs)


def test_seed_and_split_give_other_samples() -> None:
    splits, other = task((40, 40, 40)).splits(), task((40, 40, 40), seed=1).splits()
    for column in ("inputs", "lengths"):
        train, validation, test = (getattr(split, column) for split in splits)
        assert not torch.equal(train, getattr(other.train, column))
        assert not torch.equal(train, validation)
        assert not torch.equal(test, validation)


def test_relevance_by_hand() -> None:
    batch = Batch(torch.tensor([[3, 4, 0], [1, 2, 3]]), lengths=torch.tensor([2, 3], dtype=torch.int32))
    assert Reverse(3, 5, (1, 1, 1), 0).relevance(batch).tolist() == [
        [[0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0]],
    ]


def test_what_is_relevant_is_what_is_repeated() -> None:
    batch = task().splits().train
    relevance_BxKxT = task().relevance(batch)
    answered_BxK = (batch.targets != NO_TOKEN) & (batch.targets != VOCABULARY)
    assert torch.equal(relevance_BxKxT.sum(dim=-1), answered_BxK.double())
    repeated_BxK = (relevance_BxKxT @ batch.inputs.double().unsqueeze(-1)).squeeze(-1)
    assert torch.equal(repeated_BxK[answered_BxK], batch.targets[answered_BxK].double())


@pytest.mark.parametrize("positions", [2, 9])
def test_sequences_of_another_length_have_answers_and_an_alignment_of_their_own(positions: int) -> None:
    tokens_1xT = torch.arange(positions).unsqueeze(0) % VOCABULARY
    batch = Batch(tokens_1xT, lengths=torch.tensor([positions], dtype=torch.int32))
    assert task().spec.answer_length(positions) == positions + 1
    assert task().answers(batch).tolist() == [[*tokens_1xT[0].tolist()[::-1], VOCABULARY]]
    expected_KxT = [*torch.eye(positions).flip(0).tolist(), [0] * positions]
    assert task().relevance(batch).tolist() == [expected_KxT]


def of_lengths(
    length: int = LENGTH, lengths: tuple[int, ...] = (4, 9), size: int = 50, seed: int = 0
) -> dict[int, Batch]:
    return dict(Reverse(length, VOCABULARY, (1, 1, size), seed, lengths).tests())


def test_further_test_samples_have_exactly_the_lengths_that_were_asked_for() -> None:
    found = of_lengths()
    assert list(found) == [4, 9]
    for length, batch in found.items():
        positions = max(length, LENGTH)
        assert batch.targets is not None
        assert batch.lengths is not None
        assert (batch.inputs.shape, batch.targets.shape) == ((50, positions), (50, positions + 1))
        assert batch.lengths.tolist() == [length] * 50
        for inputs, targets in zip(batch.inputs.tolist(), batch.targets.tolist(), strict=True):
            padding = positions - length
            assert targets == [*inputs[:length][::-1], VOCABULARY, *[NO_TOKEN] * padding]
            assert inputs[length:] == [0] * padding
    assert list(task().tests()) == []


def test_further_test_samples_come_from_streams_of_their_own() -> None:
    usual = of_lengths()
    for other in (of_lengths(length=12), of_lengths(lengths=(9, 4, 11)), of_lengths(size=300)):
        for length, batch in usual.items():
            assert torch.equal(other[length].inputs[:50, :length], batch.inputs[:, :length])
    assert not torch.equal(usual[9].inputs[:, :4], usual[4].inputs[:, :4])
    assert not torch.equal(of_lengths(seed=1)[9].inputs, usual[9].inputs)


def test_the_expected_change_is_how_likely_a_token_becomes_another_one() -> None:
    task = Reverse(3, 4, (1, 1, 1), 0)
    batch = Batch(torch.tensor([[3, 1, 0]], dtype=torch.uint8), lengths=torch.tensor([2]))
    expected = [[0, 0.75, 0], [0.75, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert task.expected_change(batch).tolist() == [expected]
