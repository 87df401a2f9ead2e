"""What is kept of the attention of one model. It needs NumPy alone: readers of reports do not load PyTorch.

Shapes: T positions, R rows of the heatmap, N histogram bins.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AttentionSummary:
    """The attention of one model over a fixed probe set, as counts and sums rather than samples.

    Args:
        mean_T: mean weight of each position over the samples that have it; nan where none has; (T,).
        entropy: entropy of a sample's weights, scaled to sum 1, in nats; mean over the samples that have any weight.
        histogram_TxN: how many samples had a weight in each bin, for each position; (T, N), rows sum to `samples_T`.
        edges_N1: bin edges, rising, within [0, 1]; (N + 1,).
        minimum_T: smallest weight of each position; (T,).
        maximum_T: largest weight of each position; (T,).
        sum_T: sum of weights over samples; (T,).
        sum_squares_T: sum of squared weights over samples; (T,).
        samples_T: samples that have the position, since sequences may be padded; (T,).
        heatmap_TxR: mean weight of each row at each position, None where there are no rows; (T, R).
        rows: what R counts: "token", "answer position", "query position"; "" where there are no rows.
    """

    mean_T: FloatArray
    entropy: float
    histogram_TxN: npt.NDArray[np.int64]
    edges_N1: FloatArray
    minimum_T: FloatArray
    maximum_T: FloatArray
    sum_T: FloatArray
    sum_squares_T: FloatArray
    samples_T: npt.NDArray[np.int64]
    heatmap_TxR: FloatArray | None = None
    rows: str = ""
