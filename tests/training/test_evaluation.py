"""Metrics computed by hand; the same whatever the chunks.

Shapes: P replicas, B batch, T positions, N samples.
"""

import pytest
import torch
from torch import Tensor, nn

from attnseq.datasets.dataset import Split
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


def split_of(digits: list[int], targets: list[float]) -> Split:
    empty = torch.zeros(len(digits), 3, dtype=torch.uint8)
    return Split(torch.tensor(digits, dtype=torch.uint8)[:, None], torch.tensor(targets), empty)


def test_metrics_by_hand() -> None:
    # predictions 0.1, 0.2, 0.3, 0.4 plus a shift; answers 100, 203, 300, 399
    split = split_of([1, 2, 3, 4], [0.1, 0.203, 0.3, 0.399])
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
    targets_N = torch.arange(10) / 10
    split = split_of(list(range(10)), targets_N.tolist())
    assert evaluate(FlatModel(Shifted()), torch.zeros(1, 1), split, SCALE) == [Metrics(0.0, 0.0, 1.0)]


@pytest.mark.parametrize("chunk", [1, 3, 6, 1000])
def test_chunks_do_not_matter(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = torch.Generator().manual_seed(0)
    digits = torch.randint(0, 10, (11,), generator=numbers).tolist()
    split = split_of(digits, torch.rand(11, generator=numbers).tolist())
    parameters_PxN = torch.tensor([[0.0], [0.1]])
    whole = evaluate(FlatModel(Shifted()), parameters_PxN, split, 10)
    monkeypatch.setattr(evaluation, "CHUNK", chunk)
    for mine, theirs in zip(evaluate(FlatModel(Shifted()), parameters_PxN, split, 10), whole, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-12)


def test_a_replica_has_its_own_metrics() -> None:
    split = split_of([1, 5, 7], [0.2, 0.5, 0.9])
    parameters_PxN = torch.tensor([[0.0], [torch.nan], [0.25]])
    together = evaluate(FlatModel(Shifted()), parameters_PxN, split, SCALE)
    for index in (0, 2):
        alone = evaluate(FlatModel(Shifted()), parameters_PxN[index : index + 1], split, SCALE)
        assert alone == [together[index]]
    assert together[1].exact == 0
    assert together[1].loss != together[1].loss


def test_no_gradients_are_kept() -> None:
    parameters_PxN = torch.zeros(1, 1, requires_grad=True)
    evaluate(FlatModel(Shifted()), parameters_PxN, split_of([1], [0.5]), SCALE)
    assert parameters_PxN.grad is None


def test_chunks_cover_the_split_even_where_none_is_allowed() -> None:
    split = split_of([1, 2, 3, 4, 5], [0.1, 0.2, 0.3, 0.4, 0.5])
    for size, lengths in ((0, [1] * 5), (2, [2, 2, 1]), (9, [5])):
        parts = list(chunks(split, size))
        assert [len(digits_BxT) for digits_BxT, _ in parts] == lengths
        assert torch.equal(torch.cat([digits_BxT for digits_BxT, _ in parts]), split.digits_NxT)
        assert torch.equal(torch.cat([targets_B for _, targets_B in parts]), split.targets_N)
