"""What populations get of a Ray cluster's nodes, and addresses where there is no cluster; Ray is not started."""

import os
import socket
from typing import Any

import pytest

ray: Any = pytest.importorskip("ray", reason="Ray is not installed (extra ray)")

from attnseq.core.keys import ConfigError  # noqa: E402
from attnseq.sweep.ray_workers import RayWorkers, ray_workers  # noqa: E402
from attnseq.sweep.remote import Place  # noqa: E402
from attnseq.sweep.worker import Share  # noqa: E402

CPU_NODES = [{"CPU": 8.0}, {"CPU": 3.0}]
GPU_NODES = [{"CPU": 16.0, "GPU": 2.0}, {"CPU": 16.0, "GPU": 4.0}, {"CPU": 4.0}]


def workers(
    monkeypatch: pytest.MonkeyPatch, nodes: list[dict[str, float]], cpus: float = 1, gpus: float | None = None
) -> RayWorkers:
    alive = [{"Alive": True, "Resources": resources} for resources in nodes]
    monkeypatch.setattr(ray, "nodes", lambda: [*alive, {"Alive": False, "Resources": {"CPU": 99.0, "GPU": 99.0}}])
    return RayWorkers(cpus, gpus)


@pytest.mark.parametrize(
    ("nodes", "cpus", "gpus", "device", "place"),
    [
        (CPU_NODES, 1, None, "auto", Place(0, 11, Share("cpu", threads=1, sharing=8))),
        (CPU_NODES, 2, None, "cpu", Place(0, 5, Share("cpu", threads=2, sharing=4))),
        (CPU_NODES, 0.1, None, "cpu", Place(0, 110, Share("cpu", threads=1, sharing=80))),
        (GPU_NODES, 1, None, "auto", Place(1, 6, Share("auto", threads=1, sharing=1))),
        (GPU_NODES, 1, 0.25, "cuda", Place(0.25, 24, Share("cuda", threads=1, sharing=4))),
        (GPU_NODES, 8, 1, "auto", Place(1, 4, Share("auto", threads=8, sharing=1))),
        (GPU_NODES, 4, 0, "auto", Place(0, 9, Share("cpu", threads=4, sharing=4))),
        (GPU_NODES, 4, None, "cpu", Place(0, 9, Share("cpu", threads=4, sharing=4))),
    ],
)
def test_place(
    nodes: list[dict[str, float]],
    cpus: float,
    gpus: float | None,
    device: str,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert workers(monkeypatch, nodes, cpus, gpus).place(device) == place


@pytest.mark.parametrize(
    ("cpus", "gpus", "device", "message"),
    [
        (9, None, "cpu", r"cpus_per_population=9, gpus_per_population=0: none of the cluster's nodes \(2\)"),
        (1, 1, "auto", "gpus_per_population=1: none"),
        (1, None, "cuda", "gpus_per_population=1: none"),
        (1, 0, "cuda", "gpus_per_population=0: device=cuda needs more"),
        (1, None, "cuda:1", "device=cuda:1: Ray gives each population a GPU of its own"),
    ],
)
def test_no_place(cpus: float, gpus: float | None, device: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=message):
        workers(monkeypatch, CPU_NODES, cpus, gpus).place(device)


def test_no_cluster_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
    for address in (None, f"127.0.0.1:{port}", "nonsense"):
        shown = address or os.environ["RAY_ADDRESS"]
        with pytest.raises(ConfigError, match=f"hydra.launcher.address={shown}: no Ray cluster there"):
            ray_workers(address, 1, None).__enter__()
    assert not ray.is_initialized()
