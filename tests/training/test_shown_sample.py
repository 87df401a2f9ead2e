"""The sample whose alignment is shown: which it is, and what is kept of what each replica makes of it.

Shapes: P replicas, B batch, T positions, K answer positions.
"""

import pytest
import torch
from torch import Tensor

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.spec import Reals, Scalar, Spec, Tokens
from attnseq.contracts.task import Splits, Task
from attnseq.datasets.reverse import Reverse
from attnseq.training.shown_sample import LONGEST, ShownSample

REVERSE = Reverse(3, 10, (1, 1, 1), 0)
INPUTS_BXT = torch.tensor([[4, 0, 0], [5, 6, 7], [1, 2, 3]], dtype=torch.uint8)
LENGTHS_B = torch.tensor([1, 3, 3], dtype=torch.int32)


def batch() -> Batch:
    samples = Batch(INPUTS_BXT, lengths=LENGTHS_B)
    return samples._replace(targets=REVERSE.answers(samples))


def output(predicted_PxBxK: list[list[list[int]]], vocabulary: int = 11, axes: str = "BKT") -> Output:
    """Of a population that predicts these tokens, and whose weights are all different."""
    tokens = torch.tensor(predicted_PxBxK)
    weights = torch.arange(tokens.numel() * 3).view(*tokens.shape, 3) / 1000
    return Output(torch.nn.functional.one_hot(tokens, vocabulary).float(), {"alignment": Attention(weights, axes)})


PREDICTED = output([[[4, 10, 0, 0], [7, 6, 5, 10], [3, 2, 1, 10]], [[1, 10, 0, 0], [7, 10, 5, 10], [3, 2, 1, 10]]])


@pytest.mark.parametrize("size", [1, 2, 3])
def test_it_is_the_first_of_the_longest_wherever_it_comes(size: int) -> None:
    shown, weights = ShownSample(batch(), REVERSE.spec, REVERSE), PREDICTED.attention["alignment"].weights
    start = 0
    for piece in batch().pieces(size):
        rows = slice(start, start + piece.size)
        start += piece.size
        attention = {"alignment": Attention(weights[:, rows], "BKT")}
        shown.look(Output(PREDICTED.prediction[:, rows], attention), piece)
    assert shown.alignments is not None
    right, wrong = shown.alignments
    assert (right.line, right.inputs, right.answers) == ("567: 7 6 5", ("5", "6", "7"), ("7", "6", "5"))
    assert (wrong.line, wrong.answers) == ("567: 7, exact 7 6 5", ("7",))
    assert torch.equal(torch.from_numpy(right.weights_KxT), weights[0, 1, :3].double())
    assert torch.equal(torch.from_numpy(wrong.weights_KxT), weights[1, 1, :1].double())
    assert right.relevance_KxT is not None
    assert wrong.relevance_KxT is not None
    assert right.relevance_KxT.tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert wrong.relevance_KxT.tolist() == [[0, 0, 1]]


class Fixed(Task):
    """Answers of two tokens to two real numbers, of which nothing else is known."""

    spec = Spec(Reals(2), Tokens(2, 3, symbols=("x", "y", "z")))

    def splits(self) -> Splits:
        raise NotImplementedError


def test_of_real_numbers_to_an_answer_in_characters() -> None:
    samples = Batch(torch.tensor([[[0.123], [2.0]]]), torch.tensor([[2, 0]]))
    shown = ShownSample(samples, Fixed.spec, Fixed())
    tokens = torch.tensor([[[2, 1]]])
    weights = torch.full((1, 1, 2, 2), 0.5)
    attention = {"alignment": Attention(weights, "BKT")}
    shown.look(Output(torch.nn.functional.one_hot(tokens, 3).float(), attention), samples)
    assert shown.alignments is not None
    (alignment,) = shown.alignments
    assert (alignment.line, alignment.inputs) == ("0.12,2: zy, exact zx", ("0.12", "2"))
    assert alignment.relevance_KxT is None


def too_long() -> Batch:
    inputs_BxT = torch.zeros(1, LONGEST + 1, dtype=torch.uint8)
    return Batch(inputs_BxT, inputs_BxT.int(), torch.tensor([LONGEST + 1], dtype=torch.int32))


@pytest.mark.parametrize(
    ("samples", "spec", "task", "axes"),
    [
        (batch(), REVERSE.spec, None, "BKT"),
        (batch(), REVERSE.spec, REVERSE, "BMTT"),
        (batch(), Spec(REVERSE.spec.inputs, Scalar()), REVERSE, "BKT"),
        (batch().first(0), REVERSE.spec, REVERSE, "BKT"),
        (too_long(), REVERSE.spec, REVERSE, "BKT"),
        (too_long()._replace(lengths=None), REVERSE.spec, REVERSE, "BKT"),
    ],
    ids=["no task", "no alignment", "a number", "no sample", "too long", "too long, all alike"],
)
def test_where_there_is_nothing_to_show_there_is_none(samples: Batch, spec: Spec, task: Task | None, axes: str) -> None:
    shown = ShownSample(samples, spec, task)
    seen = samples if samples.size else batch()
    shown.look(output([[[4, 10, 0, 0]] * seen.size], axes=axes), seen)
    assert shown.alignments is None


def test_a_model_that_never_ends_is_cut() -> None:
    task = Reverse(LONGEST, 4, (1, 1, 1), 0)
    samples = Batch(torch.ones(1, LONGEST, dtype=torch.uint8), lengths=torch.tensor([LONGEST], dtype=torch.int32))
    samples = samples._replace(targets=task.answers(samples))
    tokens: Tensor = torch.ones(1, 1, LONGEST + 1, dtype=torch.int64)
    attention = {"alignment": Attention(torch.rand(1, 1, LONGEST + 1, LONGEST), "BKT")}
    shown = ShownSample(samples, task.spec, task)
    shown.look(Output(torch.nn.functional.one_hot(tokens, 5).float(), attention), samples)
    assert shown.alignments is not None
    assert shown.alignments[0].weights_KxT.shape == (LONGEST, LONGEST)
    assert len(shown.alignments[0].answers) == LONGEST
