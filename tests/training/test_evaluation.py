"""Metrics computed by hand; the same whatever the chunks.

Shapes: P replicas, B batch, T positions, N samples.
"""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from attnseq.datasets.dataset import Dataset, Split, label
from attnseq.datasets.task import AbsDifference
from attnseq.models.model import ModelOutput
from attnseq.training import evaluation
from attnseq.training.evaluation import Metrics, chunks, evaluate
from attnseq.training.population import FlatModel

SCALE = 1000


class Shifted(nn.Module):
    """Predicts the first digit / 10 plus its only parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(()))

    def forward(self, digits_BxT: Tensor) -> ModelOutput:
        return ModelOutput(digits_BxT[:, 0] / 10 + self.shift, digits_BxT.float())


class Looked(nn.Module):
    """Predicts what a table says of the sample whose number its digits are."""

    def __init__(self, predictions_N: Tensor):
        super().__init__()
        self.predictions = nn.Parameter(predictions_N)

    def forward(self, digits_BxT: Tensor) -> ModelOutput:
        return ModelOutput(self.predictions[digits_BxT[:, -2].long() * 10 + digits_BxT[:, -1].long()], digits_BxT)


def split_of(digits: list[int], answers: list[int], scale: int = SCALE) -> Split:
    answers_N = torch.tensor(answers, dtype=torch.int32)
    targets_N = (answers_N.double() / scale).float()
    return Split(torch.tensor(digits, dtype=torch.uint8)[:, None], targets_N, answers_N)


def test_metrics_by_hand() -> None:
    # predictions 0.1, 0.2, 0.3, 0.4 plus a shift; answers 100, 203, 300, 399
    split = split_of([1, 2, 3, 4], [100, 203, 300, 399])
    parameters_PxN = torch.tensor([[0.0], [0.0004], [-0.0006]])
    metrics = evaluate(FlatModel(Shifted()), parameters_PxN, split, SCALE)
    # errors in units of the answer: 0, 3, 0, -1, from which 1000 x shift is taken
    sizes = [(0 + 3 + 0 + 1) / 4, (0.4 + 2.6 + 0.4 + 1.4) / 4, (0.6 + 3.6 + 0.6 + 0.4) / 4]
    assert [m.mae for m in metrics] == pytest.approx(sizes, rel=1e-4)
    squares = [(0 + 9 + 0 + 1) / 4, (0.16 + 6.76 + 0.16 + 1.96) / 4, (0.36 + 12.96 + 0.36 + 0.16) / 4]
    assert [m.loss for m in metrics] == pytest.approx([square / SCALE**2 for square in squares], rel=1e-3)
    # 0.4 off still rounds to the answer, 0.6 off does not; 399.4 rounds to 399
    assert [m.exact for m in metrics] == [0.5, 0.5, 0.25]
    assert all(isinstance(m, Metrics) for m in metrics)


def test_every_answer_is_exact_where_the_prediction_is_the_float32_target() -> None:
    split = split_of(list(range(10)), [100 * digit for digit in range(10)])
    (metrics,) = evaluate(FlatModel(Shifted()), torch.zeros(1, 1), split, SCALE)
    assert (metrics.loss, metrics.exact) == (0.0, 1.0)
    assert metrics.mae < 1e-4  # of rounding the targets


@pytest.mark.parametrize("operand", range(1, 10))
def test_mae_and_exact_are_those_of_whole_numbers_whatever_the_targets_are_rounded_to(operand: int) -> None:
    """Against Python's own whole numbers; the last two positions, distractors, number the samples."""
    length = 2 * operand + 2
    task = AbsDifference(length, 10, tuple(range(operand)), tuple(range(operand, 2 * operand)))
    numbers = np.random.default_rng(operand)
    digits_NxT = numbers.integers(0, 10, (100, length), dtype=np.uint8)
    digits_NxT[:, -2:] = [divmod(sample, 10) for sample in range(100)]
    digits_NxT[:50, operand : 2 * operand] = digits_NxT[:50, :operand]  # answers of few digits ...
    digits_NxT[:50, 2 * operand - 1] = numbers.integers(0, 10, 50)  # ... which float32 holds
    rows = ["".join(map(str, row)) for row in digits_NxT.tolist()]
    answers = [abs(int(row[:operand]) - int(row[operand : 2 * operand])) for row in rows]
    exact_predictions = [answer / 10**operand for answer in answers]
    predictions_N = torch.tensor(exact_predictions, dtype=torch.float64).float()
    dataset = Dataset("tiny", task, *(label(task, digits_NxT) for _ in range(3))).with_label_noise(0.5, seed=0)
    flat = FlatModel(Looked(predictions_N))
    (metrics,) = evaluate(flat, flat.flatten(dict(flat.model.named_parameters()))[None], dataset.test, task.scale)
    predicted = [float(prediction) * 10**operand for prediction in predictions_N.tolist()]
    assert metrics.mae == pytest.approx(sum(abs(p - a) for p, a in zip(predicted, answers, strict=True)) / 100)
    assert metrics.exact == sum(round(p) == a for p, a in zip(predicted, answers, strict=True)) / 100
    assert (metrics.exact == 1.0) == (operand < 8)  # no float32 says more digits
    assert dataset.test.answers_N.tolist() == dataset.train.answers_N.tolist() == answers


@pytest.mark.parametrize("chunk", [1, 3, 6, 1000])
def test_chunks_do_not_matter(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = torch.Generator().manual_seed(0)
    digits = torch.randint(0, 10, (11,), generator=numbers).tolist()
    split = split_of(digits, torch.randint(0, 10, (11,), generator=numbers).tolist(), 10)
    parameters_PxN = torch.tensor([[0.0], [0.1]])
    whole = evaluate(FlatModel(Shifted()), parameters_PxN, split, 10)
    monkeypatch.setattr(evaluation, "CHUNK", chunk)
    for mine, theirs in zip(evaluate(FlatModel(Shifted()), parameters_PxN, split, 10), whole, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-12)


def test_a_replica_has_its_own_metrics() -> None:
    split = split_of([1, 5, 7], [200, 500, 900])
    parameters_PxN = torch.tensor([[0.0], [torch.nan], [0.25]])
    together = evaluate(FlatModel(Shifted()), parameters_PxN, split, SCALE)
    for index in (0, 2):
        alone = evaluate(FlatModel(Shifted()), parameters_PxN[index : index + 1], split, SCALE)
        assert alone == [together[index]]
    assert together[1].exact == 0
    assert together[1].loss != together[1].loss


def test_no_gradients_are_kept() -> None:
    parameters_PxN = torch.zeros(1, 1, requires_grad=True)
    evaluate(FlatModel(Shifted()), parameters_PxN, split_of([1], [500]), SCALE)
    assert parameters_PxN.grad is None


def test_chunks_cover_the_split_even_where_none_is_allowed() -> None:
    split = split_of([1, 2, 3, 4, 5], [100, 200, 300, 400, 500])
    for size, lengths in ((0, [1] * 5), (2, [2, 2, 1]), (9, [5])):
        parts = list(chunks(split, size))
        assert [len(part) for part in parts] == lengths
        for column in ("digits_NxT", "targets_N", "answers_N"):
            assert torch.equal(torch.cat([getattr(part, column) for part in parts]), getattr(split, column))
