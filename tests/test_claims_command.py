"""The command that tests the article's claims: from the command line to its page, and again."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from attnseq import claims
from attnseq.article import claim_runs, claim_training
from attnseq.runs.reading import find_runs

TINY = (
    *("dataset.train_size=64", "dataset.validation_size=20", "dataset.test_size=40", "trainer.compile=false"),
    *("trainer.epochs=1", "trainer.batch_size=16"),
)


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`main(*arguments)`: the command's exit status."""

    def call(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["attnseq-claims", *arguments])
        try:
            claims.main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return call


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only three of the variants."""
    shown = tuple(each for each in claim_runs.VARIANTS if each.label in ("mlp", "lstm time", "lstm none"))
    monkeypatch.setattr(claim_runs, "VARIANTS", shown)


@pytest.mark.usefixtures("few")
def test_it_trains_judges_and_goes_on(
    folder: Path, main: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("seeds=2", *TINY) == 0
    out = capsys.readouterr().out
    assert "6 of 6 runs to train, about " in out
    root = folder / "outputs" / "claims_quick"
    assert sorted(path.name for path in root.iterdir() if path.is_file()) == ["claims.json", "claims.md", "claims.png"]
    first = json.loads((root / "claims.json").read_text())
    assert len(first["loss/test"]["mlp"]) == 2
    assert "quick version" in (root / "claims.md").read_text()
    assert len(find_runs([root])) == 6
    assert main("seeds=2", *TINY) == 0
    assert "0 of 6 runs to train" in capsys.readouterr().out
    again = json.loads((root / "claims.json").read_text())
    assert again["claims"] == first["claims"]
    assert main("seeds=3", "train=false", *TINY) == 0  # of three seeds, two are finished
    assert "to train" not in capsys.readouterr().out
    assert "\n3 runs are not finished: " in (root / "claims.md").read_text()
    assert json.loads((root / "claims.json").read_text())["claims"] == first["claims"]


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("seeds=0", "seeds=0: must be a whole number, 1 or more"),
        ("seeds=two", "seeds=two: must be a whole number, 1 or more"),
        ("train=no", "train=no: unknown; allowed are true, false"),
        ("model=mlp_plain", "model=mlp_plain: the variants that are compared set it"),
        ("hydra.launcher=basic", "hydra.launcher=basic: nothing reads it here"),
        ("hydra/launcher=ray_fused", "hydra/launcher=ray_fused: nothing reads it here"),
        ("+model.attention=none", "+model.attention=none: the variants that are compared set it"),
        ("dataset.length=4", "dataset.length=4: the variants that are compared set it"),
        ("", "an argument is empty"),
        ("trainer.epochs=0", "trainer.epochs=0: must be "),
    ],
)
def test_bad_input_is_one_line(
    argument: str, said: str, folder: Path, main: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argument) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.count("\n") == 1
    assert not list(folder.iterdir())


@pytest.mark.usefixtures("few")
def test_ctrl_c_and_runs_that_cannot_be_analysed(
    folder: Path, main: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(claim_training, "analyse_population", stopped)
        assert main("seeds=2", *TINY) == 130
    assert capsys.readouterr().err == "stopped; what is finished is kept, and the same command goes on\n"
    broken = sorted((folder / "outputs" / "claims_quick").glob("mlp*/seed=*"))
    (broken[0] / "checkpoint.pt").unlink()
    (broken[1] / ".hydra" / "config.yaml").write_text("seed: [")
    assert main("seeds=2", *TINY) == 1
    error = capsys.readouterr().err
    assert "checkpoint.pt: missing" in error
    assert "damaged" in error
    assert error.count("\n") == 1
    assert (folder / "outputs" / "claims_quick" / "claims.md").exists()


def test_help_names_the_files(main: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert main("--help") == 0
    assert "claims.md" in capsys.readouterr().out
