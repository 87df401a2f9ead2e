"""A run as a Python object: `attnseq.load`."""

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy.typing as npt

from attnseq.api.exporting import FORMS
from attnseq.api.prediction import Prediction, predict
from attnseq.api.sequences import samples
from attnseq.contracts.model import Model
from attnseq.contracts.task import Task
from attnseq.core import plugins as plugin_modules
from attnseq.core.files import write_atomically
from attnseq.core.keys import ConfigError
from attnseq.report import history
from attnseq.runs.build import build_device
from attnseq.runs.config import RunConfig
from attnseq.runs.loading import CONFIG, named_plugins, read_config, trained_model
from attnseq.runs.reading import DAMAGED, RunRecord, read_run
from attnseq.training.checkpoint import ADVICE, CheckpointError, load_checkpoint
from attnseq.training.foreign import versions


class RunError(Exception):
    """A folder that cannot be used as a run; the message is one line that names it and says why."""


class Run:
    """A run, finished or not. Its folder is read when something is asked for; nothing is written.

    Args:
        path: the run's folder.
        device: where its model predicts: cpu, cuda, cuda:N or auto.

    Raises, wherever it reads:
        RunError: the content of the folder cannot be used.
    """

    def __init__(self, path: str | Path, device: str = "cpu"):
        self.path = Path(path).expanduser().absolute()
        self._device = device

    @classmethod
    def of(cls, record: RunRecord, device: str = "cpu") -> "Run":
        """Make the run of a record that was read before."""
        run = cls(record.path, device)
        run.record = record
        return run

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {self.state})"

    @cached_property
    def record(self) -> RunRecord:
        """What the folder says of the run, as plain values; for a damaged folder, what is damaged."""
        return read_run(self.path)

    @property
    def state(self) -> str:
        """One of finished, diverged, unfinished, damaged."""
        return self.record.state

    @property
    def result(self) -> dict[str, Any] | None:
        """What result.json holds; None for a run that is not finished."""
        return dict(self.record.result) or None

    @cached_property
    def history(self) -> list[dict[str, float]]:
        """A row for each epoch, oldest first, by column of history.csv."""
        file = self.path / "history.csv"
        try:
            with _one_line(self.path):
                return history.read(file) if file.exists() else []
        except ValueError as error:
            raise RunError(f"{file}: damaged ({str(error).rpartition(': ')[2]})") from None

    @cached_property
    def config(self) -> RunConfig:
        """What the run was started with."""
        with _one_line(self.path):
            return read_config(self.path / CONFIG)

    @cached_property
    def task(self) -> Task:
        """The task that the run learns."""
        with _one_line(self.path):
            return self.config.dataset.task

    @cached_property
    def model(self) -> Model:
        """The model of the last checkpoint: an ordinary `nn.Module`, with parameters under their names."""
        file = self.path / "checkpoint.pt"
        with _one_line(self.path):
            checkpoint = load_checkpoint(file)
            if checkpoint is None:
                raise RunError(f"{file}: missing; a run has it from its first epoch on")
            return trained_model(self.config, self.task, checkpoint, file).to(build_device(self._device))

    def predict(self, sequences: Any, lengths: npt.ArrayLike | None = None, *, beam: int = 1) -> Prediction:
        """Predict the answers of sequences, see `Prediction`.

        Args:
            sequences: BxT tokens, BxT or BxTxF numbers: an array, a tensor or a list; or strings of digits, or of the
                task's own characters. Rows may differ in length where the task's do. A single sequence is a batch of
                one. Where tokens have names, they may be called by these. Or the path of a file, of the form that
                the task was read from.
            lengths: B, how many positions each sequence has, where the array is padded at the end.
            beam: of models that write an answer token after token: beginnings that beam search keeps, 1 to 16.

        Raises:
            ValueError: the sequences do not fit the task, or the model does not take this `beam`; the message is one
                line that names sequence and position.
        """
        task, any_length = self.task, self.model.any_length
        if isinstance(sequences, Path) or (isinstance(sequences, str) and task.fingerprint()):
            read = task.read(str(sequences), any_length)
            return replace(predict(self.model, task, read.samples, beam), ids=read.ids)
        batch = samples(sequences, task.spec.inputs, lengths, any_length, task.encode, task.token_names)
        return predict(self.model, task, batch, beam)

    def export(self, path: str | Path) -> Path:
        """Write the model to a file that needs no attnseq.

        Args:
            path: .pt2 (a program for `torch.export.load`), .onnx, or .pt (a state_dict for `torch.load`). The first two
                take sequences in the units of the data, in batches of any number, and give predictions in the task's
                units; `interface.json` in the first, metadata in the second say what exactly.

        Returns:
            The path.

        Raises:
            ValueError: another suffix, or the model cannot be exported; the message is one line.
            OSError: the file cannot be written; what was there is untouched.
        """
        file = Path(path)
        form = FORMS.get(file.suffix.lower().removeprefix("."))
        if form is None:
            raise ValueError(f"{file}: must end in one of {', '.join(f'.{suffix}' for suffix in FORMS)}")
        about = {"variant": self.record.result.get("variant", self.path.parent.name), "seed": self.config.seed}
        write_atomically(file, form(copy.deepcopy(self.model).cpu(), self.task, {**about, "versions": versions()}))
        return file


def load(folder: str | Path, *, plugins: Iterable[str] = (), device: str = "cpu") -> Run:
    """Load a run that was trained, or is being trained, from its folder.

    Args:
        folder: of the run, such as outputs/tutorial/mlp_attention/seed=1337; it may have been moved.
        plugins: modules with the choices that the run was trained with. Besides them only plugins of installed packages
            are imported, whatever the config says.
        device: where its model predicts: cpu, cuda, cuda:N or auto.

    Raises:
        RunError: the folder is not a run's, is damaged, of another version, or needs a plugin; the message is one line.
        ConfigError: a plugin cannot be imported, or there is no such device.
    """
    plugin_modules.add([plugins] if isinstance(plugins, str) else plugins)
    plugin_modules.load()
    build_device(device)
    run = Run(folder, device)
    if not run.path.is_dir():
        raise RunError(f"{run.path}: no such folder")
    if not (run.path / CONFIG).is_file():
        raise RunError(f"{run.path}: no run's folder: it has no {CONFIG}")
    if run.state == DAMAGED:
        raise RunError(run.record.problem.removesuffix(f"; {ADVICE}"))
    _ = run.config, run.history
    if (run.path / "checkpoint.pt").exists():
        _ = run.model
    return run


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turn errors about a run's folder inside the block into RunErrors."""
    try:
        yield
    except ConfigError as error:
        raise RunError(f"{path}: {error}{_named(path)}") from None
    except CheckpointError as error:
        raise RunError(str(error).removesuffix(f"; {ADVICE}")) from None
    except OSError as error:
        raise RunError(f"{error.filename or path}: {error.strerror or error}") from None


def _named(path: Path) -> str:
    """Say that a run was trained with plugins that are not imported here; "" where it names none."""
    named = [name for name in named_plugins(path / CONFIG) if name not in plugin_modules.known()]
    return f"; it was trained with plugins: attnseq.load(folder, plugins={named})" if named else ""
