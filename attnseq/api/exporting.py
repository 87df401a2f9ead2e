"""A trained model as a file that needs no attnseq, between what people have and answers in the task's units.

Shapes: B batch, T positions, F features, K answer positions.
"""

import importlib.util
import io
import json
import logging
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from attnseq.api.interface import interface
from attnseq.contracts.answers import without_end
from attnseq.contracts.batch import Batch
from attnseq.contracts.model import Model
from attnseq.contracts.spec import Reals, Scalar
from attnseq.contracts.task import Task
from attnseq.layers.recurrence import written_out

TRACED = 3
"""Samples of the batch that a program is traced with; it takes any number, 1 among them."""


class Exported(nn.Module):
    """A model between the numbers that people have and the answers that they want.

    Args:
        model: trained on the task; on the CPU.
        task: that knows scales and units.

    Raises:
        ValueError: inputs are not scaled by a straight line, so that a program could not do it.
    """

    def __init__(self, model: Model, task: Task):
        super().__init__()
        self.model, self.spec = model, task.spec
        scale_F, shift_F = _line(task) if isinstance(self.spec.inputs, Reals) else (torch.ones(1), torch.zeros(1))
        self.scale_F, self.shift_F = nn.Buffer(scale_F), nn.Buffer(shift_F)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> dict[str, Tensor]:
        """Predict, see `interface.interface`."""
        if isinstance(self.spec.inputs, Reals):
            inputs = (inputs * self.scale_F + self.shift_F).float()
        batch = Batch(inputs, lengths=None if lengths is None else lengths.int())
        present_BxT = batch.present()
        if present_BxT is not None:
            there = present_BxT.unsqueeze(-1) if inputs.dim() == 3 else present_BxT
            batch = batch._replace(inputs=inputs.masked_fill(~there, 0))
        output, target = self.model(batch), self.spec.target
        if isinstance(target, Scalar):
            answers = {"prediction": output.prediction.double() * target.scale + target.offset}
        else:
            chosen = without_end(output.prediction.argmax(dim=-1), target)
            answers = {"prediction": chosen, "logits": output.prediction}
        main = next(iter(output.attention.values()), None) if self.model.attends else None
        return answers if main is None else answers | {"attention": main.weights}


def as_program(model: Model, task: Task, about: dict[str, Any]) -> bytes:
    """Return a program for `torch.export.load`, in which the file `interface.json` says what goes in and comes out.

    Args:
        model: trained on the task; on the CPU.
        task: that knows scales and units.
        about: what the file says of the run, beside that.

    Raises:
        ValueError: the model cannot be exported; the message is one line.
    """
    said = json.dumps(interface(model, task) | about, indent=2)
    file = io.BytesIO()
    torch.export.save(_traced(model, task), file, extra_files={"interface.json": said})
    return file.getvalue()


def as_onnx(model: Model, task: Task, about: dict[str, Any]) -> bytes:
    """Return an ONNX model, whose metadata `interface` say what goes in and comes out; see `as_program`."""
    missing = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(f'an .onnx file needs {" and ".join(missing)}: pip install "attnseq[onnx]"')
    said = interface(model, task) | about
    with _tracing():
        found = torch.onnx.export(_traced(model, task), dynamo=True, verbose=False, output_names=list(said["outputs"]))
    assert found is not None
    found.model.metadata_props["interface"] = json.dumps(said)
    content: bytes = found.model_proto.SerializeToString()
    return content


def as_state_dict(model: Model, task: Task, about: dict[str, Any]) -> bytes:
    """Return the parameters under their names, for `torch.load`, which reads nothing but tensors."""
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    return file.getvalue()


FORMS: dict[str, Callable[[Model, Task, dict[str, Any]], bytes]] = {
    "pt2": as_program,
    "onnx": as_onnx,
    "pt": as_state_dict,
}
"""What makes a file, by its suffix."""


def _traced(model: Model, task: Task) -> torch.export.ExportedProgram:
    inputs, batch = task.spec.inputs, torch.export.Dim("batch", min=1)
    shape = (TRACED, inputs.length, inputs.features) if isinstance(inputs, Reals) else (TRACED, inputs.length)
    given = [torch.zeros(shape, dtype=torch.float64 if isinstance(inputs, Reals) else torch.int64)]
    if inputs.padded:
        given.append(torch.full((TRACED,), inputs.length))
    with _tracing(), written_out(), torch.no_grad():
        exported = Exported(model, task).eval()
        try:
            return torch.export.export(
                exported, tuple(given), dynamic_shapes=tuple({0: batch} for _ in given), strict=False
            )
        except Exception as error:
            if model.truth is None:
                raise
            why = "the model is given its task's relevance, which cannot be a part of a program"
            raise ValueError(f"{why} ({type(error).__name__})") from error


def _line(task: Task) -> tuple[Tensor, Tensor]:
    """Find scale_F and shift_F by which a task makes a model's inputs of numbers as people have them."""
    inputs = task.spec.inputs
    assert isinstance(inputs, Reals)
    shape = (1, inputs.length, inputs.features)
    shift, one = task.encode(np.zeros(shape)), task.encode(np.ones(shape))
    scale = one - shift
    other = np.random.default_rng(0).normal(0.0, 100.0, shape)
    if not np.allclose(task.encode(other.copy()), other * scale + shift, rtol=1e-6, atol=1e-6):
        raise ValueError("the task's inputs are not scaled by a straight line: they cannot be a part of a program")
    return torch.from_numpy(np.array(scale[0])), torch.from_numpy(np.array(shift[0]))


@contextmanager
def _tracing() -> Iterator[None]:
    """Trace inside the block in silence, and so that Ctrl-C raises KeyboardInterrupt: PyTorch makes others of it."""
    disabled, stopped = logging.root.manager.disable, []

    def stop(number: int, frame: Any) -> None:
        stopped.append(number)
        raise KeyboardInterrupt

    listens = threading.current_thread() is threading.main_thread()
    listens = listens and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        logging.disable(logging.CRITICAL)
        if listens:
            signal.signal(signal.SIGINT, stop)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception:
        if stopped:
            raise KeyboardInterrupt from None
        raise
    finally:
        logging.disable(disabled)
        if listens:
            signal.signal(signal.SIGINT, signal.default_int_handler)
