"""The article's numbers, from real training on the CPU.

The slowest tests by far: the MLP's run whole takes 20 to 70 s, the LSTM's through epoch 2 takes 30 to 90 s.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from attnseq.article import published, verdicts
from attnseq.article.reproduction import train_published
from attnseq.runs.config import RunConfig

Compose = Callable[..., RunConfig]


def test_the_mlp_whole(compose: Compose, folder: Path) -> None:
    ours = train_published(compose("experiment=tutorial_mlp", "device=cpu"), folder)
    rows = [
        *verdicts.targets(ours.first_targets_M),
        *verdicts.mlp_losses(ours.loss_E),
        *verdicts.mlp_attention(ours.mean_attention_T),
        *verdicts.mlp_predictions(ours.first_predictions_M),
    ]
    assert len(rows) == 40
    assert [row for row in rows if not row.holds] == []


def test_the_lstm_through_epoch_2(compose: Compose, folder: Path) -> None:
    ours = train_published(compose("experiment=tutorial_lstm", "device=cpu", "trainer.epochs=2"), folder)
    printed = [float(loss) for loss in published.LSTM_LOSS_E[:2]]
    assert ours.loss_E == pytest.approx(printed, rel=verdicts.LSTM_CALM_TOLERANCE)
