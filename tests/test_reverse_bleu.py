"""The files that another program is given hold the task's samples, and a run is scored on them."""

import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from test_scripts import ROOT

import attnseq


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("reverse_bleu")


def test_files_hold_sequences_and_what_they_are_turned_round(script: ModuleType, tmp_path: Path) -> None:
    script.main(["data", str(tmp_path / "data")])
    for name, size, longest in (("train", 50_000, 25), ("dev", 1_000, 30), ("test", 1_000, 30)):
        given, answers = (
            [line.split() for line in (tmp_path / "data" / f"{name}.{end}").read_text().splitlines()]
            for end in ("src", "trg")
        )
        assert len(given) == len(answers) == size
        assert {len(row) for row in given} == set(range(1, longest + 1))
        assert all(row[::-1] == answer for row, answer in zip(given, answers, strict=True))
        assert {int(token) for row in given for token in row} == set(range(50))


def test_a_run_is_scored(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what it predicts: -1 is behind an answer's end."""
    (tmp_path / "test.src").write_text("1 2 3\n4\n5 6\n")
    (tmp_path / "test.trg").write_text("3 2 1\n4\n6 5\n")
    prediction = np.array([[3, 2, 1], [4, -1, -1], [6, -1, -1]])
    monkeypatch.setattr(
        attnseq, "load", lambda path: SimpleNamespace(predict=lambda rows: self_checked(rows, prediction))
    )
    said: list[object] = []
    bleu = SimpleNamespace(corpus_bleu=lambda *given, **kind: said.append((given, kind)) or SimpleNamespace(score=50.0))
    monkeypatch.setitem(sys.modules, "sacrebleu", bleu)
    script.main(["score", str(tmp_path), "some/run"])
    assert capsys.readouterr().out == f"50.00 BLEU, 66.7% exact  {Path('some/run')}\n"
    assert said == [((["3 2 1", "4", "6"], [["3 2 1", "4", "6 5"]]), {"tokenize": "none"})]


def self_checked(rows: list[list[int]], prediction: np.ndarray) -> SimpleNamespace:
    assert rows == [[1, 2, 3], [4], [5, 6]]
    return SimpleNamespace(prediction=prediction)


def test_without_a_run_there_is_nothing_to_score(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        script.main(["score", str(tmp_path)])
