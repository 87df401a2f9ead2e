"""AUROC, AUPRC, AUP and AUR: by hand, and against plain loops over thresholds, as scikit-learn has them.

Shapes: B batch, T positions.
"""

import numpy as np
import pytest
import torch

from attnseq.scores.detection import aup, auprc, aur, auroc

SCORES = (auroc, auprc, aup, aur)


def of(score, weights: list[float], relevant: list[int]) -> float:  # type: ignore[no-untyped-def]
    (value,) = score(torch.tensor([weights], dtype=torch.float64), torch.tensor([relevant]) > 0).tolist()
    return float(value)


def curve(weights_T: np.ndarray, relevant_T: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thresholds, rising, and precision and recall at each, as scikit-learn's precision_recall_curve has them."""
    thresholds = np.unique(weights_T)
    above = [weights_T >= threshold for threshold in thresholds]
    precision = np.array([relevant_T[each].mean() for each in above])
    recall = np.array([relevant_T[each].sum() / relevant_T.sum() for each in above])
    return thresholds, precision, recall


def by_loops(weights_T: np.ndarray, relevant_T: np.ndarray) -> list[float]:
    gaps = weights_T[relevant_T][:, None] - weights_T[~relevant_T]
    scaled_T = (weights_T - weights_T.min()) / (weights_T.max() - weights_T.min())
    thresholds, precision, recall = curve(scaled_T, relevant_T)
    average = -np.diff(np.append(recall, 0.0)) @ precision
    areas = [np.trapezoid(heights, thresholds) for heights in (precision, recall)]
    return [((gaps > 0) + (gaps == 0) / 2).mean(), average, *areas]


def test_auroc_by_hand() -> None:
    assert of(auroc, [0.5, 0.3, 0.2], [1, 0, 1]) == pytest.approx(1 / 2)  # of two pairs one
    assert of(auroc, [0.4, 0.4, 0.2], [1, 0, 0]) == pytest.approx(3 / 4)  # one, and a tie
    assert of(auroc, [0.1, 0.3, 0.6], [1, 0, 0]) == 0


def test_auprc_by_hand() -> None:
    assert of(auprc, [0.5, 0.3, 0.2], [1, 0, 1]) == pytest.approx((1 + 2 / 3) / 2)
    assert of(auprc, [0.4, 0.4, 0.2], [1, 0, 1]) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_aup_and_aur_by_hand() -> None:
    # thresholds 0, 0.25, 1: precision 2/3, 1/2, 1 and recall 1, 1/2, 1/2
    weights, relevant = [0.6, 0.3, 0.2], [1, 0, 1]
    assert of(aup, weights, relevant) == pytest.approx(0.25 * (2 / 3 + 1 / 2) / 2 + 0.75 * (1 / 2 + 1) / 2)
    assert of(aur, weights, relevant) == pytest.approx(0.25 * (1 + 1 / 2) / 2 + 0.75 / 2)


@pytest.mark.parametrize("score", SCORES)
def test_any_scale_will_do(score) -> None:  # type: ignore[no-untyped-def]
    weights, relevant = [0.6, 0.3, 0.2, 0.1], [1, 0, 1, 0]
    assert of(score, [7 * weight - 3 for weight in weights], relevant) == pytest.approx(of(score, weights, relevant))


@pytest.mark.parametrize("tied", [False, True])
def test_against_loops_over_thresholds(tied: bool) -> None:
    rng = np.random.default_rng(0)
    weights_BxT = rng.integers(0, 5, (40, 12)).astype(float) if tied else rng.random((40, 12))
    relevant_BxT = rng.random((40, 12)) < 0.4
    relevant_BxT[:, 0], relevant_BxT[:, 1] = True, False
    expected = np.array([by_loops(*each) for each in zip(weights_BxT, relevant_BxT, strict=True)]).T
    for score, values_B in zip(SCORES, expected, strict=True):
        found = score(torch.from_numpy(weights_BxT), torch.from_numpy(relevant_BxT))
        np.testing.assert_allclose(found.numpy(), values_B, rtol=1e-9, err_msg=score.__name__)


def test_even_weights() -> None:
    found = [of(score, [0.25] * 4, [1, 0, 0, 0]) for score in SCORES]
    assert found == [0.5, 0.25, 0.0, 0.0]


def test_rounding_orders_no_positions() -> None:
    weights = torch.full((1, 4), 0.25) * (1 + torch.tensor([1.0, -1.0, 2.0, 0.0]) * torch.finfo(torch.float32).eps)
    assert len(set(weights[0].tolist())) > 1
    relevant = torch.tensor([[True, False, False, False]])
    assert [score(weights, relevant).item() for score in SCORES] == [0.5, 0.25, 0.0, 0.0]
    small = torch.tensor([[1.0, 1e-20, 1e-21]])  # far below the rounding of the largest, and yet an order
    assert auroc(small, torch.tensor([[False, True, False]])).item() == 0.5


@pytest.mark.parametrize(("relevant", "undefined"), [([0, 0, 0], SCORES), ([1, 1, 1], (auroc,))])
def test_where_nothing_can_be_told_apart_it_is_undefined(relevant: list[int], undefined: tuple[object, ...]) -> None:
    assert [np.isnan(of(score, [0.5, 0.3, 0.2], relevant)) for score in SCORES] == [
        each in undefined for each in SCORES
    ]
