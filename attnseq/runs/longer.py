"""Beginning a run where the same run with fewer epochs has ended: no step depends on how many epochs are to come."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from attnseq.core.files import write_atomically
from attnseq.report import history
from attnseq.report.event_file import events_of_epochs
from attnseq.report.tensorboard import TensorBoardLog
from attnseq.runs.folder import RunFolder
from attnseq.runs.naming import LONGEST
from attnseq.training.checkpoint import Checkpoint, CheckpointError, load_checkpoint

DIGEST = re.compile(r"-[0-9a-f]{8}$")
"""The end of a variant's name that was cut for its length."""


def shorter_run(folder: RunFolder) -> Path | None:
    """Find a finished run that differs only in having fewer epochs, and has a checkpoint; None where there is none.

    Args:
        folder: of a run that has not begun; other runs lie beside it, as `outputs/<name>/<variant>/seed=<n>`.
    """
    found = {epochs: path for path in _beside(folder.path) if (epochs := _epochs_fewer(path, folder.config))}
    return found[max(found)] if found else None


def begin_from(shorter: Path, folder: RunFolder, yaml: str, hparams: Mapping[str, Any]) -> Checkpoint | None:
    """Copy history, TensorBoard events and, last, the checkpoint of a shorter run into a run's folder.

    Args:
        shorter: the shorter run's folder, which is not changed.
        folder: of the longer run, locked.
        yaml: of the longer run's config.
        hparams: what decides its result, by dotted key.

    Returns:
        Where the longer run stands; None where the shorter one's checkpoint or history is damaged, or of another
        version.

    Raises:
        OSError: the folder cannot be written.
    """
    try:
        theirs = load_checkpoint(shorter / folder.checkpoint_path.name)
        epochs = [row["epoch"] for row in history.read(shorter / folder.history_path.name)]
    except (CheckpointError, ValueError, KeyError, TypeError):
        return None
    if theirs is None or epochs != list(range(1, theirs.epoch + 1)):
        return None
    write_atomically(folder.history_path, (shorter / folder.history_path.name).read_bytes())
    for half_copied in folder.path.glob("events.out.tfevents.*"):
        half_copied.unlink()
    events = TensorBoardLog(folder.path)
    events.start(yaml, hparams)
    events.copy(events_of_epochs(shorter, theirs.epoch))
    ours = replace(theirs, config=folder.config)
    folder.write_checkpoint(ours)
    return ours


def _beside(path: Path) -> Iterator[Path]:
    """Yield the folders of runs beside this one whose names may differ only in the epochs."""
    variants = path.parent.parent
    ours, ours_is_cut = _parts(path.parent.name)
    with suppress(OSError):  # where nothing can be read, there is no run to begin from
        for name in os.listdir(variants):  # noqa: PTH208  # names alone: each run of a sweep looks through all variants
            theirs, theirs_is_cut = _parts(name)
            known = min(len(ours) if ours_is_cut else LONGEST, len(theirs) if theirs_is_cut else LONGEST)
            if name != path.parent.name and theirs[:known] == ours[:known]:
                yield variants / name / path.name


@lru_cache(8192)
def _parts(variant: str) -> tuple[list[str], bool]:
    """Take the epochs, and a part that was cut, out of the name of a variant; say whether it was cut."""
    is_cut = len(variant) == LONGEST and DIGEST.search(variant) is not None
    parts = variant.split(",")[: -1 if is_cut else None]
    return [part for part in parts if not part.startswith("epochs=")], is_cut


def _epochs_fewer(path: Path, config: str) -> int:
    """Return the epochs of a finished run that differs only in having fewer of them; 0 for any other run."""
    try:
        result: Any = json.loads((path / "result.json").read_bytes())
        theirs, ours = result["config"], json.loads(config)
        epochs, wanted = theirs["trainer"].pop("epochs"), ours["trainer"].pop("epochs")
        files = all((path / name).is_file() for name in ("checkpoint.pt", "history.csv"))
        same = result["status"] == "finished" and theirs == ours and files
        return int(epochs) if same and epochs < wanted else 0
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0
