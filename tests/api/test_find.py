"""Every run below a folder, each read when it is looked at."""

import builtins
import shutil
from pathlib import Path
from typing import Any

import pytest

import attnseq


@pytest.fixture
def folder_of_runs(finished: Path, tmp_path: Path) -> Path:
    for seed in (2, 10):
        shutil.copytree(finished, tmp_path / "runs" / "tiny" / f"seed={seed}")
    shutil.copytree(finished, tmp_path / "runs" / "tiny" / "seed=3")
    (tmp_path / "runs" / "tiny" / "seed=3" / "result.json").write_text("{")
    return tmp_path / "runs"


def test_runs_come_in_natural_order_damaged_ones_with_them(folder_of_runs: Path) -> None:
    runs = attnseq.find(folder_of_runs)
    assert [run.path.name for run in runs] == ["seed=2", "seed=3", "seed=10"]
    assert [run.state for run in runs] == ["finished", "damaged", "finished"]
    assert runs[0].predict("2841907365").prediction.shape == (1,)


def test_a_table_has_a_row_a_run(folder_of_runs: Path) -> None:
    frame = attnseq.find(folder_of_runs).to_frame()
    assert frame["state"].tolist() == ["finished", "damaged", "finished"]
    assert frame["variant"].tolist() == ["tiny"] * 3
    assert frame["trainer.epochs"].dropna().tolist() == [2, 2]
    results = [run.result for run in attnseq.find(folder_of_runs) if run.result]
    assert frame["loss/test"].dropna().tolist() == [result["loss/test"] for result in results]


def test_where_there_are_no_runs_there_are_none(tmp_path: Path) -> None:
    assert attnseq.find(tmp_path) == []
    with pytest.raises(attnseq.RunError, match=r"nowhere: No such file or directory$"):
        attnseq.find(tmp_path / "nowhere")


def test_without_pandas_the_line_says_what_to_install(folder_of_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_ = builtins.__import__

    def without_pandas(name: str, *arguments: Any, **named: Any) -> Any:
        if name == "pandas":
            raise ImportError("no pandas")
        return import_(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(ImportError, match=r'^to_frame needs pandas: pip install "attnseq\[pandas\]"$'):
        attnseq.find(folder_of_runs).to_frame()
