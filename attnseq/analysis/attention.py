"""The attention of a population over a set of samples, as counts and sums.

Shapes: P replicas, B samples of a chunk, T positions, D digit values, N histogram bins.
"""

import numpy as np
import torch
from torch import Tensor

from attnseq.analysis.summary import AttentionSummary
from attnseq.datasets.dataset import Split
from attnseq.training.evaluation import CHUNK, chunks
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


@torch.no_grad()
def summarise_attention(flat: FlatModel, parameters_PxN: Tensor, split: Split) -> list[AttentionSummary]:
    """Summaries of every replica's attention over the same samples, counted on their device for all at once.

    Args:
        flat: the model.
        parameters_PxN: of the replicas.
        split: the probe set, on the parameters' device.

    Returns:
        P summaries.
    """
    replicas, positions = len(parameters_PxN), split.digits_NxT.shape[1]
    device = parameters_PxN.device
    zeros_PxT = torch.zeros(replicas, positions, dtype=torch.float64, device=device)
    sums_PxT, squares_PxT, lows_PxT, highs_PxT = zeros_PxT.clone(), zeros_PxT.clone(), zeros_PxT + 2, zeros_PxT - 1
    entropy_P, attending_P = zeros_PxT[:, 0].clone(), zeros_PxT[:, 0].clone()
    counts = torch.zeros(replicas * positions * BINS, dtype=torch.int64, device=device)
    row_PxT = torch.arange(replicas * positions, device=device).view(replicas, 1, positions) * BINS
    heatmap: Tensor | None = None
    for digits_BxT, *_ in chunks(split, CHUNK // replicas):
        attention = flat.predict(parameters_PxN, digits_BxT).attention
        weights_PxBxT = position_weights(attention, digits_BxT).double()
        if attention.dim() == 4:
            part = attention.double().sum(dim=1)
            heatmap = part if heatmap is None else heatmap + part
        sums_PxT += weights_PxBxT.sum(dim=1)
        squares_PxT += weights_PxBxT.square().sum(dim=1)
        lows_PxT = torch.minimum(lows_PxT, weights_PxBxT.amin(dim=1))
        highs_PxT = torch.maximum(highs_PxT, weights_PxBxT.amax(dim=1))
        totals_PxBx1 = weights_PxBxT.sum(dim=-1, keepdim=True)
        nowhere_PxBx1 = (
            totals_PxBx1 == 0
        )  # all of a sample's weights underflow: it has no shares, and 0 / 0 is no number
        shares_PxBxT = weights_PxBxT / totals_PxBx1.masked_fill(nowhere_PxBx1, 1.0)
        entropy_P += torch.special.entr(shares_PxBxT).sum(dim=(1, 2))
        attending_P += (~nowhere_PxBx1).sum(dim=(1, 2))
        bins_PxBxT = (weights_PxBxT * BINS).long().clamp(0, BINS - 1)
        counts += torch.bincount((row_PxT + bins_PxBxT).flatten(), minlength=len(counts))
    samples = len(split)
    counts_PxTxN = counts.view(replicas, positions, BINS)
    entropy_P /= attending_P
    columns = [x.cpu().numpy() for x in (sums_PxT, squares_PxT, lows_PxT, highs_PxT, entropy_P, counts_PxTxN)]
    maps = [None] * replicas if heatmap is None else list((heatmap / samples).cpu().numpy())
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
            samples=samples,
            heatmap_TxD=heatmap_TxD,
        )
        for sums_T, squares_T, lows_T, highs_T, entropy, counts_TxN, heatmap_TxD in zip(*columns, maps, strict=True)
    ]
