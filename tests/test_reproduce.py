"""The command that lays the published run beside ours; the runs themselves are in article/test_published_run.py."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from attnseq import reproduce
from attnseq.article import published, reproduction
from attnseq.article.reproduction import Reproduced
from attnseq.datasets.operands import Operands
from attnseq.runs.config import RunConfig


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`main(*arguments)`: the command's exit status."""

    def call(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["attnseq-reproduce", *arguments])
        try:
            reproduce.main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return call


def reproduced(loss_E: Sequence[str]) -> Reproduced:
    """As if a run had given the very numbers that the article prints."""
    return Reproduced(
        loss_E=[float(loss) for loss in loss_E],
        mean_attention_T=np.array(published.MLP_MEAN_ATTENTION_T),
        first_targets_M=np.array(published.FIRST_TARGETS_M, dtype=np.float32),
        first_predictions_M=np.array(published.MLP_FIRST_PREDICTIONS_M, dtype=np.float32),
        relevance_T=Operands().relevance,
    )


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, folder: Path) -> dict[str, Reproduced]:
    """What training gives, by model, without training."""
    runs = {
        "mlp_attention": reproduced(published.MLP_LOSS_E),
        "lstm_attention": reproduced(published.LSTM_LOSS_E),
    }

    def give(config: RunConfig, root: Path) -> Reproduced:
        root.mkdir(parents=True, exist_ok=True)
        assert (config.seed, config.trainer.epochs, config.dataset.train_size) == (1337, 10, 300_000)
        return runs[config.model.name]

    monkeypatch.setattr(reproduction, "train_published", give)
    return runs


@pytest.mark.parametrize(
    "argument",
    ["trainer.epochs=2", "seed=1", "model=lstm_attention", "+key=3", "-m", "=3", "dataset.train_size=5", "devices=cpu"],
)
def test_what_would_change_the_published_run_is_refused(
    argument: str, main: Callable[..., int], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("device=cpu", argument) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"{argument}: the published run is fixed")
    assert "device, overwrite, trainer.compile" in err
    assert err.count("\n") == 1
    assert not any(folder.iterdir())


@pytest.mark.parametrize("argument", ["device=tpu", "trainer.compile=maybe", "overwrite=3.5", "device"])
def test_a_bad_value_of_an_allowed_key_is_refused(
    argument: str, main: Callable[..., int], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argument) == 2
    err = capsys.readouterr().err
    assert argument.partition("=")[0] in err
    assert err.count("\n") == 1
    assert not any(folder.iterdir())


@pytest.mark.usefixtures("trained")
def test_everything_holds(main: Callable[..., int], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("device=cpu", "overwrite=false", "trainer.compile=auto", "trainer.checkpoint_minutes=2") == 0
    root = folder / "outputs" / "reproduce"
    rows = json.loads((root / "reproduction.json").read_text())
    assert [row.keys() for row in rows] == 50 * [{"figure", "published", "ours", "holds"}]
    assert all(row["holds"] is True for row in rows)
    assert len({row["figure"] for row in rows}) == 50
    assert (root / "reproduction.png").read_bytes().startswith(b"\x89PNG")
    out = capsys.readouterr().out
    assert "50 of 50 figures hold" in out
    assert "positions 2 and 6" in out
    assert "positions 2 and 9" in out


def test_one_figure_that_does_not_hold(
    main: Callable[..., int], folder: Path, trained: dict[str, Reproduced], capsys: pytest.CaptureFixture[str]
) -> None:
    trained["lstm_attention"] = reproduced([*published.LSTM_LOSS_E[:-1], "1e-5"])
    assert main() == 1
    out, err = capsys.readouterr()
    assert err == "not reproduced: LSTM loss, epoch 10\n"
    assert "49 of 50 figures hold" in out
    rows = json.loads((folder / "outputs" / "reproduce" / "reproduction.json").read_text())
    assert [row["figure"] for row in rows if not row["holds"]] == ["LSTM loss, epoch 10"]
