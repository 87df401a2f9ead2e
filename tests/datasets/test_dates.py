"""Samples of written dates: tokens, answers and alignment, against plain Python."""

from datetime import date

import torch

from attnseq.contracts.batch import NO_TOKEN, Batch
from attnseq.contracts.spec import Tokens
from attnseq.contracts.task import Splits
from attnseq.datasets.date_forms import FORMS, read
from attnseq.datasets.dates import ANSWER_SYMBOLS, INPUT_SYMBOLS, Dates

SIZES = (400, 40, 50)


def task(sizes: tuple[int, int, int] = SIZES, seed: int = 0) -> Dates:
    return Dates(sizes, seed)


def texts(batch: Batch) -> list[str]:
    assert batch.lengths is not None
    rows = zip(batch.inputs.tolist(), batch.lengths.tolist(), strict=True)
    return ["".join(INPUT_SYMBOLS[token] for token in row[:length]) for row, length in rows]


def batch_of(*written: str, length: int) -> Batch:
    rows = [[INPUT_SYMBOLS.index(letter) for letter in text.ljust(length)] for text in written]
    return Batch(torch.tensor(rows), lengths=torch.tensor(list(map(len, written)), dtype=torch.int32))


def test_spec() -> None:
    spec = task().spec
    assert spec.inputs == Tokens(29, len(INPUT_SYMBOLS), padded=True, symbols=INPUT_SYMBOLS)
    assert spec.target == Tokens(10, 11, symbols=tuple("0123456789-"))
    assert not spec.grows
    assert len(set(INPUT_SYMBOLS)) == len(INPUT_SYMBOLS) == 44


def test_the_answer_is_the_day_that_is_written() -> None:
    for split, size in zip(task().splits(), SIZES, strict=True):
        assert split.targets is not None
        assert (split.size, split.inputs.dtype, split.targets.dtype) == (size, torch.uint8, torch.int32)
        for text, answer in zip(texts(split), split.targets.tolist(), strict=True):
            day = date.fromisoformat("".join(ANSWER_SYMBOLS[token] for token in answer))
            assert text in {form.write(day) for form in FORMS}
            assert 1900 <= day.year <= 2099
        assert torch.equal(task().answers(split), split.targets)
        assert not split.inputs[~split.present()].any()


def test_every_form_is_drawn_about_as_often() -> None:
    drawn = texts(task((3_000, 1, 1)).splits().train)
    for form in FORMS:  # a day of May may be in two forms at once
        assert 180 < sum(form.read(text) is not None for text in drawn) < 380


def test_a_size_moves_no_other_split_and_no_earlier_row() -> None:
    small, large = task().splits(), task((900, 40, 50)).splits()
    for mine, its in zip(small.train[:3], large.train.first(400)[:3], strict=True):
        assert torch.equal(mine, its)
    assert torch.equal(small.validation.inputs, large.validation.inputs)
    assert torch.equal(small.test.inputs, large.test.inputs)


def test_seed_and_split_give_other_samples() -> None:
    splits, other = task((40, 40, 40)).splits(), task((40, 40, 40), seed=1).splits()
    every: list[list[str]] = [texts(split) for split in (*splits, *other)]
    assert len({tuple(each) for each in every}) == 2 * len(Splits._fields)


def test_the_alignment_of_two_dates_by_hand() -> None:
    relevance_BxKxT = task().relevance(batch_of("3 May 1998", "1998/12/30", length=12))
    assert relevance_BxKxT.shape == (2, 10, 12)
    third = 1 / 3
    assert relevance_BxKxT[0].tolist() == [
        *([0.0] * 6 + [float(place == digit) for place in range(6)] for digit in range(4)),
        [0] * 12,
        *[[0, 0, third, third, third, *[0] * 7]] * 2,
        [0] * 12,
        *[[1, *[0] * 11]] * 2,
    ]
    assert relevance_BxKxT[1].argmax(dim=-1).tolist() == [0, 1, 2, 3, 0, 5, 6, 0, 8, 9]
    assert relevance_BxKxT[1].sum(dim=-1).tolist() == [1, 1, 1, 1, 0, 1, 1, 0, 1, 1]


def test_rows_sum_to_1_but_for_hyphens_and_lie_within_the_sample() -> None:
    split = task().splits().train
    relevance_BxKxT = task().relevance(split)
    expected_K = torch.tensor([1, 1, 1, 1, 0, 1, 1, 0, 1, 1], dtype=torch.float64)
    torch.testing.assert_close(relevance_BxKxT.sum(dim=-1), expected_K.expand(split.size, -1))
    assert not relevance_BxKxT.transpose(1, 2)[~split.present()].any()


def test_a_text_that_is_no_date_has_no_answer_and_depends_on_nothing() -> None:
    batch = batch_of("31.02.2009", "3.5.1998", length=10)
    assert read("31.02.2009") is None
    answers_BxK = task().answers(batch)
    assert answers_BxK[0].tolist() == [NO_TOKEN] * 10
    assert "".join(ANSWER_SYMBOLS[token] for token in answers_BxK[1]) == "1998-05-03"
    relevance_BxKxT = task().relevance(batch)
    assert not relevance_BxKxT[0].any()
    assert relevance_BxKxT[1].any()
