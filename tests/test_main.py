"""`python -m attnseq` lists the commands, each as it calls itself."""

import configparser
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

import attnseq
from attnseq.__main__ import commands, main

ROOT = Path(__file__).resolve().parents[1]


def test_every_command_is_listed_with_what_it_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["attnseq"])
    monkeypatch.setenv("COLUMNS", "80")
    main()
    lines = capsys.readouterr().out.splitlines()
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    installed = {line.partition(" = ")[0] for line in setup["options.entry_points"]["console_scripts"].split("\n")[1:]}
    assert {f"attnseq-{name}" for name, _ in commands()} == installed
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    for name, purpose in commands():
        assert f"python -m attnseq.{name} {purpose} " in text
        assert (import_module(f"attnseq.{name}").__doc__ or "").startswith(purpose)


@pytest.mark.parametrize("name", sorted({name for name, _ in commands()} - {"train"}))
def test_help_of_a_command_fits_the_terminal_and_says_what_its_file_does(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = import_module(f"attnseq.{name}")
    monkeypatch.setattr(sys, "argv", [f"attnseq-{name}", "--help"])
    monkeypatch.setenv("COLUMNS", "80")
    with suppress(SystemExit):
        module.main()
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert " ".join((module.__doc__ or "").split()) in " ".join(text.split())


@pytest.mark.parametrize("argument", ["-h", "--help"])
def test_help_is_the_list(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argument: str) -> None:
    monkeypatch.setattr(sys, "argv", ["attnseq", argument])
    main()
    assert "python -m attnseq.train " in capsys.readouterr().out


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["attnseq", "--version"])
    main()
    assert capsys.readouterr().out == f"attnseq {attnseq.__version__}\n"


def test_a_command_is_no_argument(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["attnseq", "train", "seed=1"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "python -m attnseq.train" in capsys.readouterr().err
