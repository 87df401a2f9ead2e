"""`attnseq-train --help` has a line a key of the choices made, and names no schema."""

import sys
from dataclasses import fields

import pytest

from attnseq import train
from attnseq.commandline import help_text
from attnseq.commandline.help_text import LAUNCHER_KEYS, LAUNCHERS, SWEEPERS
from hydra_plugins.attnseq_launchers.fused import FusedLauncherConfig

pytestmark = pytest.mark.usefixtures("hydra_restore_singletons")


def asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    monkeypatch.setattr(sys, "argv", ["attnseq-train", "--help", *arguments])
    train.main()
    return capsys.readouterr().out.splitlines()


def test_a_key_is_a_line_with_value_meaning_and_range(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [" ".join(line.split()) for line in asked(monkeypatch, capsys, "model=lstm_plain", "trainer.batch_size=7")]
    for line in (
        "trainer.batch_size=7 samples a step: 1 to 1000000",
        "model.hidden_size=64 H, units of the LSTM: 1 to 65536",
        "trainer.weight_noise=0.0 standard deviation of normal noise on the parameters where a step's loss and gradient"
        " are taken: 0 or more; fresh each step, from the run's seed",
        "metrics=[] how predictions are measured besides the loss, such as [mae,r2]; unless given, what is usual for"
        " the target",
        "overwrite=false true trains a finished run anew, false shows its result",
    ):
        assert line in lines
    assert any(line.startswith("trainer.objective=auto ") and "cross_entropy" in line for line in lines)


def test_choices_launchers_and_sweeps_are_shown_and_schemas_are_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "\n".join(asked(monkeypatch, capsys))
    assert "schema" not in text
    assert "  trainer: fast, tutorial\n" in text
    assert " -m " in text
    assert "== Examples ==" in text
    for name in ("basic", "fused"):
        assert f"  {name:<12}{LAUNCHERS[name]}" in text
    assert f"  {'basic':<12}{SWEEPERS['basic']}" in text


def test_a_terminal_gets_lines_that_it_can_show(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(help_text, "_width", lambda: 80)
    for model in ("mlp_attention", "transformer", "seq2seq"):
        lines = asked(monkeypatch, capsys, f"model={model}", "dataset=table")
        assert max(map(len, lines)) <= 80


def test_the_keys_of_the_default_launcher_are_all_there() -> None:
    assert {"_target_", *LAUNCHER_KEYS} == {field.name for field in fields(FusedLauncherConfig)}
