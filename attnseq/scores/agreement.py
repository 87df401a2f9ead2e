"""How well attention agrees with the exact relevance of positions (their place values), as two numbers.

Shapes: T positions.
"""

import numpy as np
import numpy.typing as npt

TIE = 1e-9
"""Weights that differ by less than this share of the largest are equal: rounding orders no positions."""


def operand_mass(attention_T: npt.ArrayLike, relevance_T: npt.ArrayLike) -> float | None:
    """Compute the share of attention that lies on positions which the answer depends on.

    Uniform attention gives the share of such positions: 0.6 for the article's task.

    Args:
        attention_T: mean weight of each position, not negative, any scale; (T,).
        relevance_T: exact relevance of each position; the answer depends on those above 0; (T,).

    Returns:
        In [0, 1]; None where all attention is 0.

    Raises:
        ValueError: the lengths differ.
    """
    attention, relevance = _same_length(attention_T, relevance_T)
    total = attention.sum()
    return float(attention[relevance > 0].sum() / total) if total > 0 else None


def rank_agreement(attention_T: npt.ArrayLike, relevance_T: npt.ArrayLike) -> float | None:
    """Measure whether more relevant positions get more attention: Kendall's tau over the pairs that relevance orders.

    Among the pairs of positions whose relevance differs, it is the share that attention orders alike, minus the share
    that it orders the other way round; pairs with equal attention count as neither. This is Somers' D of attention
    given relevance. Many positions share one relevance; for that reason alone tau-b could not reach 1.

    Args:
        attention_T: mean weight of each position; (T,).
        relevance_T: exact relevance of each position, any scale; (T,).

    Returns:
        In [-1, 1]; 0 for uniform attention; None where relevance orders no positions.

    Raises:
        ValueError: the lengths differ.
    """
    attention, relevance = _same_length(attention_T, relevance_T)
    # do not use scipy.stats.somersd: it returns nan for uniform attention, and takes rounding for an order
    gaps_TxT = attention[:, None] - attention
    gaps_TxT[np.abs(gaps_TxT) <= TIE * np.abs(attention).max(initial=0.0)] = 0.0
    order_TxT = np.sign(relevance[:, None] - relevance)
    pairs = np.count_nonzero(order_TxT)
    return float((np.sign(gaps_TxT) * order_TxT).sum() / pairs) if pairs else None


def _same_length(
    attention_T: npt.ArrayLike, relevance_T: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    attention, relevance = np.asarray(attention_T, dtype=np.float64), np.asarray(relevance_T, dtype=np.float64)
    if attention.ndim != 1 or attention.shape != relevance.shape:
        raise ValueError(f"attention has shape {attention.shape}, relevance {relevance.shape}")
    return attention, relevance
