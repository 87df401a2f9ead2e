"""Summaries of attention computed by hand, and by a plain loop; a population's are its replicas'.

Shapes: P replicas, B batch, T positions, K answer positions, D vocabulary, F features, M heads, R rows, Q bins.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tiny_population import BASE, NUMBER, POSITIONS, SEQUENCE, fresh, of_number, samples
from torch import Tensor

from attnseq.contracts.batch import NO_TOKEN, Attention, Batch
from attnseq.contracts.spec import Inputs, Reals, Scalar, Spec, Tokens
from attnseq.models.lstm_attention import LSTMAttention
from attnseq.scores.weights import position_weights
from attnseq.training.attention_summary import AttentionSummary
from attnseq.training.attention_sums import BINS, AttentionSums

SHAPES = {"BT": (POSITIONS,), "BTD": (POSITIONS, BASE), "BKT": (3, POSITIONS), "BMTT": (2, POSITIONS, POSITIONS)}
ANSWERS = 3
KINDS: dict[str, Inputs] = {
    "tokens": Tokens(POSITIONS, BASE),
    "padded tokens": Tokens(POSITIONS, BASE, padded=True),
    "reals": Reals(POSITIONS, BASE),
    "padded reals": Reals(POSITIONS, BASE, padded=True),
}


def summarise(attention: Attention, *parts: Batch, spec: Spec = NUMBER) -> list[AttentionSummary]:
    """Of attention to some samples, taken in part by part."""
    sums, start = AttentionSums(len(attention.weights), parts[0], spec), 0
    for part in parts:
        sums.add(Attention(attention.weights[:, start : start + part.size], attention.axes), part)
        start += part.size
    return sums.summaries()


def by_hand(weights: Sequence[object], axes: str = "BT", *, tokens: Sequence[Sequence[int]] = ()) -> AttentionSummary:
    """Of one replica's weights, of as many samples as there are, to tokens 0 unless others are given."""
    weights_1xB = torch.tensor([weights], dtype=torch.float64)
    length = weights_1xB.shape[2] if axes in ("BT", "BTD") else weights_1xB.shape[-1]
    inputs_BxT = torch.tensor(tokens or [[0] * length] * len(weights), dtype=torch.uint8)
    spec = Spec(Tokens(length, BASE), Scalar())
    (summary,) = summarise(Attention(weights_1xB, axes), Batch(inputs_BxT), spec=spec)
    return summary


def assert_same(mine: AttentionSummary, theirs: AttentionSummary) -> None:
    for field in fields(AttentionSummary):
        a, b = getattr(mine, field.name), getattr(theirs, field.name)
        if a is None or isinstance(a, str):
            assert a == b
        else:
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-12, err_msg=field.name)


# -- by hand --


def test_a_weight_a_position() -> None:
    # two samples that attend (1/2, 1/2, 0), one that attends (0, 1/4, 3/4)
    summary = by_hand([[0.5, 0.5, 0], [0, 0.25, 0.75], [0.5, 0.5, 0]])
    assert summary.samples_T.tolist() == [3, 3, 3]
    np.testing.assert_allclose(summary.sum_T, [1.0, 1.25, 0.75])
    np.testing.assert_allclose(summary.mean_T, [1 / 3, 1.25 / 3, 0.25])
    np.testing.assert_allclose(summary.sum_squares_T, [0.5, 0.5 + 0.0625, 0.5625])
    assert summary.minimum_T.tolist() == [0, 0.25, 0]
    assert summary.maximum_T.tolist() == [0.5, 0.5, 0.75]
    skewed = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert summary.entropy == pytest.approx((2 * math.log(2) + skewed) / 3, rel=1e-12)
    assert summary.heatmap_TxR is None
    assert summary.rows == ""
    expected_TxQ = np.zeros((3, BINS), dtype=np.int64)
    for position, weight, count in [(0, 0.5, 2), (0, 0, 1), (1, 0.5, 2), (1, 0.25, 1), (2, 0, 2), (2, 0.75, 1)]:
        expected_TxQ[position, int(weight * BINS)] += count
    np.testing.assert_array_equal(summary.histogram_TxN, expected_TxQ)


def test_a_weight_a_token_of_each_position_is_its_own_token_s() -> None:
    first = [[0.125, 0.75], [0.125, 0.0]]  # of positions 0 and 1, each of tokens 0 and 1
    second = [[0.5, 0.25], [0.0, 0.25]]
    summary = by_hand([first, second], "BTD", tokens=[[1, 0], [0, 1]])
    np.testing.assert_allclose(summary.mean_T, [(0.75 + 0.5) / 2, (0.125 + 0.25) / 2])
    np.testing.assert_allclose(summary.heatmap_TxR, [[0.3125, 0.5], [0.0625, 0.125]])
    assert summary.rows == "token"
    entropies = [-(p * math.log(p) + (1 - p) * math.log(1 - p)) for p in (0.75 / 0.875, 0.5 / 0.75)]
    assert summary.entropy == pytest.approx(sum(entropies) / 2, rel=1e-12)


def test_a_weight_a_feature_of_each_position_is_their_mean() -> None:
    weights_1x1x2x2 = torch.tensor([[[[0.2, 0.4], [0.3, 0.1]]]], dtype=torch.float64)
    spec = Spec(Reals(2, 2), Scalar())
    (summary,) = summarise(Attention(weights_1x1x2x2, "BTD"), Batch(torch.zeros(1, 2, 2)), spec=spec)
    np.testing.assert_allclose(summary.mean_T, [0.3, 0.2])
    assert summary.heatmap_TxR is None


def test_of_several_answer_positions_each_has_its_row_and_its_entropy() -> None:
    summary = by_hand([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.25, 0.75]]], "BKT")
    np.testing.assert_allclose(summary.mean_T, [(0.75 + 0.125) / 2, (0.25 + 0.875) / 2])
    np.testing.assert_allclose(summary.heatmap_TxR, [[0.5, 0.375], [0.5, 0.625]])
    assert summary.rows == "answer position"
    skewed = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert summary.entropy == pytest.approx((0 + math.log(2) + 0 + skewed) / 4, rel=1e-12)


def test_means_are_over_heads_and_each_query_position_of_each_head_has_its_row() -> None:
    one, other = [[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]
    summary = by_hand([[one, other]], "BMTT")
    np.testing.assert_allclose(summary.mean_T, [0.5, 0.5])
    np.testing.assert_allclose(summary.heatmap_TxR, [[1, 0.5, 0, 0.5], [0, 0.5, 1, 0.5]])
    assert summary.heads == 2
    assert summary.rows == "query position"
    assert summary.entropy == pytest.approx(math.log(2), rel=1e-12)


def test_the_weights_one_and_zero_fall_into_the_outer_bins() -> None:
    summary = by_hand([[1.0, 0.0]])
    assert summary.histogram_TxN[0, -1] == 1
    assert summary.histogram_TxN[1, 0] == 1
    assert summary.entropy == 0


def test_entropy_of_uniform_attention_is_the_logarithm_of_its_positions() -> None:
    summary = by_hand([[0.25] * 4] * 7)
    assert summary.entropy == pytest.approx(math.log(4), rel=1e-12)
    np.testing.assert_allclose(summary.mean_T, 0.25)


def test_entropy_is_of_weights_scaled_to_sum_one() -> None:
    expected = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert by_hand([[0.125, 0.375]]).entropy == pytest.approx(expected, rel=1e-12)


def test_samples_whose_weights_all_underflow_have_no_part_in_the_entropy() -> None:
    expected = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    summary = by_hand([[0, 0], [0.25, 0.75], [0.25, 0.75]])
    assert summary.entropy == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(summary.mean_T, [0.5 / 3, 1.5 / 3])
    assert math.isnan(by_hand([[0, 0]]).entropy)  # null in the result, and said where runs are compared


# -- padding --


def test_a_padded_position_counts_in_no_mean_no_extreme_and_no_histogram() -> None:
    weights_1x3x3 = torch.tensor([[[0.5, 0.25, 0.25], [0.75, 0.25, 0.0], [1.0, 0.0, 0.0]]], dtype=torch.float64)
    batch = Batch(torch.zeros(3, 3, dtype=torch.uint8), lengths=torch.tensor([3, 2, 1]))
    spec = Spec(Tokens(3, BASE, padded=True), Scalar())
    (summary,) = summarise(Attention(weights_1x3x3, "BT"), batch, spec=spec)
    assert summary.samples_T.tolist() == [3, 2, 1]
    np.testing.assert_allclose(summary.mean_T, [0.75, 0.25, 0.25])
    assert summary.minimum_T.tolist() == [0.5, 0.25, 0.25]
    assert summary.maximum_T.tolist() == [1.0, 0.25, 0.25]
    assert summary.histogram_TxN.sum(axis=1).tolist() == [3, 2, 1]
    assert not summary.histogram_TxN[:, 0].any()
    entropies = 0.5 * math.log(2) + 0.5 * math.log(4), -(0.25 * math.log(0.25) + 0.75 * math.log(0.75)), 0
    assert summary.entropy == pytest.approx(sum(entropies) / 3, rel=1e-12)


def test_a_position_that_no_sample_has_is_not_known() -> None:
    batch = Batch(torch.zeros(2, 2, dtype=torch.uint8), lengths=torch.tensor([1, 1]))
    weights_1x2x2 = torch.tensor([[[1.0, 0.0]] * 2], dtype=torch.float64)
    spec = Spec(Tokens(2, BASE, padded=True), Scalar())
    (summary,) = summarise(Attention(weights_1x2x2, "BT"), batch, spec=spec)
    for values_T in (summary.mean_T, summary.minimum_T, summary.maximum_T):
        assert values_T[0] == 1
        assert math.isnan(values_T[1])
    assert summary.samples_T.tolist() == [2, 0]
    assert not summary.histogram_TxN[1].any()
    assert summary.entropy == 0


def test_an_answer_position_that_a_sample_does_not_have_counts_nowhere() -> None:
    weights_1x2x2x2 = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5], [0.9, 0.1]]]], dtype=torch.float64)
    targets_BxK = torch.tensor([[1, 1], [1, NO_TOKEN]], dtype=torch.int32)
    batch = Batch(torch.zeros(2, 2, dtype=torch.uint8), targets_BxK)
    spec = Spec(Tokens(2, BASE), Tokens(2, BASE))
    (summary,) = summarise(Attention(weights_1x2x2x2, "BKT"), batch, spec=spec)
    np.testing.assert_allclose(summary.mean_T, [0.5, 0.5])
    np.testing.assert_allclose(summary.heatmap_TxR, [[0.75, 0.0], [0.25, 1.0]])
    assert summary.entropy == pytest.approx(math.log(2) / 3, rel=1e-12)


def test_the_end_of_an_answer_counts_nowhere_and_has_no_row() -> None:
    weights_1x2x3x2 = torch.tensor([[[[1.0, 0], [0, 1], [1, 0]], [[0.5, 0.5], [0.9, 0.1], [1, 0]]]]).double()
    end = BASE
    targets_BxK = torch.tensor([[1, 1, end], [1, end, NO_TOKEN]], dtype=torch.int32)
    batch = Batch(torch.zeros(2, 2, dtype=torch.uint8), targets_BxK)
    spec = Spec(Tokens(2, BASE), Tokens(3, BASE + 1, padded=True, end=True))
    (summary,) = summarise(Attention(weights_1x2x3x2, "BKT"), batch, spec=spec)
    np.testing.assert_allclose(summary.mean_T, [0.5, 0.5])
    np.testing.assert_allclose(summary.heatmap_TxR, [[0.75, 0.0], [0.25, 1.0]])
    assert summary.entropy == pytest.approx(math.log(2) / 3, rel=1e-12)


def test_a_sample_without_any_answer_spoils_nothing() -> None:
    targets_BxK = torch.tensor([[1, 1], [NO_TOKEN, NO_TOKEN]], dtype=torch.int32)
    batch = Batch(torch.zeros(2, 2, dtype=torch.uint8), targets_BxK)
    spec = Spec(Tokens(2, BASE), Tokens(2, BASE))
    weights_1x2x2x2 = torch.full((1, 2, 2, 2), 0.5, dtype=torch.float64)
    (summary,) = summarise(Attention(weights_1x2x2x2, "BKT"), batch, spec=spec)
    assert summary.entropy == pytest.approx(math.log(2), rel=1e-12)
    assert np.isfinite(summary.mean_T).all()


# -- against a plain loop --


def random_case(axes: str, kind: Inputs, replicas: int = 2, size: int = 11) -> tuple[Attention, Batch]:
    """Attention that is 0 at positions that a sample does not have, and nowhere else."""
    numbers = torch.Generator().manual_seed(0)
    weights = torch.rand(replicas, size, *SHAPES[axes], generator=numbers)
    lengths = torch.randint(1, POSITIONS + 1, (size,), generator=numbers, dtype=torch.int32) if kind.padded else None
    if isinstance(kind, Reals):
        inputs = torch.rand(size, POSITIONS, BASE, generator=numbers)
    else:
        inputs = torch.randint(0, BASE, (size, POSITIONS), generator=numbers, dtype=torch.uint8)
    answered_B = torch.randint(1, ANSWERS + 1, (size, 1), generator=numbers)
    targets_BxK = torch.where(torch.arange(ANSWERS) < answered_B, 1, NO_TOKEN)
    batch = Batch(inputs, targets_BxK.int(), lengths)
    present_BxT = batch.present()
    if present_BxT is not None:
        shape = {"BT": present_BxT, "BTD": present_BxT[..., None], "BKT": present_BxT[:, None]}
        weights = weights * shape.get(axes, present_BxT[:, None, None])
    return Attention(weights, axes), batch


def plain(weights: npt.NDArray[np.float64], axes: str, batch: Batch) -> AttentionSummary:
    """The summary of one replica, sample by sample."""
    by_position: list[list[float]] = [[] for _ in range(POSITIONS)]
    entropies: list[float] = []
    cells: dict[tuple[int, int], list[float]] = {}
    for sample, weight in enumerate(weights):
        length = POSITIONS if batch.lengths is None else int(batch.lengths[sample])
        if axes == "BTD":
            own = weight if batch.inputs.is_floating_point() else None
            tokens = [0] * POSITIONS if own is not None else batch.inputs[sample].tolist()
            rows = [[(weight[t].mean() if own is not None else weight[t, tokens[t]]) for t in range(POSITIONS)]]
            for t in range(length if own is None else 0):
                for token in range(BASE):
                    cells.setdefault((t, token), []).append(weight[t, token])
        elif axes == "BT":
            rows = [weight]
        else:
            answers = int((batch.targets[sample] >= 0).sum())  # type: ignore[index]
            rows = list(weight[:answers] if axes == "BKT" else weight.mean(axis=0)[:length])
            heads = [weight[:answers]] if axes == "BKT" else list(weight[:, :length])
            for (head, its_rows), t in itertools.product(enumerate(heads), range(POSITIONS)):
                for row, values in enumerate(its_rows):
                    cells.setdefault((t, head * POSITIONS + row), []).append(values[t])
        for values in rows:
            shares = np.array(values) / sum(values)
            entropies.append(-sum(share * math.log(share) for share in shares if share > 0))
        for t in range(length):
            by_position[t].append(sum(values[t] for values in rows) / len(rows))
    edges = np.linspace(0, 1, BINS + 1)
    heatmap = np.zeros((POSITIONS, 1 + max((row for _, row in cells), default=0)))
    for place, values in cells.items():
        heatmap[place] = np.mean(values)
    return AttentionSummary(
        mean_T=np.array([np.mean(values) for values in by_position]),
        entropy=float(np.mean(entropies)),
        histogram_TxN=np.array([np.histogram(values, edges)[0] for values in by_position]),
        edges_N1=edges,
        minimum_T=np.array([min(values) for values in by_position]),
        maximum_T=np.array([max(values) for values in by_position]),
        sum_T=np.array([sum(values) for values in by_position]),
        sum_squares_T=np.array([sum(value**2 for value in values) for values in by_position]),
        samples_T=np.array([len(values) for values in by_position]),
        heatmap_TxR=heatmap if cells else None,
        rows={"BTD": "token", "BKT": "answer position", "BMTT": "query position"}[axes] if cells else "",
        heads=len(weights[0]) if axes == "BMTT" else 1,
        is_share=axes != "BTD",
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("axes", SHAPES)
def test_of_any_axes_and_any_inputs(axes: str, kind: str) -> None:
    attention, batch = random_case(axes, KINDS[kind])
    spec = Spec(KINDS[kind], Tokens(ANSWERS, BASE))
    summaries = summarise(attention, batch, spec=spec)
    assert len(summaries) == 2
    for mine, weights in zip(summaries, attention.weights.double().numpy(), strict=True):
        assert_same(mine, plain(weights, axes, batch))
        assert mine.histogram_TxN.dtype == np.int64
        assert mine.histogram_TxN.sum(axis=1).tolist() == mine.samples_T.tolist()
        assert mine.histogram_TxN.shape == (POSITIONS, BINS)
        assert mine.edges_N1.tolist() == np.linspace(0, 1, BINS + 1).tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("axes", SHAPES)
def test_two_together_equal_two_alone_part_by_part(axes: str, kind: str) -> None:
    attention, batch = random_case(axes, KINDS[kind])
    spec = Spec(KINDS[kind], Tokens(ANSWERS, BASE))
    together = summarise(attention, *batch.pieces(4), spec=spec)
    for index, summary in enumerate(together):
        alone = Attention(attention.weights[index : index + 1], axes)
        assert_same(summary, summarise(alone, batch, spec=spec)[0])
    assert not np.array_equal(together[0].mean_T, together[1].mean_T)


@pytest.mark.parametrize("axes", SHAPES)
def test_a_diverged_replica_does_not_spoil_its_neighbour(axes: str) -> None:
    attention, batch = random_case(axes, KINDS["padded tokens"])
    spec = Spec(KINDS["padded tokens"], Tokens(ANSWERS, BASE))
    (alone,) = summarise(Attention(attention.weights[1:], axes), batch, spec=spec)
    attention.weights[0] = torch.nan
    spoilt, healthy = summarise(attention, batch, spec=spec)
    assert np.isnan(spoilt.mean_T).all()
    assert math.isnan(spoilt.entropy)
    assert_same(healthy, alone)


# -- of models --


def lstm(kind: str) -> tuple[Tensor, Attention, Batch]:
    """Attention of two LSTMs with large weights to some samples."""
    its = of_number(LSTMAttention(NUMBER, 2, kind, "sigmoid"))
    batch = Batch(*samples(its, (9,)))
    parameters_PxW = 3 * fresh(its, 2)
    with torch.no_grad():
        return parameters_PxW, its.flat.predict(parameters_PxW, batch).attention["input"], batch


@pytest.mark.parametrize(("kind", "axis"), [("element", 0), ("feature", 1)])
def test_where_features_differ_a_map_sums_to_one_over_what_competes(kind: str, axis: int) -> None:
    _, attention, batch = lstm(kind)
    for summary in summarise(attention, batch):
        assert summary.heatmap_TxR is not None
        np.testing.assert_allclose(summary.heatmap_TxR.sum(axis=axis), 1, rtol=1e-6)


def test_a_softmax_over_features_that_underflows_leaves_a_number() -> None:
    its = of_number(LSTMAttention(NUMBER, 2, "feature", "sigmoid"))
    batch = Batch(*samples(its, (50,)))
    attention = its.flat.predict(1e6 * fresh(its, 1), batch).attention["input"]
    assert 0 < (position_weights(attention, batch).sum(dim=-1) == 0).sum() < batch.size
    (summary,) = summarise(attention, batch)
    assert math.isfinite(summary.entropy)


def test_padded_sequences_have_an_empty_place_for_what_they_lack() -> None:
    assert isinstance(SEQUENCE.inputs, Tokens)
    its = of_number(LSTMAttention(SEQUENCE, 2, "element", "sigmoid"))
    inputs = torch.tensor([[1, 2, 0, 0], [3, 0, 0, 0]], dtype=torch.uint8)
    batch = Batch(inputs, lengths=torch.tensor([2, 1], dtype=torch.int32))
    (summary,) = summarise(its.flat.predict(fresh(its, 1), batch).attention["input"], batch, spec=SEQUENCE)
    assert summary.samples_T.tolist() == [2, 1, 0, 0]
    assert summary.sum_T[2:].tolist() == [0, 0]
