"""What other processes train is shown by the epochs that stand in the runs' folders."""

import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.observer import DIVERGED
from attnseq.sweep import watch as module
from attnseq.sweep.watch import Watch

Tiny = Callable[..., RunConfig]
Jobs = Callable[..., list[Job]]


def write(job: Job, epochs: int, loss: float) -> None:
    job.path.mkdir(exist_ok=True)
    rows = [f"{epoch},{loss}\n" for epoch in range(1, epochs + 1)]
    job.folder.history_path.write_text("epoch,loss/train\n" + "".join(rows) + "7,0.")


def test_steps_of_all_runs_are_counted(tiny: Tiny, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 500 samples: 16 steps an epoch of batches of 32, 10 of batches of 50
    runs = jobs(tiny("trainer.epochs=5"), tmp_path, [{"trainer__batch_size": size} for size in (32, 32, 50)])
    shown: list[tuple[int, float]] = []
    monkeypatch.setattr(module.Progress, "update", lambda self, step, loss: shown.append((step, loss)))
    monkeypatch.setattr(module, "SECONDS", 0.0)
    monkeypatch.setattr(module, "SHARE", float("inf"))
    with Watch(runs, Console(file=io.StringIO())) as watch:
        assert watch._progress._total == 5 * (16 + 16 + 10)
        write(runs[0], 2, 0.5)
        write(runs[2], 3, 0.25)
        watch.look()
    assert shown == [(2 * 16 + 3 * 10, 0.375)]


def test_a_run_that_diverges_is_told_once(
    tiny: Tiny, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = jobs(tiny(), tmp_path, [{"seed": 1}, {"seed": 2}])
    monkeypatch.setattr(module, "SECONDS", 0.0)
    monkeypatch.setattr(module, "SHARE", float("inf"))
    for job, text in ((runs[0], f"{runs[0].name} {DIVERGED}\n"), (runs[1], "Traceback ...\nMemoryError\n")):
        job.path.mkdir()
        job.folder.error_path.write_text(text)
    out = io.StringIO()
    with Watch(runs, Console(file=out, width=200)) as watch:
        watch.look()
        watch.look()
        watch.ended({job.path: {"status": status} for job, status in zip(runs, ("diverged", "finished"), strict=True)})
    assert out.getvalue() == f"{runs[0].name} {DIVERGED}\n"


def test_a_run_that_diverges_and_ends_between_two_looks_is_told(tiny: Tiny, jobs: Jobs, tmp_path: Path) -> None:
    runs, out = jobs(tiny(), tmp_path, [{"seed": 1}, {"seed": 2}]), io.StringIO()
    with Watch(runs, Console(file=out, width=200)) as watch:
        watch.ended({runs[0].path: {"status": "diverged"}})
    assert out.getvalue() == f"{runs[0].name} {DIVERGED}\n"


def test_looks_are_rare(tiny: Tiny, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []
    now = [100.0]
    monkeypatch.setattr(module.Progress, "update", lambda self, step, loss: shown.append(step))
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with Watch(jobs(tiny(), tmp_path, [{}]), Console(file=io.StringIO())) as watch:
        for now[0], looks in ((101.9, 0), (102.0, 1), (103.9, 1), (104.0, 2)):
            watch.look()
            assert len(shown) == looks
