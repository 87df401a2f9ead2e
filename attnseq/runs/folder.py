"""A run's folder: what is in it, who may write to it, and whether the run is finished."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from attnseq.core.files import write_atomically
from attnseq.report.style import FORMATS
from attnseq.runs.analysis_file import FILE as ANALYSIS
from attnseq.training.checkpoint import ADVICE, Checkpoint, Program, load_checkpoint, save_checkpoint
from attnseq.training.foreign import another_config, other_keys, versions

FINISHED = ("finished", "diverged")

FACTS = "task.json"
"""What a run keeps of the files that its samples are read from, see `Task.facts`."""

PICTURES = tuple(f"{name}.{form}" for name in ("attention", "loss") for form in FORMATS)
EXPORTED = ("model.pt2", "model.onnx", "model.pt")
"""What plotting and exporting write of a run beside it, where nothing else is asked for."""

FILES = (
    *("result.json", "checkpoint.pt", "plan.json", "history.csv", FACTS, "error.txt", ANALYSIS),
    *PICTURES,
    *EXPORTED,
)

NEEDED = {
    "finished": ("loss/validation", "loss/test", "microseconds_per_sample", "seconds"),
    "diverged": ("diverged",),
}
"""Keys that a result must have to be shown again, by its status."""

LOCK_SECONDS = 0.1
"""How long to wait for a folder's lock: `attnseq.status` holds each lock for an instant."""


class RunFolderError(RuntimeError):
    """A folder that this run cannot use; the message is one line that says what to do."""


class FolderInUseError(RunFolderError):
    """Another process trains the run."""


class RunFolder:
    """The files of one run.

    Args:
        path: of the folder, which is made when the lock is taken.
        config: the part that decides the result, as JSON, see `naming.result_config`.
    """

    def __init__(self, path: Path, config: str):
        self.path = path
        self.config = config
        self.checkpoint_path = path / "checkpoint.pt"
        self.history_path = path / "history.csv"
        self.plan_path = path / "plan.json"
        self.result_path = path / "result.json"
        self.error_path = path / "error.txt"
        self.facts_path = path / FACTS

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder, so that no other process writes to it; the system releases the lock of a killed process.

        Raises:
            RunFolderError: another process has it, or it cannot be written.
        """
        lock = FileLock(self.path / ".lock", timeout=LOCK_SECONDS)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise FolderInUseError(f"{self.path}: another process is training this run; nothing was changed") from None
        except OSError as error:
            reason = f"the run cannot be trained: no writing there ({error.strerror or error})"
            raise RunFolderError(f"{self.path}: {reason}; nothing was changed") from None
        try:
            self._remove_half_written()
            yield
        finally:
            lock.release()

    def clear(self) -> None:
        """Remove what an earlier run wrote, and what was made of it beside it, and nothing else."""
        for path in [self.path / name for name in FILES] + list(self.path.glob("events.out.tfevents.*")):
            path.unlink(missing_ok=True)

    def write_config(self, files: Mapping[str, str]) -> None:
        """Write the files of `.hydra/`, given as texts by name."""
        folder = self.path / ".hydra"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            write_atomically(folder / name, text.encode())

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        """Write what the run must keep of the files that its samples are read from; nothing where there are none."""
        if facts:
            write_atomically(self.facts_path, (json.dumps(facts, indent=1, allow_nan=False) + "\n").encode())

    def result(self) -> dict[str, Any] | None:
        """Read the result of a finished run; None where it is not finished.

        Raises:
            RunFolderError: the file is damaged, of another config, or without a key that is needed.
        """
        try:
            result: dict[str, Any] = json.loads(self.result_path.read_text())
            wrote, status = result.get("versions"), result.get("status")
            missing = {"status", "config", *NEEDED.get(str(status), ())} - result.keys()
            config = json.dumps(result.get("config"), sort_keys=True)
        except FileNotFoundError:
            return None
        except (ValueError, AttributeError, OSError) as error:
            raise RunFolderError(f"{self.result_path}: damaged ({type(error).__name__}); {ADVICE}") from None
        if "config" not in missing and config != self.config:
            problem = another_config(config, self.config, wrote)
            raise RunFolderError(f"{self.result_path}: {problem}; choose another name=, or {ADVICE}")
        if missing:
            raise RunFolderError(f"{self.result_path}: damaged, or {other_keys(missing, (), wrote)}; {ADVICE}")
        return result if status in FINISHED else None

    def write_result(self, result: dict[str, Any]) -> dict[str, Any]:
        """Write result.json, the mark of a finished run; numbers that are not finite become null.

        Returns:
            Its content.
        """
        content = {key: _finite(value) for key, value in result.items()} | {"config": json.loads(self.config)}
        write_atomically(self.result_path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())
        self.error_path.unlink(missing_ok=True)
        return content

    def load_checkpoint(self) -> Checkpoint | None:
        """Read where the run stands; None if it has not begun. Raises CheckpointError, see `load_checkpoint`."""
        return load_checkpoint(self.checkpoint_path, self.config)

    def save_checkpoint(
        self,
        epoch: int,
        step: int,
        state: dict[str, Any],
        seconds: float,
        epoch_seconds: float,
        program: Program | None = None,
    ) -> None:
        """Write where the run stands, see `Checkpoint`."""
        self.write_checkpoint(Checkpoint(self.config, epoch, step, state, seconds, epoch_seconds, program, versions()))

    def write_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint of this run."""
        save_checkpoint(self.checkpoint_path, checkpoint)

    def _remove_half_written(self) -> None:
        """Remove the temporary files of a process that was killed while it wrote."""
        for pattern in [*(f".{name}.*" for name in FILES), ".hydra/.*.yaml.*"]:
            for path in self.path.glob(pattern):
                path.unlink(missing_ok=True)


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
