"""A verdict holds for the published number itself, up to the edge of its tolerance, and no further."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from attnseq.article import published, verdicts
from attnseq.article.verdicts import Verdict

MLP = [float(loss) for loss in published.MLP_LOSS_E]
LSTM = [float(loss) for loss in published.LSTM_LOSS_E]
ATTENTION = list(published.MLP_MEAN_ATTENTION_T)
TARGETS, PREDICTIONS = list(published.FIRST_TARGETS_M), list(published.MLP_FIRST_PREDICTIONS_M)

Judge = Callable[..., Iterable[Verdict]]
ALL: list[tuple[Judge, list[float]]] = [
    (verdicts.targets, TARGETS),
    (verdicts.mlp_losses, MLP),
    (verdicts.mlp_attention, ATTENTION),
    (verdicts.mlp_predictions, PREDICTIONS),
    (verdicts.lstm_losses, LSTM),
]
IDS = ["targets", "MLP losses", "MLP attention", "MLP predictions", "LSTM losses"]


@pytest.mark.parametrize(("judge", "numbers"), ALL, ids=IDS)
def test_the_published_numbers_hold(judge: Judge, numbers: list[float]) -> None:
    rows = list(judge(numbers))
    assert len(rows) == 10
    assert all(row.holds for row in rows)
    assert len({row.figure for row in rows}) == 10
    for row, number in zip(rows, numbers, strict=True):
        assert float(row.published) == pytest.approx(number, rel=1e-4)
        assert float(row.ours) == pytest.approx(number, rel=1e-3)


@pytest.mark.parametrize(("judge", "numbers"), ALL, ids=IDS)
@pytest.mark.parametrize("index", range(10))
def test_one_number_far_off_fails_alone(judge: Judge, numbers: list[float], index: int) -> None:
    moved = [*numbers]
    moved[index] *= 1.3
    assert [row.holds for row in judge(moved)] == [place != index for place in range(10)]


@pytest.mark.parametrize(("judge", "numbers"), ALL, ids=IDS)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_a_number_fails(judge: Judge, numbers: list[float], value: float) -> None:
    assert [row.holds for row in judge([value, *numbers[1:]])] == [False] + 9 * [True]


@pytest.mark.parametrize(("judge", "numbers"), ALL, ids=IDS)
def test_a_number_missing_is_an_error(judge: Judge, numbers: list[float]) -> None:
    with pytest.raises(ValueError, match="zip"):
        list(judge(numbers[:-1]))


@pytest.mark.parametrize(
    ("judge", "numbers", "index", "moved", "holds"),
    [
        (verdicts.targets, TARGETS, 0, 0.4834, True),
        (verdicts.targets, TARGETS, 0, 0.484, False),
        # as printed: 0.0269 stands for 0.02685 to 0.02695
        (verdicts.mlp_losses, MLP, 0, 0.02686, True),
        (verdicts.mlp_losses, MLP, 0, 0.02694, True),
        (verdicts.mlp_losses, MLP, 0, 0.02684, False),
        (verdicts.mlp_losses, MLP, 0, 0.02696, False),
        # within 1e-4 where the weight is large, within 3 % where it is small
        (verdicts.mlp_attention, ATTENTION, 1, ATTENTION[1] + 0.9e-4, True),
        (verdicts.mlp_attention, ATTENTION, 1, ATTENTION[1] - 1.1e-4, False),
        (verdicts.mlp_attention, ATTENTION, 5, ATTENTION[5] * 1.029, True),
        (verdicts.mlp_attention, ATTENTION, 5, ATTENTION[5] * 0.969, False),
        (verdicts.mlp_attention, ATTENTION, 5, 0.0, False),
        (verdicts.mlp_predictions, PREDICTIONS, 9, PREDICTIONS[9] + 4.9e-5, True),
        (verdicts.mlp_predictions, PREDICTIONS, 9, PREDICTIONS[9] - 5.1e-5, False),
        # within 3 % through epoch 5, 25 % after
        (verdicts.lstm_losses, LSTM, 4, LSTM[4] * 1.029, True),
        (verdicts.lstm_losses, LSTM, 4, LSTM[4] * 0.969, False),
        (verdicts.lstm_losses, LSTM, 5, LSTM[5] * 0.76, True),
        (verdicts.lstm_losses, LSTM, 5, LSTM[5] * 1.26, False),
    ],
)
def test_tolerances(judge: Judge, numbers: list[float], index: int, moved: float, holds: bool) -> None:
    row = list(judge([*numbers[:index], moved, *numbers[index + 1 :]]))[index]
    assert row.holds == holds


def test_arrays_are_judged_too() -> None:
    assert all(row.holds for row in verdicts.targets(np.array(TARGETS, dtype=np.float32)))
    assert all(row.holds for row in verdicts.mlp_attention(np.array(ATTENTION)))
    assert all(row.holds for row in verdicts.mlp_predictions(np.array(PREDICTIONS, dtype=np.float32)))
