"""What a model makes of the sequences in a file, as a table: `attnseq.predict`.

Shapes: B sequences, T positions.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from attnseq.api.prediction import Prediction, predict
from attnseq.api.run import Run
from attnseq.contracts.batch import Batch


def predict_file(run: Run, path: str) -> tuple[Prediction, Batch]:
    """Predict the sequences in a file of the form that a run was trained on.

    Args:
        run: finished, or with a checkpoint.
        path: of the file.

    Returns:
        The prediction, with the file's ids and, where it has them, answers; and the samples that were read.

    Raises:
        ValueError: the file does not fit; the message is one line that names file, row and column.
        RunError: the run has no checkpoint.
    """
    read = run.task.read(path, run.model.any_length)
    return replace(predict(run.model, run.task, read.samples), ids=read.ids), read.samples


def as_table(seen: Prediction, samples: Batch, position_names: Sequence[str]) -> list[list[str]]:
    """Lay predictions out as rows: id, prediction, truth where the file has it, and the attention to each position.

    Args:
        seen: of B sequences.
        samples: that were predicted.
        position_names: names of the positions that the model was trained on.

    Returns:
        The header and B rows of cells; of positions that a sequence does not have the cell is empty.
    """
    columns: list[Any] = [seen.ids, seen.prediction] + ([] if seen.truth is None else [seen.truth])
    header = ["id", "prediction", "truth"][: len(columns)]
    rows = [[_text(value) for value in row] for row in zip(*columns, strict=True)]
    if seen.position_attention is not None:
        length = seen.position_attention.shape[1]
        names = position_names if len(position_names) == length else list(map(str, range(length)))
        header += [f"attention {name}" for name in names]
        ends = [length] * len(rows) if samples.lengths is None else samples.lengths.tolist()
        for row, weights_T, end in zip(rows, seen.position_attention, ends, strict=True):
            row += [f"{weight:.6g}" for weight in weights_T[:end]] + [""] * (length - end)
    return [header, *rows]


def as_text(table: Sequence[Sequence[str]], out: str = "") -> str:
    """Write a table as text, with tabs where the file that it goes to is called .tsv, else with commas."""
    text = io.StringIO()
    separator = "\t" if Path(out).suffix.lower() == ".tsv" else ","
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(table)
    return text.getvalue()


def _text(value: object) -> str:
    """Write an answer; one that is not known is an empty cell."""
    if isinstance(value, float):
        return "" if value != value else f"{value:.8g}"
    return str(value)
