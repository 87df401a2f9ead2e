"""A run's epoch as its reports get it, made from random weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from attnseq.report.records import AttentionSummary, EpochRecord

SAMPLES = 50


def attention_summary(seed: int, positions: int, heatmap: bool) -> AttentionSummary:
    weights_BxT = np.random.default_rng(seed).dirichlet(np.full(positions, 0.3), size=SAMPLES)
    edges_N1 = np.linspace(0.0, 1.0, 21)
    return AttentionSummary(
        mean_T=weights_BxT.mean(0),
        entropy=float(-(weights_BxT * np.log(weights_BxT + 1e-300)).sum(1).mean()),
        histogram_TxN=np.stack([np.histogram(weights_BxT[:, t], edges_N1)[0] for t in range(positions)]),
        edges_N1=edges_N1,
        minimum_T=weights_BxT.min(0),
        maximum_T=weights_BxT.max(0),
        sum_T=weights_BxT.sum(0),
        sum_squares_T=(weights_BxT**2).sum(0),
        samples_T=np.full(positions, SAMPLES),
        heatmap_TxR=np.full((positions, 10), 0.1) if heatmap else None,
        rows="digit value" if heatmap else "",
    )


@pytest.fixture
def make_record() -> Callable[..., EpochRecord]:
    """`make_record(epoch, positions=3, heatmap=False, tags=("attention",))`: an epoch always gives the same numbers."""

    def make(
        epoch: int, positions: int = 3, heatmap: bool = False, tags: Sequence[str] = ("attention",)
    ) -> EpochRecord:
        return EpochRecord(
            epoch=epoch,
            row={
                "loss/train": 0.1 / 3 / epoch,
                "loss/validation": 0.2 / 3 / epoch,
                "any name/validation": 10.5,
                "attention/entropy": 0.125,
            },
            attention={tag: attention_summary(epoch, positions, heatmap) for tag in tags},
            seconds=2.25,
        )

    return make
