"""Answers without their end symbol."""

import torch

from attnseq.contracts.answers import without_end
from attnseq.contracts.batch import NO_TOKEN
from attnseq.contracts.spec import Scalar, Tokens

ENDED = Tokens(4, 6, padded=True, end=True)
END = ENDED.vocabulary - 1


def test_from_the_first_end_symbol_on_there_is_no_token() -> None:
    answers_BxK = torch.tensor([[1, 2, END, NO_TOKEN], [3, END, 4, END], [END, 1, 2, 3], [0, 1, 2, 3]])
    none = NO_TOKEN
    assert without_end(answers_BxK, ENDED).tolist() == [
        [1, 2, none, none],
        [3, none, none, none],
        [none, none, none, none],
        [0, 1, 2, 3],
    ]


def test_other_answers_stay_as_they_are() -> None:
    answers_BxK, numbers_B = torch.tensor([[1, 5, NO_TOKEN]]), torch.tensor([0.5, 5.0])
    assert without_end(answers_BxK, Tokens(3, 6, padded=True)) is answers_BxK
    assert without_end(numbers_B, Scalar()) is numbers_B
