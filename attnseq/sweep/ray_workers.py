"""Ray's workers: connecting to a cluster, or starting one on this machine, and training populations as Ray tasks."""

import logging
import math
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import ray
import ray.exceptions

from attnseq.core.keys import ConfigError
from attnseq.sweep.remote import Assignment, Place
from attnseq.sweep.worker import Failed, Lost, Report, Share, train_population

OBJECT_STORE_BYTES = 200_000_000
"""Shared memory for a Ray that is started here: jobs and results are small, but Ray would take a third of all."""

CONNECT_SECONDS = 10.0

REASONS = {
    "NodeDiedError": "its node died",
    "OutOfMemoryError": "its node ran out of memory",
    "TaskCancelledError": "cancelled",
    "WorkerCrashedError": "its process died",
}


@contextmanager
def ray_workers(address: str | None, cpus: float, gpus: float | None) -> Iterator["RayWorkers"]:
    """Connect to Ray, print nothing inside the block, and disconnect at its end; stop a Ray that was started here.

    Args:
        address: of a cluster ("auto": the one that runs on this machine). None: RAY_ADDRESS if it is set, as Ray's job
            submission does; else Ray is started on this machine. A Ray that the program has initialised is used.
        cpus: of each population.
        gpus: as in `RayWorkers`.

    Raises:
        ConfigError: there is no such cluster.
    """
    mine = not ray.is_initialized()
    if mine:
        _initialise(address or os.environ.get("RAY_ADDRESS") or "local")
    # hide what Ray prints when a node dies, then and at the end: 20 lines of its log, which no option turns off
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        try:
            yield RayWorkers(cpus, gpus)
        finally:
            if mine:
                ray.shutdown()


class RayWorkers:
    """A Ray cluster with the nodes that it has now; each population is a task.

    Args:
        cpus: of each population.
        gpus: of each population whose device is not cpu; None: one where the cluster has any.
    """

    def __init__(self, cpus: float, gpus: float | None):
        self._cpus, self._gpus = cpus, gpus
        self._nodes: list[dict[str, float]] = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        # do not let Ray start a task again: `remote.Dispatcher` does so, reports lost workers and counts them
        self._task: Any = ray.remote(max_retries=0, scheduling_strategy="SPREAD")(train_population)

    def place(self, device: str) -> Place:
        """Do as `remote.Workers` says."""
        gpus = self._gpus_for(device)
        fitting = [self._fitting(node, gpus) for node in self._nodes]
        if not sum(fitting):
            needs = f"cpus_per_population={self._cpus:g}, gpus_per_population={gpus:g}"
            raise ConfigError(f"hydra.launcher: {needs}: none of the cluster's nodes ({len(self._nodes)}) has as much")
        sharing = max(1, int(1 / gpus)) if gpus else max(fitting)
        # name the CPU, since a task can still see a GPU that was not asked for
        share = Share(device if gpus else "cpu", max(1, int(self._cpus)), sharing)
        return Place(gpus, sum(fitting), share)

    def submit(self, assignment: Assignment) -> Any:
        """Do as `remote.Workers` says."""
        place, again = assignment.place, assignment.lost > 0
        task = self._task.options(num_cpus=self._cpus, num_gpus=place.gpus)
        largest = assignment.max_population
        return task.remote(list(assignment.jobs), place.share, largest, again, assignment.fail_fast)

    def wait(self, handles: Sequence[Any], seconds: float) -> list[tuple[Any, Report]]:
        """Do as `remote.Workers` says."""
        ready, _ = ray.wait(list(handles), num_returns=1, timeout=seconds)
        return [(handle, self._report(handle)) for handle in ready]

    def cancel(self, handle: Any) -> None:
        """Do as `remote.Workers` says: a running task gets SIGINT."""
        ray.cancel(handle)

    def _report(self, handle: Any) -> Report:
        try:
            report: Report = ray.get(handle)
            return report
        except ray.exceptions.RayTaskError as error:
            if "failed to import on the worker" in str(error.cause):
                why = "a node of the cluster cannot import attnseq; every node needs the same installation"
                return Failed(ConfigError(f"hydra.launcher.address: {why}"))
            return Failed(error)
        except ray.exceptions.RayError as error:
            return Lost(REASONS.get(type(error).__name__, type(error).__name__))

    def _gpus_for(self, device: str) -> float:
        if ":" in device:
            raise ConfigError(f"device={device}: Ray gives each population a GPU of its own; must be auto, cpu or cuda")
        if device == "cpu":
            return 0.0
        gpus = self._gpus
        if gpus is None:
            gpus = float(device == "cuda" or any(node.get("GPU") for node in self._nodes))
        if device == "cuda" and not gpus:
            raise ConfigError("hydra.launcher.gpus_per_population=0: device=cuda needs more")
        return gpus

    def _fitting(self, node: dict[str, float], gpus: float) -> int:
        """Count the populations that a node has room for at once."""
        fits = [node.get("CPU", 0.0) / self._cpus] + ([node.get("GPU", 0.0) / gpus] if gpus else [])
        return math.floor(min(fits) + 1e-6)  # despite rounding, as of 1 / 0.1


def _initialise(address: str) -> None:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == "local":
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # send no statistics to Ray's makers
        options |= {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    with _signals_kept():
        try:
            _check_reachable(address)
            ray.init(address, **options)
        except (OSError, RuntimeError, ValueError) as error:
            ray.shutdown()
            reason = str(error).partition(". ")[0]
            raise ConfigError(f"hydra.launcher.address={address}: no Ray cluster there ({reason})") from None


def _check_reachable(address: str) -> None:
    """Raise OSError where nothing listens at host:port: Ray itself would try for minutes, and print to stderr."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Restore the handler of SIGTERM at the end, since Ray installs its own."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
