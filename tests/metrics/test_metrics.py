"""Each metric by a case that is computed by hand, and what each says of itself.

Shapes: B batch, K answer positions, D vocabulary.
"""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from attnseq.contracts.batch import NO_TOKEN, Batch, Output
from attnseq.contracts.measures import Metric
from attnseq.contracts.spec import Classes, Scalar, Target, Tokens
from attnseq.metrics import METRICS

HUNDREDTHS = Scalar(100, "mm", whole=True)
CLASSES, TOKENS = Classes(("a", "b", "c")), Tokens(3, 5)

TARGETS_B = torch.tensor([0.10, 0.50, 0.99], dtype=torch.float64)
PREDICTION_B = torch.tensor([0.104, 0.506, 0.95], dtype=torch.float64)  # off by 0.4, -0.6 and 4 mm

ANSWERS_BXK = torch.tensor([[1, 2, 3], [4, 0, 1], [2, NO_TOKEN, NO_TOKEN], [3, 3, NO_TOKEN]], dtype=torch.int32)
SAID_BXK = torch.tensor([[1, 2, 3], [4, 1, 0], [2, 0, 4], [0, 1, 3]])


def values(name: str, target: Target, prediction: Tensor, targets: Tensor) -> list[float]:
    metric = METRICS[name](target)
    values_B = metric(Output(prediction), Batch(torch.zeros(len(targets), 1), targets))
    assert values_B.dtype == torch.float64
    listed: list[float] = values_B.tolist()
    return listed


def logits(said: Tensor, number: int) -> Tensor:
    """Of which the largest is what is said."""
    return 3 * one_hot(said, number).double() - 1


@pytest.mark.parametrize(
    ("name", "expected"), [("mse", [0.004**2, 0.006**2, 0.04**2]), ("mae", [0.4, 0.6, 4.0]), ("exact", [1, 0, 0])]
)
def test_of_a_number(name: str, expected: list[float]) -> None:
    assert values(name, HUNDREDTHS, PREDICTION_B, TARGETS_B) == pytest.approx(expected, rel=1e-9)


def test_of_a_number_that_counts_from_another_one_than_0() -> None:
    target = Scalar(2.0, "kg", whole=True, offset=70.4, bounded=False)
    prediction_B, targets_B = torch.tensor([-1.1, 0.3]).double(), torch.tensor([-1.2, -0.2]).double()
    assert values("mae", target, prediction_B, targets_B) == pytest.approx([0.2, 1.0])
    assert values("exact", target, prediction_B, targets_B) == [1, 0]  # 68.2 and 68.0, 71.0 and 70.0


def test_of_a_class() -> None:
    said_B, targets_B = torch.tensor([0, 2, 1, 1]), torch.tensor([0, 1, 1, 2], dtype=torch.int32)
    assert values("accuracy", CLASSES, logits(said_B, 3), targets_B) == [1, 0, 1, 0]


@pytest.mark.parametrize(("name", "expected"), [("token_accuracy", [1, 1 / 3, 1, 0]), ("exact", [1, 0, 1, 0])])
def test_of_tokens_those_behind_the_end_of_an_answer_do_not_count(name: str, expected: list[float]) -> None:
    assert values(name, TOKENS, logits(SAID_BXK, 5), ANSWERS_BXK) == pytest.approx(expected)


def test_r2_is_one_less_the_share_of_the_variance_that_is_left() -> None:
    numbers = np.random.default_rng(0)
    targets_N = numbers.normal(size=50)
    prediction_N = targets_N + numbers.normal(size=50) / 3
    expected = 1 - ((prediction_N - targets_N) ** 2).sum() / ((targets_N - targets_N.mean()) ** 2).sum()
    assert 0.5 < expected < 0.99
    split = Batch(torch.zeros(50, 1), torch.from_numpy(targets_N))
    metric = METRICS["r2"](Scalar())
    mean = float(metric(Output(torch.from_numpy(prediction_N)), split).mean())
    assert metric.summary(mean, split) == pytest.approx(expected, rel=1e-12)
    assert metric.summary(0.0, split) == 1
    assert metric.summary(targets_N.var(), split) == pytest.approx(0, abs=1e-12)
    # where all targets are the same there is nothing to explain
    assert math.isnan(metric.summary(0.1, Batch(torch.zeros(3, 1), torch.ones(3, dtype=torch.float64))))


@pytest.mark.parametrize(
    ("target", "usual"),
    [
        (HUNDREDTHS, ["exact", "mae"]),
        (Scalar(), ["mae", "r2"]),
        (CLASSES, ["accuracy"]),
        (TOKENS, ["exact", "token_accuracy"]),
    ],
)
def test_what_is_usual(target: Target, usual: list[str]) -> None:
    assert [name for name in METRICS.names() if METRICS[name].is_usual(target)] == usual


@pytest.mark.parametrize("name", METRICS.names())
def test_what_a_metric_says_of_itself(name: str) -> None:
    metric = METRICS[name]
    assert metric.direction in ("lower", "higher")
    low, high = metric.limits
    assert low < high
    best = high if metric.direction == "higher" else low
    assert math.isfinite(best)
    for target in (HUNDREDTHS, Scalar(), CLASSES, TOKENS):
        if metric.is_usual(target):
            assert isinstance(target, metric.targets)


@pytest.mark.parametrize(
    ("name", "target", "unit"),
    [
        ("mae", HUNDREDTHS, "in mm"),
        ("mae", Scalar(), ""),
        ("mse", HUNDREDTHS, ""),
        ("r2", HUNDREDTHS, ""),
        ("exact", HUNDREDTHS, "of the rounded answers are right"),
        ("exact", TOKENS, "of the answers are right"),
        ("accuracy", CLASSES, "of the classes are right"),
        ("token_accuracy", TOKENS, "of the tokens are right"),
    ],
)
def test_units_in_words(name: str, target: Target, unit: str) -> None:
    assert METRICS[name](target).unit == unit


@pytest.mark.parametrize("name", [name for name in METRICS.names() if METRICS[name].summary is Metric.summary])
def test_of_a_split_a_metric_is_the_mean_unless_it_says_otherwise(name: str) -> None:
    metric = METRICS[name](HUNDREDTHS)
    assert metric.summary(0.25, Batch(torch.zeros(1, 1))) == 0.25
