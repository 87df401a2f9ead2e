"""The trivial predictor by hand: for a number, for classes, for tokens.

Shapes: N samples.
"""

import math

import pytest
import torch

from attnseq.contracts.batch import NO_TOKEN, Batch, Output
from attnseq.contracts.spec import Classes, Scalar, Tokens
from attnseq.contracts.task import Splits
from attnseq.metrics import METRICS
from attnseq.objectives import OBJECTIVES
from attnseq.training import trivial as module
from attnseq.training.trivial import MEAN, UNIFORM, trivial


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


def test_of_classes_each_is_equally_likely_and_right_as_often() -> None:
    target = Classes(("a", "b", "c"))
    splits = Splits(*(split(*targets, dtype=torch.int32) for targets in ((0, 0), (1,), (0, 0, 0, 2))))
    predicts, figures = trivial(
        target, splits, OBJECTIVES["cross_entropy"](target), {"accuracy": METRICS["accuracy"](target)}
    )
    assert predicts == UNIFORM
    expected = {"loss/validation": math.log(3), "loss/test": math.log(3), "accuracy/test": 1 / 3}
    assert figures == pytest.approx(expected, rel=1e-8)


def test_of_tokens_each_is_guessed_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Tokens(2, 4, padded=True)
    answers = torch.randint(0, 4, (4000, 2), generator=torch.Generator().manual_seed(0), dtype=torch.int32)
    answers[:2000, 1] = NO_TOKEN
    each = Batch(torch.zeros(4000, 3), answers)
    metrics = {name: METRICS[name](target) for name in ("token_accuracy", "exact")}
    found = []
    for numbers in (module.NUMBERS, 100):
        monkeypatch.setattr(module, "NUMBERS", numbers)
        found.append(trivial(target, Splits(each, each, each), OBJECTIVES["cross_entropy"](target), metrics).figures)
    assert found[0] == pytest.approx(found[1], rel=1e-9)  # whatever the pieces
    assert found[0]["loss/test"] == pytest.approx(math.log(4), rel=1e-8)
    assert found[0]["token_accuracy/test"] == pytest.approx(1 / 4, rel=1e-9)
    # of one token a quarter is right, of two a sixteenth, give or take chance
    assert found[0]["exact/test"] == pytest.approx((1 / 4 + 1 / 16) / 2, abs=0.01)


def test_what_needs_more_than_a_prediction_is_left_out() -> None:
    def of_model(output: Output, batch: Batch) -> torch.Tensor:
        return output.extra["surprise"]

    target, each = Scalar(), split(0.5, 0.5)
    metrics = {"r2": METRICS["r2"](target)}  # which is not defined where all targets are the same
    figures = trivial(target, Splits(each, each, each), of_model, metrics).figures  # type: ignore[arg-type]
    assert figures == {}


def test_of_very_many_tokens_one_guess_has_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Classes(tuple(map(str, range(50))))
    each = split(*[number % 50 for number in range(5000)], dtype=torch.int32)
    metrics = {"accuracy": METRICS["accuracy"](target)}
    (_, figures) = trivial(target, Splits(each, each, each), OBJECTIVES["cross_entropy"](target), metrics)
    assert figures["accuracy/test"] == pytest.approx(0.02, abs=0.008)
    assert figures["loss/test"] == pytest.approx(math.log(50), rel=1e-8)
