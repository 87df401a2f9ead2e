"""AUP and AUR of integrated gradients on a white box of ARMA series, beside what others published for it.

Shapes: B series, T times, F features, N all of them.

Source: Crabbé & van der Schaar 2021 (arXiv:2106.05303), as josephenguehard/time_interpret has it in `experiments/arma`,
whose results.csv gives integrated gradients, over five folds, AUP 1.000 and AUR 0.1363 (rare features), and 1.000 and
0.1243 to 0.1415 (rare times): 0.135 +- 0.004 in all.
"""

import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from torch import Tensor

from attnseq.scores.detection import aup, aur
from attnseq.scores.gradients import integrated_gradients

SERIES, TIMES, FEATURES, SALIENT = 10, 50, 50, 5


def white_box(seed: int, rare: str) -> tuple[Tensor, Tensor]:
    """ARMA series, and what the answer depends on: few features or few times, and the middle half of the other axis."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((SERIES, TIMES, FEATURES))
    series = lfilter([2], [2, 0.5, 0.2, 0.1], noise, axis=1)
    salient = np.zeros((TIMES, FEATURES), dtype=bool)
    if rare == "features":
        salient[TIMES // 4 : 3 * TIMES // 4, rng.permutation(FEATURES)[:SALIENT]] = True
    else:
        first = rng.integers(TIMES - SALIENT)
        salient[first : first + SALIENT, FEATURES // 4 : 3 * FEATURES // 4] = True
    return torch.from_numpy(series), torch.from_numpy(salient)


def areas(seed: int, rare: str) -> list[float]:
    series_BxTxF, salient_TxF = white_box(seed, rare)

    def says(values_BxN: Tensor) -> Tensor:
        return (values_BxN.unflatten(1, (TIMES, FEATURES)).square() * salient_TxF).sum(dim=(1, 2))

    found_BxN = integrated_gradients(says, series_BxTxF.flatten(1))
    low_Bx1, high_Bx1 = found_BxN.amin(dim=1, keepdim=True), found_BxN.amax(dim=1, keepdim=True)
    pooled_1xN = ((found_BxN - low_Bx1) / (high_Bx1 - low_Bx1)).reshape(1, -1)
    relevant_1xN = salient_TxF.expand(SERIES, -1, -1).reshape(1, -1)
    return [score(pooled_1xN, relevant_1xN).item() for score in (aup, aur)]


@pytest.mark.parametrize("rare", ["features", "times"])
def test_integrated_gradients_have_the_published_areas(rare: str) -> None:
    precisions, recalls = np.array([areas(seed, rare) for seed in range(10)]).T
    assert precisions.tolist() == pytest.approx([1.0] * 10, abs=5e-4)
    assert recalls.mean() == pytest.approx(0.135, abs=0.009)
    assert recalls.tolist() == pytest.approx([0.135] * 10, abs=3 * 0.009)
