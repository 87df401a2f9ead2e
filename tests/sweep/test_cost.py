"""What programs will take is estimated by their own steps; workers are started where that saves more than it costs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnseq.runs import build
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.sweep import cost as module
from attnseq.sweep import local
from attnseq.sweep.claim import RunFailedError
from attnseq.sweep.cost import Costs
from attnseq.sweep.local import run_locally, saved_seconds

Tiny = Callable[..., RunConfig]
Jobs = Callable[..., list[Job]]


@pytest.fixture
def cost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Costs:
    """Of a machine that has learnt nothing, on which an operation takes a millisecond as it is written."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "none"))
    step = module._timed_step

    def timed(job: Job) -> object:
        digest, _ = step(job)
        return digest, digest.written / 1000

    monkeypatch.setattr(module, "_timed_step", timed)
    return Costs()


def test_more_steps_cost_more_and_cores_share_the_replicas(tiny: Tiny, jobs: Jobs, tmp_path: Path, cost: Costs) -> None:
    def of(*overrides: str, runs: int = 1, cores: int = 1) -> float:
        return cost(jobs(tiny(*overrides), tmp_path, [{"seed": seed} for seed in range(runs)]), cores)

    many = "trainer.epochs=100000"
    assert of() < of("trainer.epochs=4") < of(many)
    assert of(many, "trainer.compile=auto") < of(many)
    assert of("trainer.compile=true") > of("trainer.compile=auto")  # a short run does not wait for the compiler
    compiled = "trainer.compile=true", "trainer.epochs=1000000", "dataset.train_size=100000"
    alone = of(*compiled, runs=4)
    assert alone / 2 < of(*compiled, runs=4, cores=2) < 0.6 * alone
    assert of(*compiled, cores=2) == of(*compiled)


def test_several_programs_of_few_runs_save_most(tiny: Tiny, jobs: Jobs, tmp_path: Path, cost: Costs) -> None:
    long = tiny("trainer.epochs=10000")
    programs = [jobs(long, tmp_path, [{"trainer__batch_size": size}]) for size in (8, 16)]
    one_by_one = sum(map(cost, programs))
    assert saved_seconds(programs, 2, cost) == pytest.approx(one_by_one / 2)
    assert saved_seconds(programs, 1, cost) == 0
    assert saved_seconds(programs[:1], 2, cost) == 0


def test_a_program_that_fails_takes_no_other_with_it(
    tiny: Tiny, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cost: Costs
) -> None:
    build_recipe = build.build_recipe

    def failing(config: RunConfig, **options: Any) -> object:
        if config.trainer.batch_size == 8:
            raise RuntimeError("the model fails")
        return build_recipe(config, **options)

    monkeypatch.setattr(build, "build_recipe", failing)
    monkeypatch.setattr(local, "usable_cores", lambda: 2)
    monkeypatch.setattr(local, "Costs", lambda: cost)
    programs = [jobs(tiny(), tmp_path / f"{size}", [{"trainer__batch_size": size}]) for size in (8, 16)]
    assert cost(programs[0]) == 0
    assert cost(programs[1]) > 0
    bad, good = run_locally([job for members in programs for job in members])
    assert isinstance(bad, RunFailedError)
    assert bad.cause == "RuntimeError: the model fails"
    assert isinstance(good, dict)
    assert good["status"] == "finished"


@pytest.mark.parametrize(("seconds", "by_workers"), [(0.0, False), (1e9, True)])
def test_a_short_sweep_stays_in_this_process(
    tiny: Tiny, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, by_workers: bool
) -> None:
    taken: list[bool] = []
    monkeypatch.setattr(local, "saved_seconds", lambda *_: seconds)
    monkeypatch.setattr(local, "usable_cores", lambda: 4)
    monkeypatch.setattr(local, "run_sweep", lambda *_, **__: taken.append(False) or [])
    monkeypatch.setattr(local, "run_remotely", lambda *_, **__: taken.append(True) or [])
    two = jobs(tiny(), tmp_path, [{"trainer__batch_size": size} for size in (8, 16)])
    run_locally(two)
    assert taken == [by_workers]
    run_locally(two, cores=1)
    run_locally(two[:1])  # of one program the threads of this process fill the cores
    assert taken[1:] == [False, False]
