"""The attention of a population over a set of samples, as counts and sums.

Shapes: P replicas, B samples of a chunk, T positions, D digit values, R rows, N histogram bins.
"""

import sys

import numpy as np
import torch
from torch import Tensor

from attnseq.datasets.dataset import Split
from attnseq.models.model import ModelOutput
from attnseq.training.attention_summary import AttentionSummary
from attnseq.training.evaluation import Metrics, MetricSums, add_up
from attnseq.training.population import FlatModel

BINS = 64


def position_weights(attention: Tensor, digits_BxT: Tensor) -> Tensor:
    """The weight that each position's own digit was multiplied by.

    Args:
        attention: attention_PxBxT, or attention_PxBxTxD where features differ.
        digits_BxT: the samples.

    Returns:
        weights_PxBxT.
    """
    if attention.dim() == digits_BxT.dim() + 1:
        return attention
    index_PxBxTx1 = digits_BxT.long().expand(len(attention), *digits_BxT.shape).unsqueeze(-1)
    return attention.gather(-1, index_PxBxTx1).squeeze(-1)


class AttentionSums:
    """The attention of every replica, counted on its device for all at once.

    Args:
        replicas: P.
        positions: T.
        device: of the outputs.
        most: samples that are looked at, the first ones; None: all.
    """

    def __init__(self, replicas: int, positions: int, device: torch.device, most: int | None = None):
        zeros_PxT = torch.zeros(replicas, positions, dtype=torch.float64, device=device)
        self._sums_PxT, self._squares_PxT = zeros_PxT.clone(), zeros_PxT.clone()
        self._lows_PxT, self._highs_PxT = zeros_PxT + 2, zeros_PxT - 1
        self._entropy_P, self._attending_P = zeros_PxT[:, 0].clone(), zeros_PxT[:, 0].clone()
        self._counts = torch.zeros(replicas * positions * BINS, dtype=torch.int64, device=device)
        self._row_PxT = torch.arange(replicas * positions, device=device).view(replicas, 1, positions) * BINS
        self._heatmap: Tensor | None = None
        self._samples, self._most = 0, sys.maxsize if most is None else most

    def add(self, output: ModelOutput, samples: Split) -> None:
        left = self._most - self._samples
        if left <= 0:
            return
        attention, digits_BxT = output.attention[:, :left], samples.digits_NxT[:left]
        weights_PxBxT = position_weights(attention, digits_BxT).double()
        if attention.dim() == 4:
            part = attention.double().sum(dim=1)
            self._heatmap = part if self._heatmap is None else self._heatmap + part
        self._sums_PxT += weights_PxBxT.sum(dim=1)
        self._squares_PxT += weights_PxBxT.square().sum(dim=1)
        self._lows_PxT = torch.minimum(self._lows_PxT, weights_PxBxT.amin(dim=1))
        self._highs_PxT = torch.maximum(self._highs_PxT, weights_PxBxT.amax(dim=1))
        totals_PxBx1 = weights_PxBxT.sum(dim=-1, keepdim=True)
        # all of a sample's weights underflow: it has no shares, and 0 / 0 is no number
        nowhere_PxBx1 = totals_PxBx1 == 0
        shares_PxBxT = weights_PxBxT / totals_PxBx1.masked_fill(nowhere_PxBx1, 1.0)
        self._entropy_P += torch.special.entr(shares_PxBxT).sum(dim=(1, 2))
        self._attending_P += (~nowhere_PxBx1).sum(dim=(1, 2))
        bins_PxBxT = (weights_PxBxT * BINS).long().clamp(0, BINS - 1)
        self._counts += torch.bincount((self._row_PxT + bins_PxBxT).flatten(), minlength=len(self._counts))
        self._samples += len(digits_BxT)

    def summaries(self) -> list[AttentionSummary]:
        """P summaries, over all samples that were looked at."""
        samples = self._samples
        entropy_P = self._entropy_P / self._attending_P
        counts_PxTxN = self._counts.view(*self._sums_PxT.shape, BINS)
        values = (self._sums_PxT, self._squares_PxT, self._lows_PxT, self._highs_PxT, entropy_P, counts_PxTxN)
        columns = [value.cpu().numpy() for value in values]
        maps = [None] * len(entropy_P) if self._heatmap is None else list((self._heatmap / samples).cpu().numpy())
        samples_T = np.full(self._sums_PxT.shape[1], samples)
        return [
            AttentionSummary(
                mean_T=sums_T / samples,
                entropy=float(entropy),
                histogram_TxN=counts_TxN,
                edges_N1=np.linspace(0.0, 1.0, BINS + 1),
                minimum_T=lows_T,
                maximum_T=highs_T,
                sum_T=sums_T,
                sum_squares_T=squares_T,
                samples_T=samples_T,
                heatmap_TxR=heatmap_TxR,
                rows="" if heatmap_TxR is None else "digit value",
            )
            for sums_T, squares_T, lows_T, highs_T, entropy, counts_TxN, heatmap_TxR in zip(*columns, maps, strict=True)
        ]


def summarise_attention(flat: FlatModel, parameters_PxN: Tensor, split: Split) -> list[AttentionSummary]:
    """Summaries of every replica's attention over the same samples; arguments as of `add_up`."""
    sums = AttentionSums(len(parameters_PxN), split.digits_NxT.shape[1], parameters_PxN.device)
    add_up(flat, parameters_PxN, split, sums)
    return sums.summaries()


def evaluate_with_attention(
    flat: FlatModel, parameters_PxN: Tensor, split: Split, scale: int, most: int | None = None
) -> list[tuple[Metrics, AttentionSummary]]:
    """Metrics of every replica and summaries of its attention, over the same samples, which are predicted once.

    Args:
        flat: the model.
        parameters_PxN: of the replicas.
        split: samples, on the parameters' device.
        scale: see `MetricSums`.
        most: samples over which attention is looked at, see `AttentionSums`.
    """
    replicas, device = len(parameters_PxN), parameters_PxN.device
    metrics = MetricSums(replicas, scale, device)
    attention = AttentionSums(replicas, split.digits_NxT.shape[1], device, most)
    add_up(flat, parameters_PxN, split, metrics, attention)
    return list(zip(metrics.metrics(), attention.summaries(), strict=True))
