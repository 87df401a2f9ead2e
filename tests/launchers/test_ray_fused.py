"""`hydra/launcher=ray_fused` as a command: on a cluster of three nodes, one of which dies, and on Ray started here.

Ray takes some ten seconds to start, so that each test does much.
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hydra.test_utils.launcher_common_tests import LauncherTestSuite
from processes import LIMIT, insist, wait_until

from hydra_plugins.attnseq_launchers.ray_fused import RayFusedLauncher

try:
    from ray.cluster_utils import Cluster
except ImportError:
    Cluster = None

RAY_FUSED = "hydra/launcher=ray_fused"
OVERRIDES = (
    "device=cpu",
    "dataset.train_size=640",
    "dataset.validation_size=64",
    "dataset.test_size=64",
    "trainer.batch_size=160",
    "trainer.compile=false",
)
IN_EPOCH_4, NOWHERE = "ray=16", "ray=0"
NODE: dict[str, Any] = {
    "num_cpus": 1,
    "include_dashboard": False,
    "include_log_monitor": False,
    "object_store_memory": 80_000_000,
}

needs_ray = pytest.mark.skipif(Cluster is None, reason="Ray is not installed (extra ray)")
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="who has which file open is read from /proc")

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def ray_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where Ray keeps its sockets, whose paths must be short."""
    path = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))
    monkeypatch.setenv("RAY_TMPDIR", str(path))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def processes(name: str) -> dict[int, str]:
    """What /proc tells of every process under `name`; of those that end meanwhile nothing."""
    found = {}
    for path in Path("/proc").glob(f"[0-9]*/{name}"):
        with suppress(OSError):
            found[int(path.parent.name)] = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found


def ray_processes(ray_folder: Path) -> list[str]:
    """Commands of those that still run."""
    return [command for command in processes("cmdline").values() if str(ray_folder) in command]


def workers_of(node: Any) -> set[int]:
    """Processes that a node has started."""
    raylet = node.all_processes["raylet"][0].process.pid
    return {pid for pid, status in processes("status").items() if f"\nPPid:\t{raylet}\n" in status}


def folders_of(pid: int) -> set[Path]:
    """The folders of the population that a worker trains: it has locked them."""
    links = []
    for file in Path("/proc", str(pid), "fd").glob("*"):
        with suppress(FileNotFoundError):  # one of Ray's, closed meanwhile
            links.append(file.readlink())
    return {link.parent for link in links if link.name == ".lock"}


def held(folder: Path) -> list[int]:
    """Workers that are held."""
    return [int(path.name.removeprefix("held-")) for path in folder.glob("held-*")]


def output_of(process: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == status, err
    return out, err


def histories(folder: Path) -> dict[Path, list[str]]:
    """The rows of every run's epochs, the seconds that each took among them."""
    return {path.parent: path.read_text().splitlines()[1:] for path in folder.rglob("history.csv")}


def results(folder: Path) -> dict[Path, dict[str, Any]]:
    return {path.parent.relative_to(folder): json.loads(path.read_text()) for path in folder.rglob("result.json")}


def check_same(ours: dict[Path, dict[str, Any]], theirs: dict[Path, dict[str, Any]]) -> None:
    assert ours.keys() == theirs.keys()
    for run, result in ours.items():
        assert result["status"] == "finished"
        assert result["config"] == theirs[run]["config"]
        for key in ("loss/train", "loss/validation", "loss/test", "mae/test", "attention/mean"):
            assert result[key] == pytest.approx(theirs[run][key], rel=1e-4), (run, key)


@needs_ray
@needs_proc
def test_a_node_of_a_cluster_is_killed(folder: Path, start: Start, ray_folder: Path, tmp_path: Path) -> None:
    """While each of its three workers is held in the fourth epoch."""
    sweep = ("-m", *OVERRIDES, "trainer.epochs=6", "seed=range(64)")
    remote = ("name=remote", RAY_FUSED)

    cluster = insist(Cluster, initialize_head=True, head_node_args=NODE | {"no_monitor": True})
    try:
        node, _ = [insist(cluster.add_node, **NODE) for _ in range(2)]
        process = start(*sweep, *remote, f"hydra.launcher.address={cluster.address}", held=IN_EPOCH_4)
        wait_until(lambda: len(held(tmp_path)) == 3, process)
        (worker,) = workers_of(node) & set(held(tmp_path))
        victims, at_the_kill = folders_of(worker), histories(folder)
        cluster.remove_node(node, allow_graceful=False)
        (tmp_path / "go").touch()
        out, err = output_of(process)
    finally:
        cluster.shutdown()

    assert len(victims) in (21, 22)
    assert [len(rows) for rows in at_the_kill.values()] == [3] * 64
    lines = [line for line in out.splitlines() if "%  step " not in line]  # how many of these, the clock decides
    assert "64 runs, one program, 3 populations of up to 22" in lines[0]
    (lost,) = [line for line in lines if line.startswith("a worker was lost (its node died)")]
    assert lost.endswith(f"its {len(victims)} runs go on from their checkpoints")
    assert lines[4:6] == ["64 of 64 runs", "64 runs: 64 finished"]
    assert len(lines) == 8  # a line a population, and what to look at: nothing of Ray's own
    assert err == ""
    for path, rows in histories(folder).items():
        assert [row.partition(",")[0] for row in rows] == [str(epoch) for epoch in range(1, 7)]
        assert rows[:3] == at_the_kill[path]  # no epoch was trained twice
    output_of(start(*sweep, "name=local"))
    check_same(results(folder / "outputs" / "remote"), results(folder / "outputs" / "local"))

    # all is there: neither cluster nor Ray is asked for
    out, _ = output_of(start(*sweep, *remote, "hydra.launcher.address=127.0.0.1:1"))
    assert out.startswith("64 of 64 runs are finished; overwrite=true trains them anew\n")


@needs_ray
def test_ray_is_started_here_and_stopped(folder: Path, start: Start, ray_folder: Path, tmp_path: Path) -> None:
    sweep = ("-m", *OVERRIDES, "trainer.epochs=6", "seed=1,2,3", RAY_FUSED, "hydra.launcher.max_population=2")
    process = start(*sweep, held=IN_EPOCH_4)
    wait_until(lambda: len(held(tmp_path)) > 0, process)
    assert ray_processes(ray_folder)
    process.send_signal(signal.SIGINT)
    _, err = output_of(process, status=130)
    assert err.startswith("stopped by SIGINT; ")
    assert err.count("\n") == 1
    assert not results(folder)
    assert not ray_processes(ray_folder)
    stopped = histories(folder)
    assert max(len(rows) for rows in stopped.values()) == 4

    out, err = output_of(start(*sweep, held=NOWHERE))
    assert err == ""
    assert "going on from epoch 4" in out
    assert "\n3 of 3 runs\n" in out
    assert len(results(folder)) == 3
    for path, rows in stopped.items():
        assert histories(folder)[path][: len(rows)] == rows  # the signal came with a checkpoint
    assert not ray_processes(ray_folder)


def test_without_ray(folder: Path) -> None:
    arguments = ["attnseq-train", "-m", *OVERRIDES, "seed=1,2", RAY_FUSED]
    program = f"import sys; sys.modules['ray'] = None; sys.argv = {arguments}; from attnseq.train import main; main()"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 2
    assert done.stderr == 'hydra/launcher=ray_fused needs Ray: pip install "attnseq[ray]"\n'
    assert not list(folder.iterdir())


@needs_ray
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_population": 0}, "max_population=0: must be >= 1"),
        ({"cpus_per_population": 0}, "cpus_per_population=0: must be > 0"),
        ({"cpus_per_population": 1.5}, "cpus_per_population=1.5: above 1 it must be a whole number"),
        ({"gpus_per_population": -1}, "gpus_per_population=-1: must be >= 0"),
        ({"max_retries": -1}, "max_retries=-1: must be >= 0"),
    ],
)
def test_out_of_range(changes: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    values: dict[str, Any] = {
        "max_population": None,
        "address": None,
        "cpus_per_population": 1.0,
        "gpus_per_population": None,
        "max_retries": 3,
    }
    nothing: Any = None
    with pytest.raises(SystemExit) as ended:
        RayFusedLauncher(**values | changes).setup(hydra_context=nothing, task_function=nothing, config=nothing)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"hydra.launcher.{message}\n"


@needs_ray
@pytest.mark.filterwarnings("ignore:Future Hydra versions:UserWarning")
@pytest.mark.parametrize(("launcher_name", "overrides"), [("ray_fused", [])])
class TestHydrasOwn(LauncherTestSuite):
    """Task functions that cannot train together are called one by one, here: Ray is not started."""
