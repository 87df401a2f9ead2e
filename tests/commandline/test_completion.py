"""Shells complete the values of keys that have names to choose from, in a real bash, too."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from processes import LIMIT

from attnseq.commandline.command_line import register
from attnseq.commandline.completion import completed

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.usefixtures("hydra_restore_singletons")
@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("trainer.compile=", "trainer.compile=auto trainer.compile=true trainer.compile=false"),
        ("-m model=lstm_attention trainer.compile=t", "trainer.compile=true"),
        ("model=lstm_attention model.attention=", "model.attention=time model.attention=element"),
        ("model.attention=", "model.attention=time model.attention=position"),  # of the MLP
        ("model=unfinished model.attention=n", "model.attention=none"),
        ("overwrite=", "overwrite=true overwrite=false"),
        ("trainer.objective=c", "trainer.objective=cross_entropy"),
        ("trainer.compile=x", ""),
    ],
)
def test_values_of_a_key(monkeypatch: pytest.MonkeyPatch, line: str, answer: str) -> None:
    register()
    monkeypatch.setenv("COMP_LINE", f"attnseq-train {line}")
    found = completed(["query=bash"])
    assert found is not None
    assert found.startswith(answer)
    assert completed(["query=fish"]) == found.replace(" ", "\n")


@pytest.mark.usefixtures("hydra_restore_singletons")
@pytest.mark.parametrize(
    "line",
    ["", "trainer.", "model=ls", "seed=", "trainer.epochs=", "no.such=", "trainer.compile=a ", "trainer.compile"],
)
def test_the_rest_is_left_to_hydra(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    register()
    monkeypatch.setenv("COMP_LINE", f"attnseq-train {line}")
    assert completed(["query=bash"]) is None
    assert completed(["install=bash"]) is None


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to complete in")
@pytest.mark.parametrize(
    ("word", "answers"),
    [
        ("trainer.compile=", ["trainer.compile=auto", "trainer.compile=true", "trainer.compile=false"]),
        ("model=mlp_", ["model=mlp_attention", "model=mlp_plain"]),
        ("trainer.epo", ["trainer.epochs="]),
    ],
)
def test_in_bash(tmp_path: Path, word: str, answers: list[str]) -> None:
    program = tmp_path / "attnseq-train"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} - "$0" "$@" <<\'END\'\n{STARTED}END\n')
    program.chmod(0o755)
    script = f"""
        PATH={shlex.quote(str(tmp_path))}:$PATH
        eval "$(attnseq-train -sc install=bash)"
        complete -p attnseq-train >&2 || exit 1
        export COMP_LINE='attnseq-train {word}' COMP_POINT=99
        COMP_CWORD=1
        hydra_bash_completion
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=LIMIT, cwd=tmp_path)
    assert done.stdout.split() == answers, done.stderr
    assert "hydra_bash_completion attnseq-train" in done.stderr


STARTED = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
sys.argv = sys.argv[1:]
from attnseq.train import main
main()
"""
"""As pip's script of the command starts it."""
