"""The job of a contestant, its clock, and the article's task. Only NumPy is loaded here.

Shapes: N samples, T positions, D digit values.
"""

import sys
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

try:
    import resource
except ImportError:  # Windows does not tell a process's peak memory
    resource = None  # type: ignore[assignment]

POSITIONS, BASE, UNITS = 10, 10, 64
MLP, LSTM = "mlp_attention", "lstm_attention"


@dataclass(frozen=True)
class Job:
    """The job of one process.

    Args:
        module: of this package, which does the job.
        settings: further arguments of its `train`.
        needs: packages that must be installed.
        model: "mlp_attention" or "lstm_attention".
        replicas: trained at once.
        samples: of an epoch, a multiple of the batch.
        epochs: that are timed, after one that is not; 0: the job ends with the first step.
        batch_size: samples a step.
        device: "cpu", "cuda" or "cuda:N".
    """

    module: str
    settings: dict[str, Any]
    needs: tuple[str, ...]
    model: str
    replicas: int
    samples: int
    epochs: int
    batch_size: int = 32
    device: str = "cpu"


class Enough(Exception):
    """The job is done."""


@dataclass
class Clock:
    """Looks at the time, in seconds since `started`, as training goes on.

    Args:
        job: that it ends.
        started: by the system-wide `time.perf_counter`.
    """

    job: Job
    started: float
    first: float | None = None
    ends: list[float] = field(default_factory=list)
    loss: float | None = None
    note: str = ""

    def stepped(self) -> None:
        """Note that a step is done, or can be taken now; only the first call counts."""
        if self.first is None:
            self.first = time.perf_counter() - self.started
            if self.job.epochs == 0:
                raise Enough

    def epoch_ended(self) -> None:
        """Note that an epoch is done."""
        self.ends.append(time.perf_counter() - self.started)

    def check(self, loss: float | None) -> None:
        """Note the loss, after each `epoch_ended`; raise `Enough` after the last epoch."""
        self.loss = loss
        if len(self.ends) > self.job.epochs:
            raise Enough

    def figures(self) -> dict[str, Any]:
        """Return what was measured: us a sample and replica of each timed epoch, and the rest."""
        samples = self.job.samples * self.job.replicas
        us = [1e6 * (end - start) / samples for start, end in zip(self.ends, self.ends[1:], strict=False)]
        return {"us": us, "first": self.first, "loss": self.loss, "note": self.note, "peak": peak_mib()}


def peak_mib() -> float | None:
    """Read the most resident memory that this process had so far, in MiB; None where the system does not tell."""
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS, KiB on Linux
    return peak / 2 ** (20 if sys.platform == "darwin" else 10)


def draw_samples(samples: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Draw digits_NxT and targets_N of the article's task: |v[1:4] - v[5:8]| / 1000."""
    digits_NxT = np.random.default_rng(0).integers(0, BASE, (samples, POSITIONS), dtype=np.uint8)
    difference_N = (digits_NxT[:, 1:4].astype(np.float32) - digits_NxT[:, 5:8]) @ np.float32([0.1, 0.01, 0.001])
    return digits_NxT, np.abs(difference_N)


def encode(model: str, digits_NxT: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Encode digits as people do for the model: digits / 10 for the MLP, one-hot digits for the LSTM."""
    return digits_NxT / np.float32(BASE) if model == MLP else np.eye(BASE, dtype=np.float32)[digits_NxT]
