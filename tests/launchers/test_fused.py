"""The fused launcher: Hydra's own tests of launchers, and what it adds to them.

Hydra's suites run twice. With a task function that knows nothing of fusing, jobs run one by one and everything applies.
With one that takes its jobs together, what `NOT_TOGETHER` lists cannot apply: pytest reports it as xfailed.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hydra import TaskFunction
from hydra._internal.callbacks import Callbacks
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.test_utils import launcher_common_tests
from hydra.test_utils.launcher_common_tests import (
    BatchedSweeperTestSuite,
    IntegrationTestSuite,
    LauncherTestSuite,
)
from hydra.test_utils.test_utils import SweepTaskFunction, TSweepRunner
from omegaconf import DictConfig, OmegaConf

from hydra_plugins.attnseq_launchers.fused import FusedLauncher

NOT_TOGETHER = {
    "test_sweep_2_jobs": "it looks for the job's folder, which the task function makes, once it is its turn",
    "test_sweep_2_jobs_2_batches": "it counts working folders; jobs that train at one time in one process share one",
}
"""And `verify_dir_outputs` of all others, which looks into a working folder for the job's own log and .hydra/: what
trains together has one log, and attnseq writes .hydra/ itself, once it holds the lock of the job's folder."""

BATCHES = ["hydra/sweeper=basic", "hydra.sweeper.max_batch_size=2"]


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Hydra configures the root logger for each job; leaves it as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:], root.level = handlers, level


def test_hydra_finds_it() -> None:
    found = {(kind.__module__, kind.__qualname__) for kind in Plugins.instance().discover(Launcher)}
    assert (FusedLauncher.__module__, FusedLauncher.__qualname__) in found


@pytest.mark.parametrize(("launcher_name", "overrides"), [("fused", [])])
class TestOneByOne(LauncherTestSuite):
    """Task functions that know nothing of fusing."""


@pytest.mark.parametrize(("launcher_name", "overrides"), [("fused", BATCHES)])
class TestBatchesOneByOne(BatchedSweeperTestSuite):
    """The same in batches, as a sweeper such as Optuna's gives them."""


@pytest.mark.parametrize(
    ("task_launcher_cfg", "extra_flags"), [({}, ["-m", "hydra/launcher=fused"])], ids=["as Hydra's users start it"]
)
class TestProgramsOneByOne(IntegrationTestSuite):
    """Programs of others, in processes of their own."""


@pytest.fixture
def _together(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Hydra's task functions take their jobs together."""

    def together(self: SweepTaskFunction, configs: Sequence[DictConfig], train: Any) -> list[Any]:
        return [self(config) for config in configs]

    monkeypatch.setattr(SweepTaskFunction, "together", together, raising=False)
    monkeypatch.setattr(launcher_common_tests, "verify_dir_outputs", lambda *arguments: None)
    if reason := NOT_TOGETHER.get(request.node.originalname):
        request.applymarker(pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True))


@pytest.mark.usefixtures("_together")
@pytest.mark.parametrize(("launcher_name", "overrides"), [("fused", [])])
class TestTogether(LauncherTestSuite):
    """Task functions that take their jobs together."""


@pytest.mark.usefixtures("_together")
@pytest.mark.parametrize(("launcher_name", "overrides"), [("fused", list(BATCHES))])
class TestBatchesTogether(BatchedSweeperTestSuite):
    """The same in batches."""


class Task:
    """A task function that takes its jobs together, and notes what it was given."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.alone = 0

    def __call__(self, config: DictConfig) -> Any:
        self.alone += 1
        return config.foo

    def together(self, configs: Sequence[DictConfig], train: Callable[..., Any]) -> list[Any]:
        self.folders += [config.hydra.runtime.output_dir for config in configs]
        return [config.foo for config in configs]


class Told(Callbacks):
    """Notes what Hydra's callbacks are told."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        self.calls.append(("start", config.foo, HydraConfig.get().job.num))

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        self.calls.append(("end", config.foo, HydraConfig.get().job.num, job_return.return_value))


@pytest.fixture
def sweep(
    hydra_restore_singletons: None, hydra_sweep_runner: TSweepRunner, tmp_path: Path
) -> Callable[..., list[JobReturn]]:
    """`sweep(task, *overrides)`: what Hydra's jobs returned."""

    def start(task: TaskFunction, *overrides: str, launcher: str = "fused") -> list[JobReturn]:
        # Hydra is given an object of its own; what matters here is what the launcher is given
        runner = hydra_sweep_runner(
            calling_file=None,
            calling_module="hydra.test_utils.a_module",
            task_function=task,
            config_path="configs",
            config_name="compose.yaml",
            overrides=[f"hydra/launcher={launcher}", *overrides],
            temp_dir=tmp_path / "sweep",
        )
        if hasattr(task, "together"):
            runner.together = task.together  # type: ignore[attr-defined]
        with runner:
            assert runner.returns is not None
            (returns,) = runner.returns
            return list(returns)

    return start


def test_what_a_job_returns_is_what_hydras_own_launcher_returns(sweep: Callable[..., list[JobReturn]]) -> None:
    overrides = ("+foo_of=a,b", "foo=1", "bar=${foo}")
    fused, basic = (sweep(Task(), *overrides, launcher=launcher) for launcher in ("fused", "basic"))
    assert len(fused) == len(basic) == 2
    for ours, theirs in zip(fused, basic, strict=True):
        assert ours.overrides == theirs.overrides
        assert ours.cfg == theirs.cfg
        assert ours.cfg is not None
        assert OmegaConf.to_yaml(ours.cfg, resolve=True) == "foo: 1\nbar: 1\nfoo_of: " + ours.cfg.foo_of + "\n"
        assert (ours.task_name, ours.status) == (theirs.task_name, JobStatus.COMPLETED)
        assert ours.return_value == theirs.return_value == 1
        assert ours.hydra_cfg is not None
        assert theirs.hydra_cfg is not None
        mine, its = ours.hydra_cfg.hydra, theirs.hydra_cfg.hydra
        assert (mine.job, mine.sweep, mine.overrides.task) == (its.job, its.sweep, its.overrides.task)
        assert mine.runtime.output_dir == its.runtime.output_dir


def test_a_job_of_several_seeds_returns_their_mean(sweep: Callable[..., list[JobReturn]], tmp_path: Path) -> None:
    class Squares(Task):
        def together(self, configs: Sequence[DictConfig], train: Callable[..., Any]) -> list[Any]:
            super().together(configs, train)
            return [config.seed**2 for config in configs]

    task, seeds = Squares(), ("hydra.sweep.subdir=${foo}/${seed}", "hydra.launcher.seeds=3")
    returns = sweep(task, "+seed=5,20", "foo=3", *seeds)
    assert task.folders == [str(tmp_path / "sweep/3" / str(seed)) for seed in (5, 6, 7, 20, 21, 22)]
    assert [each.return_value for each in returns] == [(25 + 36 + 49) / 3, (400 + 441 + 484) / 3]
    assert [each.overrides for each in returns] == [["+seed=5", "foo=3"], ["+seed=20", "foo=3"]]
    with pytest.raises(ValueError, match="takes no jobs together"):
        sweep(lambda config: 1, "+seed=5", *seeds)


def test_jobs_are_given_together_each_with_its_folder(
    sweep: Callable[..., list[JobReturn]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task()
    returns = sweep(task, "foo=3,1,2", "hydra.sweep.subdir=job${hydra:job.num}/${foo}")
    assert [each.return_value for each in returns] == [3, 1, 2]
    assert task.alone == 0
    assert task.folders == [str(tmp_path / "sweep" / f"job{n}" / str(foo)) for n, foo in enumerate((3, 1, 2))]


def test_callbacks_are_told_of_every_job(
    sweep: Callable[..., list[JobReturn]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    for name in ("on_job_start", "on_job_end"):
        method = getattr(told, name)
        monkeypatch.setattr(Callbacks, name, lambda self, *, method=method, **keywords: method(**keywords))
    sweep(Task(), "foo=3,1")
    assert told.calls == [("start", 3, 0), ("start", 1, 1), ("end", 3, 0, 3), ("end", 1, 1, 1)]


def test_one_log_for_all_stands_in_the_sweeps_folder(
    hydra_sweep_runner: TSweepRunner, hydra_restore_singletons: None, tmp_path: Path
) -> None:
    def together(configs: Sequence[DictConfig], train: Any) -> list[None]:
        logging.getLogger("task").info("%d jobs", len(configs))
        return [None] * len(configs)

    runner = hydra_sweep_runner(
        calling_file=None,
        calling_module="hydra.test_utils.a_module",
        task_function=None,
        config_path="configs",
        config_name="compose.yaml",
        overrides=["hydra/launcher=fused", "foo=1,2"],
        temp_dir=tmp_path / "sweep",
    )
    runner.together = together  # type: ignore[attr-defined]
    with runner:
        assert "2 jobs" in (tmp_path / "sweep" / "a_module.log").read_text()


def test_two_sweeps_in_one_process(sweep: Callable[..., list[JobReturn]]) -> None:
    for foos in ("1,2", "3,4,5"):
        assert [each.return_value for each in sweep(Task(), f"foo={foos}")] == [int(foo) for foo in foos.split(",")]
        assert HydraConfig.instance().cfg is None


def test_its_keys_are_typed() -> None:
    node = ConfigStore.instance().load("hydra/launcher/fused.yaml").node
    assert node.max_population is None
    assert node.workers == "auto"
    with pytest.raises(Exception, match="could not be converted to Integer"):
        node.max_population = "many"
