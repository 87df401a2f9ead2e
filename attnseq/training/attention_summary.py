"""What is kept of the attention of one model. It needs NumPy alone: readers of reports do not load PyTorch.

Shapes: T positions, K answer positions, R rows of the heatmap, N histogram bins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
        heads: M, where R counts the query positions of the first head, then those of the second; else 1.
        is_share: whether the weights of a sample are shares, which sum to 1; they do not where each feature of a
            position has a weight of its own.
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
    heads: int = 1
    is_share: bool = True


@dataclass(frozen=True, eq=False)
class Alignment:
    """The attention of one model to one sample, by answer position.

    Args:
        line: sample and answer in words, with the exact answer where it is another one.
        inputs: what stands at the positions of the sample; T of them.
        answers: the tokens of the model's answer; K of them.
        weights_KxT: of each answer position; (K, T).
        relevance_KxT: exact, any scale; None where it is not known; (K, T).
    """

    line: str
    inputs: tuple[str, ...]
    answers: tuple[str, ...]
    weights_KxT: FloatArray
    relevance_KxT: FloatArray | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as what JSON can hold, weights to four decimals."""
        arrays = {"weights": self.weights_KxT, "relevance": self.relevance_KxT}
        rounded = {name: None if values is None else values.round(4).tolist() for name, values in arrays.items()}
        return {"line": self.line, "inputs": list(self.inputs), "answers": list(self.answers), **rounded}

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> Alignment:
        """Read what `plain` returned; null stands for a weight that was not a number."""
        inputs, answers = tuple(plain["inputs"]), tuple(plain["answers"])

        def array(values: Any) -> FloatArray:
            return np.array(values, dtype=np.float64).reshape(len(answers), len(inputs))

        relevance = plain["relevance"]
        weights_KxT, relevance_KxT = array(plain["weights"]), None if relevance is None else array(relevance)
        return cls(plain["line"], inputs, answers, weights_KxT, relevance_KxT)
