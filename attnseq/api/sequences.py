"""Making samples for a model from sequences as people have them: arrays, lists, strings of digits or of symbols.

Shapes: B batch, T positions, F features.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from attnseq.contracts.batch import Batch
from attnseq.contracts.examples import token_type
from attnseq.contracts.spec import Inputs, Reals, Tokens

Array = npt.NDArray[Any]


def samples(
    sequences: Any,
    inputs: Inputs,
    lengths: npt.ArrayLike | None = None,
    any_length: bool = False,
    encode: Callable[[Array], Array] = lambda values: values,
    names: Sequence[str] = (),
) -> Batch:
    """Make samples without targets.

    Args:
        sequences: BxT tokens, BxT or BxTxF numbers: an array, a tensor or a list; or strings of digits, or of the
            task's own characters. Rows may differ in length where the task's do. A single sequence is a batch of one.
        inputs: kind of the task's inputs.
        lengths: B, how many positions each sequence has, from the first on; None: all that are given.
        any_length: whether sequences may be longer or shorter than the task's.
        encode: turns such numbers, float64, into the model's inputs.
        names: of the tokens, which may stand for their numbers.

    Raises:
        ValueError: the sequences do not fit the task; the message is one line that names sequence and position.
    """
    rows = _rows(_numbered(sequences, names) if names else sequences, inputs)
    if not len(rows):
        raise ValueError("no sequences")
    lengths_B = np.array([len(row) for row in rows])
    if lengths is not None:
        lengths_B = _given(lengths, lengths_B)
    if any_length:
        inputs = replace(inputs, length=max(1, int(lengths_B.max())))
    _check_lengths(lengths_B, inputs)
    values = _padded(rows, inputs)
    present_BxT = np.arange(inputs.length) < lengths_B[:, None]
    values[~present_BxT] = 0
    _check_values(values, present_BxT, inputs)
    values = encode(values)
    values[~present_BxT] = 0
    dtype = torch.float32 if isinstance(inputs, Reals) else token_type(inputs)
    lengths_as_trained = torch.from_numpy(lengths_B.astype(np.int32)) if inputs.padded else None
    return Batch(torch.from_numpy(values).to(dtype), lengths=lengths_as_trained)


def _numbered(sequences: Any, names: Sequence[str]) -> Any:
    """Put numbers in the place of the names of tokens; sequences that are numbers stay as they are."""
    rows = sequences.tolist() if hasattr(sequences, "tolist") else list(sequences)
    if not rows or not isinstance(rows[0], str | list | tuple):
        return sequences
    rows = [rows] if isinstance(rows[0], str) else rows
    places = {name: place for place, name in enumerate(names)}
    for number, row in enumerate(rows):
        for position, name in enumerate(row):
            if isinstance(name, str) and name not in places:
                raise ValueError(f"sequence {number}, position {position}: {name!r} is none of {', '.join(names)}")
    return [[places.get(name, name) for name in row] for row in rows]


def _rows(sequences: Any, inputs: Inputs) -> Array | list[Array]:
    """Make one array for each sequence, or one for all where they are of one length."""
    if isinstance(sequences, str):
        sequences = [sequences]
    if not isinstance(sequences, Iterable):
        raise ValueError(f"sequences must be an array, a list or strings, not {type(sequences).__name__}")
    if hasattr(sequences, "__array__"):  # tensors have it, and pandas' tables, whose iteration gives names of columns
        sequences = _array(sequences)
    if not isinstance(sequences, np.ndarray) or (sequences.dtype.kind in "OU" and sequences.ndim == 1):
        sequences = list(sequences)
        if any(isinstance(row, str) for row in sequences):
            sequences = [_tokens(number, row, inputs) for number, row in enumerate(sequences)]
        sequences = _stacked(sequences)
    one = 2 if isinstance(inputs, Reals) and inputs.features > 1 else 1
    if isinstance(sequences, list):
        return sequences
    if sequences.ndim < one:
        raise ValueError(f"sequences must be a batch or one sequence, not of the shape {sequences.shape}")
    return sequences[None] if sequences.ndim == one else sequences


def _tokens(number: int, text: Any, inputs: Inputs) -> Array:
    """Read the tokens of a string of digits, or of the task's own characters."""
    if not isinstance(inputs, Tokens):
        raise ValueError(f"sequence {number}: a string, but the task's inputs are real numbers")
    if not isinstance(text, str):
        raise ValueError(f"sequence {number}: {text!r} is no string, as others are")
    symbols = "".join(inputs.symbols) if inputs.in_characters else "0123456789"
    for position, character in enumerate(text):
        if character not in symbols:
            fault = f'none of "{symbols}"' if inputs.in_characters else "no digit"
            raise ValueError(f"sequence {number}, position {position}: {character!r} is {fault}")
    return np.array([symbols.index(character) for character in text], dtype=np.int64)


def _stacked(rows: list[Any]) -> Array | list[Array]:
    """Make one array of sequences of one length, or of a single sequence; else an array for each."""
    try:
        arrays = [_array(row) for row in rows]
        if len({array.shape for array in arrays}) == 1:
            return np.stack(arrays)
    except ValueError:  # a row itself is ragged
        raise ValueError("the features of a position must be as many everywhere") from None
    for number, array in enumerate(arrays):
        if array.ndim == 0:
            raise ValueError(f"sequence {number}: {rows[number]!r} is no sequence, as others are")
    return arrays


def _array(row: Any) -> Array:
    """Make an array, of a tensor, too, wherever it is and of whatever type."""
    if not isinstance(row, torch.Tensor):
        return np.asarray(row)
    values = row.detach().cpu()
    return (values.double() if values.is_floating_point() else values).numpy()  # NumPy has no bfloat16


def _given(lengths: npt.ArrayLike, there_B: Array) -> Array:
    """Check the given lengths against the sequences."""
    try:
        lengths_B = _array(lengths)
    except ValueError:  # a ragged list
        lengths_B = np.zeros(())
    if lengths_B.shape != there_B.shape or lengths_B.dtype.kind not in "iu":
        raise ValueError(f"lengths: must be {len(there_B)} whole numbers, one a sequence")
    for number in np.flatnonzero(lengths_B > there_B)[:1]:
        raise ValueError(f"lengths: sequence {number} has {there_B[number]} positions, not {lengths_B[number]}")
    return lengths_B


def _check_lengths(lengths_B: Array, inputs: Inputs) -> None:
    fits_B = (lengths_B >= 1) & (lengths_B <= inputs.length) if inputs.padded else lengths_B == inputs.length
    for number in np.flatnonzero(~fits_B)[:1]:
        allowed = f"1 to {inputs.length}" if inputs.padded else f"{inputs.length}"
        raise ValueError(f"sequence {number}: has {lengths_B[number]} positions; the model takes {allowed}")


def _padded(rows: Array | list[Array], inputs: Inputs) -> Array:
    """Pad to values_BxT of tokens or values_BxTxF of numbers, float64; 0 after the end of a sequence, cut at T."""
    if isinstance(rows, list):
        return np.concatenate([_padded(row[None], inputs) for row in rows])
    if rows.dtype.kind not in "biuf":
        raise ValueError(f"sequences must be numbers, not {rows.dtype}")
    features = (inputs.features,) if isinstance(inputs, Reals) else ()
    values = rows[..., None] if features == (1,) and rows.ndim == 2 else rows
    if values.ndim != 2 + len(features) or values.shape[2:] != features:
        shape = f"(samples, T{f', {features[0]}' if features else ''})"
        raise ValueError(f"sequences must have the shape {shape}, not {rows.shape}")
    padded = np.zeros((len(values), inputs.length, *features))
    padded[:, : values.shape[1]] = values[:, : inputs.length]
    return padded


def _check_values(values: Array, present_BxT: Array, inputs: Inputs) -> None:
    """Raise ValueError for the first value that is not one of the task's; padding is not checked."""
    if isinstance(inputs, Tokens):
        wrong = (values != np.floor(values)) | (values < 0) | (values >= inputs.vocabulary)
        allowed = f"no token; they are 0 to {inputs.vocabulary - 1}"
    else:
        wrong, allowed = ~np.isfinite(values), "not finite"
    for place in np.argwhere(wrong & (present_BxT if values.ndim == 2 else present_BxT[..., None]))[:1]:
        raise ValueError(f"sequence {place[0]}, position {place[1]}: {values[tuple(place)]:g} is {allowed}")
