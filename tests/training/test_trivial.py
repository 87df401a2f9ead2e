"""The trivial predictor by hand: for a number, for classes, for tokens."""

import math

import pytest
import torch

from attnseq.contracts.batch import NO_TOKEN, Batch, Output
from attnseq.contracts.spec import Classes, Scalar, Tokens
from attnseq.contracts.task import Splits
from attnseq.metrics import METRICS
from attnseq.objectives import OBJECTIVES
from attnseq.training import trivial as module
from attnseq.training.trivial import CLASSES, MEAN, MEDIAN, TOKENS, log_frequencies, trivial


def split(*targets: object, dtype: torch.dtype = torch.float64) -> Batch:
    values = torch.tensor(targets, dtype=dtype)
    return Batch(torch.zeros(len(values), 3), values)


def test_of_a_number_it_predicts_the_mean_of_the_training_targets() -> None:
    target = Scalar(10, whole=True)
    splits = Splits(split(0.1, 0.2, 0.6, dtype=torch.float32), split(0.3, 0.5), split(0.3, 0.4, 0.9))
    metrics = {name: METRICS[name](target) for name in ("mae", "exact", "r2")}
    predicts, figures = trivial(target, splits, OBJECTIVES["mse"](target), metrics)
    assert predicts == MEAN
    squares = (0.01 + 0.36) / 3  # of 0.3, which it predicts
    variance = (0.3**2 + 0.4**2 + 0.9**2) / 3 - (1.6 / 3) ** 2
    assert figures == pytest.approx(
        {
            "loss/validation": 0.04 / 2,
            "loss/test": squares,
            "mae/test": 10 * (0.1 + 0.6) / 3,
            "exact/test": 1 / 3,
            "r2/test": 1 - squares / variance,
        },
        rel=1e-6,
    )


def test_where_absolute_errors_are_minimised_it_predicts_the_median() -> None:
    target = Scalar(10)
    splits = Splits(split(0, 0, 0, 1), split(0, 0, 0, 1), split(1, 1))  # of test samples the mean would be better
    metrics = {"mae": METRICS["mae"](target)}
    found = {name: trivial(target, splits, OBJECTIVES[name](target), metrics) for name in ("mae", "mse")}
    assert found["mae"].predicts == MEDIAN
    assert found["mae"].figures == {"loss/validation": 0.25, "loss/test": 1, "mae/test": 10}
    assert found["mse"].predicts == MEAN
    assert found["mse"].figures == {"loss/validation": 0.1875, "loss/test": 0.5625, "mae/test": 7.5}


def test_of_classes_it_predicts_the_training_frequencies() -> None:
    target = Classes(("a", "b", "c"))
    train, validation, test = (1, 1, 0, 1, 0, 1, 1), (2,), (1, 0, 1, 2)
    splits = Splits(*(split(*targets, dtype=torch.int32) for targets in (train, validation, test)))
    predicts, figures = trivial(
        target, splits, OBJECTIVES["cross_entropy"](target), {"accuracy": METRICS["accuracy"](target)}
    )
    assert predicts == CLASSES
    # once more than it occurs: 3, 6 and 1 of 10
    losses = (2 * math.log(10 / 6) + math.log(10 / 3) + math.log(10)) / 4
    assert figures == pytest.approx(
        {"loss/validation": math.log(10), "loss/test": losses, "accuracy/test": 1 / 2}, rel=1e-12
    )


def test_always_the_most_frequent_class_is_no_better() -> None:
    target = Classes(("rare", "frequent"))
    each = split(*[0] * 5, *[1] * 95, dtype=torch.int32)
    metrics = {"accuracy": METRICS["accuracy"](target)}
    figures = trivial(target, Splits(each, each, each), OBJECTIVES["cross_entropy"](target), metrics).figures
    assert figures["accuracy/test"] == pytest.approx(0.95, rel=1e-12)


@pytest.mark.parametrize("numbers", [module.NUMBERS, 12, 1])
def test_of_tokens_it_predicts_the_frequencies_at_each_position(monkeypatch: pytest.MonkeyPatch, numbers: int) -> None:
    monkeypatch.setattr(module, "NUMBERS", numbers)  # whatever the pieces
    target = Tokens(2, 3, padded=True, end=True)
    train = split([0, 2], [2, NO_TOKEN], [0, 2], [1, 0], dtype=torch.int32)
    validation, test = split([2, NO_TOKEN]), split([0, 2], [2, NO_TOKEN], [1, 2])
    metrics = {name: METRICS[name](target) for name in ("token_accuracy", "exact")}
    predicts, figures = trivial(target, Splits(train, validation, test), OBJECTIVES["cross_entropy"](target), metrics)
    assert predicts == TOKENS
    # 3, 2 and 2 of 7, then 2, 1 and 3 of 6
    losses = [(math.log(7 / 3) + math.log(6 / 3)) / 2, math.log(7 / 2), (math.log(7 / 2) + math.log(6 / 3)) / 2]
    assert figures == pytest.approx(
        {
            "loss/validation": math.log(7 / 2),
            "loss/test": sum(losses) / 3,
            "token_accuracy/test": (1 + 0 + 1 / 2) / 3,
            "exact/test": 1 / 3,
        },
        rel=1e-12,
    )


def test_at_a_position_that_no_training_answer_has_all_tokens_are_alike() -> None:
    answers = torch.tensor([[3, NO_TOKEN], [3, NO_TOKEN]], dtype=torch.int32)
    shares = log_frequencies(answers, 4).exp()
    torch.testing.assert_close(shares, torch.tensor([[1, 1, 1, 3], [1.5] * 4], dtype=torch.float64) / 6)


def test_what_needs_more_than_a_prediction_is_left_out() -> None:
    def of_model(output: Output, batch: Batch) -> torch.Tensor:
        return output.extra["surprise"]

    target, each = Scalar(), split(0.5, 0.5)
    metrics = {"r2": METRICS["r2"](target)}  # which is not defined where all targets are the same
    figures = trivial(target, Splits(each, each, each), of_model, metrics).figures  # type: ignore[arg-type]
    assert figures == {}
