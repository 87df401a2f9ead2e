"""What sweepers and the shell are told of a run."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from attnseq.runs.config import RunConfig
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.sweep.claim import Outcome
from attnseq.sweep.outcome import NAMED, failure, failures_line, objective, summary

FINISHED: Outcome = {"status": "finished", "loss/validation": 0.25}
DIVERGED: Outcome = {"status": "diverged", "loss/validation": None}
IN_USE = RunFolderError("run: in use")


@pytest.mark.parametrize(
    ("outcome", "value", "word"),
    [(FINISHED, 0.25, None), (DIVERGED, math.inf, "diverged"), (IN_USE, math.inf, "folder")],
    ids=["finished", "diverged", "in use"],
)
def test_objective_and_failure(
    outcome: Outcome, value: float, word: str | None, tiny: Callable[..., RunConfig], tmp_path: Path
) -> None:
    job = Job(tiny("seed=3"), tmp_path)
    assert objective(outcome) == value
    said = failure(job, outcome)
    assert (said is None) if word is None else (said is not None and job.name in said and word in said)


def test_many_failures_are_counted_and_few_are_named() -> None:
    few = [f"run {number}" for number in range(NAMED)]
    assert failures_line(few) == f"{NAMED} not finished: {'; '.join(few)}"
    assert failures_line([*few, "a", "b"]) == f"{NAMED + 2} not finished: {'; '.join(few)}; and 2 more"


def test_a_sweep_ends_with_what_became_of_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcomes: list[Outcome] = [FINISHED, DIVERGED, FINISHED, RunFolderError("in use")]
    by_folder = {Path(str(number)): outcome for number, outcome in enumerate(outcomes)}
    lines = summary(by_folder, [Path("outputs") / "a b"]).splitlines()
    assert lines[0] == "4 runs: 2 finished, 1 diverged, 1 failed"
    assert lines[1] == "python -m attnseq.compare 'outputs/a b'"
    assert lines[2] == "python -m attnseq.board 'outputs/a b'"


def test_every_folder_of_a_sweep_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [Path("outputs") / name for name in ("b", "a", "b")]
    lines = summary({Path("run"): FINISHED}, folders).splitlines()
    assert lines[1:] == ["python -m attnseq.compare outputs/a outputs/b", "python -m attnseq.board outputs"]
    many = [Path("outputs") / str(number) for number in range(NAMED + 1)]
    assert summary({Path("run"): FINISHED}, many).splitlines()[1] == "python -m attnseq.compare outputs"
