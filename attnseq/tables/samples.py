"""Sequences of a file as the samples that a model takes.

Shapes: N sequences, T positions, C cells, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Reals
from attnseq.core.keys import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.tables.columns import Array
    from attnseq.tables.facts import Facts
    from attnseq.tables.kinds import Values
    from attnseq.tables.reading import Sequences


def to_samples(sequences: Sequences, facts: Facts, part: Array | None = None, any_length: bool = False) -> Batch:
    """Make samples of sequences, on the CPU.

    Args:
        sequences: of a file.
        facts: of the file that the model was trained on, or is to be.
        part: numbers of the sequences to take; None: all.
        any_length: whether the model takes sequences of other lengths than those.

    Raises:
        ConfigError: a sequence has a length that the model does not take.
    """
    import torch

    arrangement, kind = sequences.arrangement, facts.spec.inputs
    part = np.arange(len(arrangement.ids)) if part is None else part
    longest = len(facts.positions)
    if any_length:
        longest = max(1, int(arrangement.lengths_N.max()))
    else:
        _check_lengths(sequences, longest, kind.padded)
    cells_NxT = arrangement.cells_NxT[part, :longest]
    cells_NxT = np.pad(cells_NxT, ((0, 0), (0, longest - cells_NxT.shape[1])))
    lengths_N = arrangement.lengths_N[part].astype(np.int32)
    absent_NxT = np.arange(longest) >= lengths_N[:, None]
    inputs = facts.scaled(sequences.features.values).astype(np.float32)[cells_NxT]
    inputs[absent_NxT] = 0
    tokens_or_numbers = torch.from_numpy(inputs)
    if not isinstance(kind, Reals):
        from attnseq.contracts.examples import token_type

        tokens_or_numbers = tokens_or_numbers.squeeze(-1).to(token_type(kind))
    relevance = None
    if sequences.relevance_C is not None:
        relevance = torch.from_numpy(np.where(absent_NxT, 0.0, sequences.relevance_C[cells_NxT]))
    targets = None if sequences.answers is None else _targets(sequences.answers, facts, part)
    lengths = torch.from_numpy(lengths_N) if kind.padded else None
    return Batch(tokens_or_numbers, targets, lengths, relevance=relevance)


def _targets(answers: Values, facts: Facts, part: Array) -> Tensor:
    """Make targets_N: standardised numbers in float64, or classes; NaN or -1 where the file has none."""
    import torch

    if answers.names is not None:
        return torch.from_numpy(answers.values[part].astype(np.int32))
    return torch.from_numpy((answers.values[part] - facts.mean) / facts.deviation)


def _check_lengths(sequences: Sequences, longest: int, padded: bool) -> None:
    """Raise ConfigError for the first sequence of a length that the model does not take."""
    lengths_N = sequences.arrangement.lengths_N
    wrong_N = lengths_N > longest if padded else lengths_N != longest
    for number in np.flatnonzero(wrong_N)[:1]:
        name, allowed = sequences.arrangement.ids[number], f"1 to {longest}" if padded else f"{longest}"
        raise ConfigError(f"sequence {name}: has {lengths_N[number]} positions; the model takes {allowed}")
