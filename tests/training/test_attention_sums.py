"""Summaries of attention computed by hand; a population's are its replicas'.

Shapes: P replicas, B batch, T positions, D digit values.
"""

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from attnseq.core.randomness import generator
from attnseq.datasets.dataset import Split
from attnseq.layers.weights import KerasInitializer
from attnseq.models.lstm_attention import LSTMAttention
from attnseq.models.model import ModelOutput
from attnseq.training import evaluation
from attnseq.training.attention_sums import (
    BINS,
    AttentionSummary,
    evaluate_with_attention,
    position_weights,
    summarise_attention,
)
from attnseq.training.evaluation import evaluate
from attnseq.training.population import FlatModel

POSITIONS, BASE = 4, 3


class Table(nn.Module):
    """Attention looked up by the first digit: row d of its only parameter."""

    def __init__(self, rows: int, positions: int):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(rows, positions))

    def forward(self, digits_BxT: Tensor) -> ModelOutput:
        one_hot = (digits_BxT[:, :1] == torch.arange(len(self.table))).to(self.table.dtype)
        return ModelOutput(digits_BxT[:, 0] * 0.1, one_hot @ self.table)


def split_of(digits: list[list[int]]) -> Split:
    answers_N = torch.zeros(len(digits), dtype=torch.int32)
    return Split(torch.tensor(digits, dtype=torch.uint8), torch.zeros(len(digits)), answers_N)


def random_split(samples: int) -> Split:
    numbers = torch.Generator().manual_seed(0)
    return split_of(torch.randint(0, BASE, (samples, POSITIONS), generator=numbers).tolist())


def lstm(kind: str) -> FlatModel:
    return FlatModel(LSTMAttention(POSITIONS, BASE, 2, kind, "sigmoid"))


def fresh(flat: FlatModel, replicas: int) -> Tensor:
    inits = [KerasInitializer(generator(seed, "weights")) for seed in range(replicas)]
    return torch.stack([flat.flatten(flat.model.initial_parameters(init)) for init in inits])  # type: ignore[operator]


def assert_same(mine: AttentionSummary, theirs: AttentionSummary) -> None:
    for field in fields(AttentionSummary):
        a, b = getattr(mine, field.name), getattr(theirs, field.name)
        if a is None or isinstance(a, str):
            assert a == b
        else:
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-12, err_msg=field.name)


def test_by_hand() -> None:
    # two samples that attend (1/2, 1/2, 0), one that attends (0, 1/4, 3/4)
    table = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])
    flat = FlatModel(Table(2, 3))
    (summary,) = summarise_attention(flat, table.flatten()[None], split_of([[0, 1, 1], [1, 0, 0], [0, 0, 0]]))
    assert summary.samples_T.tolist() == [3, 3, 3]
    np.testing.assert_allclose(summary.sum_T, [1.0, 1.25, 0.75])
    np.testing.assert_allclose(summary.mean_T, [1 / 3, 1.25 / 3, 0.25])
    np.testing.assert_allclose(summary.sum_squares_T, [0.5, 0.5 + 0.0625, 0.5625])
    assert summary.minimum_T.tolist() == [0, 0.25, 0]
    assert summary.maximum_T.tolist() == [0.5, 0.5, 0.75]
    skewed = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert summary.entropy == pytest.approx((2 * math.log(2) + skewed) / 3, rel=1e-12)
    assert summary.heatmap_TxR is None
    expected_TxN = np.zeros((3, BINS), dtype=np.int64)
    for position, weight, count in [(0, 0.5, 2), (0, 0, 1), (1, 0.5, 2), (1, 0.25, 1), (2, 0, 2), (2, 0.75, 1)]:
        expected_TxN[position, int(weight * BINS)] += count
    np.testing.assert_array_equal(summary.histogram_TxN, expected_TxN)


def test_histogram_counts_every_sample_in_the_bin_of_its_weight() -> None:
    flat, split = lstm("time"), random_split(50)
    parameters_PxN = 3 * fresh(flat, 1)
    (summary,) = summarise_attention(flat, parameters_PxN, split)
    assert summary.histogram_TxN.dtype == np.int64
    assert summary.histogram_TxN.shape == (POSITIONS, BINS)
    assert summary.histogram_TxN.sum(axis=1).tolist() == [50] * POSITIONS
    assert (summary.edges_N1[0], summary.edges_N1[-1], len(summary.edges_N1)) == (0, 1, BINS + 1)
    with torch.no_grad():  # as it is evaluated
        weights_BxT = flat.predict(parameters_PxN, split.digits_NxT).attention[0].double().numpy()
    for position in range(POSITIONS):
        expected_N, _ = np.histogram(weights_BxT[:, position], bins=summary.edges_N1)
        np.testing.assert_array_equal(summary.histogram_TxN[position], expected_N)
    np.testing.assert_allclose(summary.mean_T, weights_BxT.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(summary.sum_squares_T, (weights_BxT**2).sum(axis=0), rtol=1e-9)
    np.testing.assert_array_equal(summary.minimum_T, weights_BxT.min(axis=0))
    np.testing.assert_array_equal(summary.maximum_T, weights_BxT.max(axis=0))


def test_the_weights_one_and_zero_fall_into_the_outer_bins() -> None:
    (summary,) = summarise_attention(FlatModel(Table(1, 2)), torch.tensor([[1.0, 0.0]]), split_of([[0, 0]]))
    assert summary.histogram_TxN[0, -1] == 1
    assert summary.histogram_TxN[1, 0] == 1
    assert summary.entropy == 0


def test_entropy_of_uniform_attention_is_the_logarithm_of_its_positions() -> None:
    flat = lstm("none")
    (summary,) = summarise_attention(flat, fresh(flat, 1), random_split(7))
    assert summary.entropy == pytest.approx(math.log(POSITIONS), rel=1e-6)
    np.testing.assert_allclose(summary.mean_T, 1 / POSITIONS)


def test_entropy_is_of_weights_scaled_to_sum_one() -> None:
    (summary,) = summarise_attention(FlatModel(Table(1, 2)), torch.tensor([[0.125, 0.375]]), split_of([[0, 0]]))
    assert summary.entropy == pytest.approx(-(0.25 * math.log(0.25) + 0.75 * math.log(0.75)), rel=1e-12)


def test_samples_whose_weights_all_underflow_have_no_part_in_the_entropy() -> None:
    table = torch.tensor([[0.0, 0.0], [0.25, 0.75]])
    expected = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    some, none = split_of([[0, 0], [1, 0], [1, 0]]), split_of([[0, 0]])
    (summary,) = summarise_attention(FlatModel(Table(2, 2)), table.flatten()[None], some)
    assert summary.entropy == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(summary.mean_T, [0.5 / 3, 1.5 / 3])
    (summary,) = summarise_attention(FlatModel(Table(2, 2)), table.flatten()[None], none)
    assert math.isnan(summary.entropy)  # null in the result, and said where runs are compared


def test_a_softmax_over_features_that_underflows_leaves_a_number() -> None:
    flat, split = lstm("feature"), split_of([[0] * POSITIONS, [1] * POSITIONS, [0, 1, 2, 0]])
    parameters_PxN = 1e6 * fresh(flat, 1)
    weights_PxBxT = position_weights(flat.predict(parameters_PxN, split.digits_NxT).attention, split.digits_NxT)
    assert (weights_PxBxT.sum(dim=-1) == 0).any()
    (summary,) = summarise_attention(flat, parameters_PxN, split)
    assert math.isfinite(summary.entropy)


@pytest.mark.parametrize("kind", ["element", "feature"])
def test_where_features_differ_a_positions_weight_is_its_own_digits(kind: str) -> None:
    flat, split = lstm(kind), random_split(9)
    parameters_PxN = 3 * fresh(flat, 2)
    attention_PxBxTxD = flat.predict(parameters_PxN, split.digits_NxT).attention
    weights_PxBxT = position_weights(attention_PxBxTxD, split.digits_NxT)
    assert weights_PxBxT.shape == (2, 9, POSITIONS)
    for sample, digits_T in enumerate(split.digits_NxT.tolist()):
        for position, digit in enumerate(digits_T):
            expected_P = attention_PxBxTxD[:, sample, position, digit]
            assert torch.equal(weights_PxBxT[:, sample, position], expected_P)
    for replica, summary in enumerate(summarise_attention(flat, parameters_PxN, split)):
        np.testing.assert_allclose(summary.mean_T, weights_PxBxT[replica].mean(dim=0).numpy(), rtol=1e-5)
        assert summary.heatmap_TxR is not None
        np.testing.assert_allclose(summary.heatmap_TxR, attention_PxBxTxD[replica].mean(dim=0).numpy(), rtol=1e-5)
        axis = 0 if kind == "element" else 1
        np.testing.assert_allclose(summary.heatmap_TxR.sum(axis=axis), 1, rtol=1e-6)


def test_weights_of_positions_are_passed_on() -> None:
    attention_PxBxT = torch.rand(2, 3, POSITIONS, generator=torch.Generator().manual_seed(0))
    assert torch.equal(position_weights(attention_PxBxT, random_split(3).digits_NxT), attention_PxBxT)


@pytest.mark.parametrize("kind", ["time", "element", "none"])
def test_two_together_equal_two_alone(kind: str) -> None:
    flat, split = lstm(kind), random_split(20)
    parameters_PxN = 3 * fresh(flat, 2)
    together = summarise_attention(flat, parameters_PxN, split)
    assert len(together) == 2
    for index, summary in enumerate(together):
        (alone,) = summarise_attention(flat, parameters_PxN[index : index + 1], split)
        assert_same(summary, alone)
    if kind != "none":
        assert not np.array_equal(together[0].mean_T, together[1].mean_T)


@pytest.mark.parametrize("chunk", [1, 6, 14])
def test_chunks_do_not_matter(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    flat, split = lstm("element"), random_split(11)
    parameters_PxN = fresh(flat, 2)
    whole = summarise_attention(flat, parameters_PxN, split)
    monkeypatch.setattr(evaluation, "CHUNK", chunk)
    for mine, theirs in zip(summarise_attention(flat, parameters_PxN, split), whole, strict=True):
        assert_same(mine, theirs)


@pytest.mark.parametrize("most", [1, 6, 8, 11, 100, None])
def test_metrics_and_attention_come_of_one_prediction(most: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    flat, split = lstm("element"), random_split(11)
    parameters_PxN = fresh(flat, 2)
    monkeypatch.setattr(evaluation, "CHUNK", 8)  # 4 samples of two replicas
    probed = split if most is None else split.first(most)
    expected = evaluate(flat, parameters_PxN, split, 10), summarise_attention(flat, parameters_PxN, probed)
    predicted, predict = [], flat.predict

    def count(some_PxN: Tensor, digits_BxT: Tensor) -> ModelOutput:
        predicted.append(digits_BxT)
        return predict(some_PxN, digits_BxT)

    monkeypatch.setattr(flat, "predict", count)
    together = evaluate_with_attention(flat, parameters_PxN, split, 10, most)
    assert torch.equal(torch.cat(predicted), split.digits_NxT)
    for replica, (metrics, summary) in enumerate(together):
        assert metrics == expected[0][replica]
        assert (summary.samples_T == len(probed)).all()
        assert_same(summary, expected[1][replica])


def test_a_diverged_replica_does_not_spoil_its_neighbour() -> None:
    flat, split = lstm("time"), random_split(5)
    parameters_PxN = fresh(flat, 2)
    (alone,) = summarise_attention(flat, parameters_PxN[1:], split)
    parameters_PxN[0] = torch.nan
    spoilt, healthy = summarise_attention(flat, parameters_PxN, split)
    assert np.isnan(spoilt.mean_T).all()
    assert_same(healthy, alone)
