"""The attention of a population over a set of samples, as counts and sums.

Shapes: P replicas, B samples of a chunk, T positions, D vocabulary or features, M heads, R rows of a map (values of a
token, answer positions, or query positions, head after head), Q histogram bins.
"""

import numpy as np
import torch
from torch import Tensor

from attnseq.contracts.answers import without_end
from attnseq.contracts.batch import Attention, Batch
from attnseq.contracts.spec import Spec, Tokens
from attnseq.scores.weights import attention_rows, position_weights
from attnseq.training.attention_summary import AttentionSummary

BINS = 64

ROWS = {"BTD": "token", "BKT": "answer position", "BMTT": "query position"}
"""What the rows of a map stand for, by the attention's axes."""


class AttentionSums:
    """Counts and sums of one attention of every replica, made on the device for all replicas at once.

    The answer position of an end symbol does not count: it repeats no position.

    Args:
        replicas: P.
        samples: the first ones, which give shapes and device.
        spec: of the task.
    """

    def __init__(self, replicas: int, samples: Batch, spec: Spec):
        positions, device = spec.inputs.length, samples.inputs.device
        zeros_PxT = torch.zeros(replicas, positions, dtype=torch.float64, device=device)
        self._sums_PxT, self._squares_PxT = zeros_PxT.clone(), zeros_PxT.clone()
        self._lows_PxT, self._highs_PxT = zeros_PxT + 2, zeros_PxT - 1
        self._entropy_P, self._attending_P = zeros_PxT[:, 0].clone(), zeros_PxT[:, 0].clone()
        self._counts = torch.zeros(replicas * positions * BINS + 1, dtype=torch.int64, device=device)
        self._row_PxT = torch.arange(replicas * positions, device=device).view(replicas, 1, positions) * BINS
        self._samples_T = torch.zeros(positions, dtype=torch.int64, device=device)
        self._map: Tensor | None = None
        self._in_map: Tensor | None = None
        self._is_share, self._heads = True, 1
        self._map_rows, self._is_of_tokens = "", isinstance(spec.inputs, Tokens)
        self._target, self._ends = spec.target, isinstance(spec.target, Tokens) and spec.target.end

    def add(self, attention: Attention, samples: Batch) -> None:
        """Take in the attention of every replica to some samples."""
        if samples.targets is not None:
            samples = samples._replace(targets=without_end(samples.targets, self._target))
        self._is_share = attention.axes != "BTD"
        weights_PxBxT = position_weights(attention, samples).double()
        present_BxT = samples.present()
        self._sums_PxT += weights_PxBxT.sum(dim=1)
        self._squares_PxT += weights_PxBxT.square().sum(dim=1)
        self._samples_T += samples.size if present_BxT is None else present_BxT.sum(dim=0)
        lows = weights_PxBxT if present_BxT is None else weights_PxBxT.masked_fill(~present_BxT, 2.0)
        highs = weights_PxBxT if present_BxT is None else weights_PxBxT.masked_fill(~present_BxT, -1.0)
        self._lows_PxT = torch.minimum(self._lows_PxT, lows.amin(dim=1))
        self._highs_PxT = torch.maximum(self._highs_PxT, highs.amax(dim=1))
        bins_PxBxT = self._row_PxT + (weights_PxBxT * BINS).long().clamp(0, BINS - 1)
        if present_BxT is not None:
            bins_PxBxT = bins_PxBxT.masked_fill(~present_BxT, len(self._counts) - 1)
        self._counts += torch.bincount(bins_PxBxT.flatten(), minlength=len(self._counts))
        if attention.axes in ("BKT", "BMTT"):
            self._add_rows(attention, samples)
        else:
            self._add_entropy(weights_PxBxT)
            if attention.axes == "BTD" and self._is_of_tokens:
                self._add_map(attention.weights.double().sum(dim=1), ROWS["BTD"], self._samples_T.unsqueeze(-1))

    def _add_rows(self, attention: Attention, samples: Batch) -> None:
        """Take in each row of attention that has one for each answer or query position."""
        rows_PxBxRxT, counted_BxR = attention_rows(attention, samples)
        if self._ends and attention.axes == "BKT":  # the last answer position has room for the end symbol alone
            rows_PxBxRxT, counted_BxR = rows_PxBxRxT[..., :-1, :], counted_BxR[..., :-1]
        rows_PxBxRxT = rows_PxBxRxT.double() * counted_BxR.unsqueeze(-1)
        self._add_entropy(rows_PxBxRxT)
        counts_R, part_PxRxT = counted_BxR.double().sum(dim=0), rows_PxBxRxT.sum(dim=1)
        if attention.axes == "BMTT":  # a map of each head: their mean looks like none of them
            self._heads = attention.weights.shape[-3]
            counted_Bx1xTx1 = counted_BxR.unsqueeze(1).unsqueeze(-1)
            part_PxRxT = (attention.weights.double() * counted_Bx1xTx1).sum(dim=1).flatten(1, 2)
            counts_R = counts_R.repeat(self._heads)
        self._in_map = counts_R if self._in_map is None else self._in_map + counts_R
        self._add_map(part_PxRxT.transpose(-1, -2), ROWS[attention.axes], self._in_map.clamp(min=1))

    def _add_map(self, part_PxTxR: Tensor, rows: str, counts: Tensor) -> None:
        self._map = part_PxTxR if self._map is None else self._map + part_PxTxR
        self._map_rows, self._map_counts = rows, counts

    def _add_entropy(self, weights: Tensor) -> None:
        """Take in the entropy over the last axis of weights, scaled to sum 1; where all underflow, there is none."""
        totals = weights.sum(dim=-1, keepdim=True)
        nowhere = totals == 0  # leave these out: there are no shares, and 0 / 0 is not a number
        shares = weights / totals.masked_fill(nowhere, 1.0)
        axes = tuple(range(1, weights.dim()))
        self._entropy_P += torch.special.entr(shares).sum(dim=axes)
        self._attending_P += (~nowhere).sum(dim=axes)

    def summaries(self) -> list[AttentionSummary]:
        """Summarise all samples that were added, for each of P replicas."""
        counts_PxTxQ = self._counts[:-1].view(*self._sums_PxT.shape, BINS)
        mean_PxT = self._sums_PxT / self._samples_T
        lows_PxT, highs_PxT = (
            values_PxT.masked_fill(self._samples_T == 0, torch.nan) for values_PxT in (self._lows_PxT, self._highs_PxT)
        )
        entropy_P = self._entropy_P / self._attending_P
        values = (mean_PxT, self._sums_PxT, self._squares_PxT, lows_PxT, highs_PxT, entropy_P, counts_PxTxQ)
        columns = [value.cpu().numpy() for value in values]
        samples_T = self._samples_T.cpu().numpy()
        maps = [None] * len(entropy_P) if self._map is None else list((self._map / self._map_counts).cpu().numpy())
        return [
            AttentionSummary(
                mean_T=mean_T,
                entropy=float(entropy),
                histogram_TxN=counts_TxQ,
                edges_N1=np.linspace(0.0, 1.0, BINS + 1),
                minimum_T=lows_T,
                maximum_T=highs_T,
                sum_T=sums_T,
                sum_squares_T=squares_T,
                samples_T=samples_T,
                heatmap_TxR=map_TxR,
                rows=self._map_rows,
                heads=self._heads,
                is_share=self._is_share,
            )
            for mean_T, sums_T, squares_T, lows_T, highs_T, entropy, counts_TxQ, map_TxR in zip(
                *columns, maps, strict=True
            )
        ]
