"""Checkpoints: everything that one run needs to go on bit for bit, in one file that is whole or not there.

Shapes: N parameters of the run.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from attnseq.files import write_atomically

FORMAT = 2


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be used; the message is one line that says what to do."""


@dataclass
class Checkpoint:
    """Where a run stands.

    Args:
        config: what the run was started with, as far as it decides the result; text.
        epoch: epochs finished.
        step: optimizer steps taken in the epoch that is under way, a multiple of `trainer.BLOCK`.
        state: a row of each tensor of `PopulationState`, by its name.
        seconds: spent so far.
        epoch_seconds: of these, on training in the epoch that is under way.
    """

    config: str
    epoch: int
    step: int
    state: dict[str, Tensor]
    seconds: float
    epoch_seconds: float


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint` to `path` atomically.

    Raises:
        OSError: as `write_atomically`.
    """
    # cloned, since of a row of a population's tensor `torch.save` would write the whole tensor
    state = {name: value.clone() for name, value in checkpoint.state.items()}
    buffer = io.BytesIO()
    torch.save({"format": FORMAT} | vars(checkpoint) | {"state": state}, buffer)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: Path, config: str) -> Checkpoint | None:
    """Read a checkpoint; nothing in the file is executed.

    Args:
        path: of the file.
        config: what the run is started with now.

    Returns:
        The checkpoint, on the CPU, or None where there is no file.

    Raises:
        CheckpointError: the file is damaged, or of another config or format.
    """
    advice = "overwrite=true starts the run anew"
    try:
        with zipfile.ZipFile(path) as file:  # `torch.load` does not look at the checksums
            if file.testzip() is not None:
                raise zipfile.BadZipFile(f"{path}: checksum")
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if content.pop("format") != FORMAT:
            raise CheckpointError(f"{path}: written by another version of attnseq; {advice}")
        checkpoint = Checkpoint(**content)
    except FileNotFoundError:
        return None
    except CheckpointError:
        raise
    except Exception as error:  # there is no end to what readers raise on damaged files
        raise CheckpointError(f"{path}: damaged or not a checkpoint ({type(error).__name__}); {advice}") from error
    if checkpoint.config != config:
        raise CheckpointError(f"{path}: of a run with another config; choose another name=, or {advice}")
    return checkpoint
