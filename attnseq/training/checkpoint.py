"""Checkpoints: everything that one run needs to go on bit for bit, in one file that is whole or not there.

Shapes: N parameters of the run.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from attnseq.core.files import write_atomically
from attnseq.training.foreign import another_config, other_keys, written_by

FORMAT = 3
READABLE = (2, 3)
"""Formats that can be read; 2 has no `Program`, and no versions."""

ADVICE = "overwrite=true starts the run anew"


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be used; the message is one line that says what to do."""


@dataclass(frozen=True)
class Program:
    """What trains a run.

    Args:
        shapes: of the model's parameters by name, in their order within parameters_N.
        digest: of the operations of a step, see `training.fingerprint`.
        torch: PyTorch's version, on which these operations depend.
    """

    shapes: Mapping[str, Sequence[int]]
    digest: str
    torch: str


@dataclass
class Checkpoint:
    """Where a run stands.

    Args:
        config: the part of the run's config that decides its result, as text.
        epoch: epochs finished.
        step: optimizer steps taken in the epoch that is under way, a multiple of `pace.BLOCK`.
        state: the run's row of each tensor of `PopulationState`, by the tensor's name.
        seconds: spent on the run so far.
        epoch_seconds: of these, on training in the epoch that is under way.
        program: what trained the run so far; None where an older version wrote the checkpoint.
        versions: of attnseq, PyTorch and Python; None in the same case.
    """

    config: str
    epoch: int
    step: int
    state: dict[str, Tensor]
    seconds: float
    epoch_seconds: float
    program: Program | None = None
    versions: dict[str, str] | None = None


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint` to `path` atomically.

    Raises:
        OSError: as `write_atomically`.
    """
    # clone each row: `torch.save` would write the whole tensor of the population
    state = {name: value.clone() for name, value in checkpoint.state.items()}
    program = checkpoint.program and asdict(checkpoint.program)
    buffer = io.BytesIO()
    torch.save({"format": FORMAT} | vars(checkpoint) | {"state": state, "program": program}, buffer)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: Path, config: str | None = None) -> Checkpoint | None:
    """Read a checkpoint; nothing in the file is executed.

    Args:
        path: of the file.
        config: of the run that is started now; None to read a checkpoint of any config.

    Returns:
        The checkpoint, on the CPU, or None where there is no file.

    Raises:
        CheckpointError: the file is damaged, or of another config or format.
    """
    try:
        with zipfile.ZipFile(path) as file:  # check the checksums, which `torch.load` ignores
            if file.testzip() is not None:
                raise zipfile.BadZipFile(f"{path}: checksum")
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        _check_keys(path, content)
        program = content.get("program")
        checkpoint = Checkpoint(**content | {"program": program and Program(**program)})
    except FileNotFoundError:
        return None
    except CheckpointError:
        raise
    except Exception as error:  # a reader may raise anything on a damaged file
        raise CheckpointError(f"{path}: damaged or not a checkpoint ({type(error).__name__}); {ADVICE}") from error
    if config is not None and checkpoint.config != config:
        problem = another_config(checkpoint.config, config, checkpoint.versions)
        raise CheckpointError(f"{path}: {problem}; choose another name=, or {ADVICE}")
    return checkpoint


def _check_keys(path: Path, content: dict[str, Any]) -> None:
    """Remove the format from a checkpoint's content; raise CheckpointError where it or a key is of another version."""
    number, versions = content.pop("format"), content.get("versions")
    if number not in READABLE:
        known = " and ".join(map(str, READABLE))
        raise CheckpointError(f"{path}: of format {number!r}, not {known}, {written_by(versions)}; {ADVICE}")
    missing = {field.name for field in fields(Checkpoint) if field.default is MISSING} - content.keys()
    unknown = content.keys() - {field.name for field in fields(Checkpoint)}
    if missing or unknown:
        raise CheckpointError(f"{path}: damaged, or {other_keys(missing, unknown, versions)}; {ADVICE}")


def check_parameters(path: Path, checkpoint: Checkpoint, shapes: Mapping[str, Sequence[int]]) -> None:
    """Raise CheckpointError where a model cannot go on with a checkpoint: its parameters have other names or shapes.

    Args:
        path: of the checkpoint's file.
        checkpoint: to go on from.
        shapes: of the model's parameters, see `Program`.
    """
    count = sum(torch.Size(shape).numel() for shape in shapes.values())
    if checkpoint.program is None:
        held = checkpoint.state["parameters"].numel()
        problem = f"it holds {held} numbers, the model has {count}" * (held != count)
    else:
        problem = _differences(checkpoint.program.shapes, shapes)
    if problem:
        raise CheckpointError(f"{path}: of another model ({problem}): its code has changed; {ADVICE}")


def _differences(theirs: Mapping[str, Sequence[int]], ours: Mapping[str, Sequence[int]]) -> str:
    """Say how parameters differ; "" where they do not."""
    their, our = ({name: "x".join(map(str, shape)) for name, shape in all_.items()} for all_ in (theirs, ours))
    both = [name for name in our if name in their]
    found = [f"{name} is {their[name]} there, {our[name]} here" for name in both if their[name] != our[name]]
    found += [f"{name} is missing there" for name in our if name not in their]
    found += [f"{name} is unknown here" for name in their if name not in our]
    return "; ".join(found) or "its parameters stand in another order" * (list(their) != list(our))
