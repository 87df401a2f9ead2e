"""The task that the sequences of a file are used for.

Shapes: B batch, T positions, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from attnseq.contracts.spec import Spec
from attnseq.contracts.task import NamedSamples, Splits, Task
from attnseq.tables.examples import open_source
from attnseq.tables.reading import read_sequences
from attnseq.tables.samples import to_samples

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Batch
    from attnseq.tables.columns import Array
    from attnseq.tables.facts import Facts
    from attnseq.tables.form import Form


class TableTask(Task):
    """What the sequences of a file are used for.

    Args:
        form: of the file.
        facts: that a run keeps of it.
        make: makes the samples of the splits.
    """

    def __init__(self, form: Form, facts: Facts, make: Callable[[], Splits]):
        self.form, self.found, self._make = form, facts, make

    @property
    def spec(self) -> Spec:
        return self.found.spec

    def splits(self) -> Splits:
        return self._make()

    @property
    def position_names(self) -> tuple[str, ...]:
        return self.found.positions

    @property
    def token_names(self) -> tuple[str, ...]:
        return self.found.categories

    def relevance(self, batch: Batch) -> Tensor | None:
        """Return what the file says of these samples; None where it says nothing."""
        return batch.relevance

    def fingerprint(self) -> str:
        return self.found.fingerprint

    def facts(self) -> Mapping[str, Any]:
        return self.found.to_json()

    def encode(self, values: Array) -> Array:
        return self.found.scaled(values)

    def read(self, path: str, any_length: bool = False) -> NamedSamples:
        """Read other samples, with answers and relevance where the file has these columns."""
        source, found = open_source(path), self.found
        optional = {name: getattr(self.form, name) for name in ("target", "relevance")}
        there = {name: column if column in source.names else "" for name, column in optional.items()}
        form = replace(
            self.form,
            target=there["target"],
            relevance=there["relevance"],
            features=found.columns,
            feature_kind=found.feature_kind,
            target_kind=found.target_kind,
            group="",
            split="",
        )
        sequences = read_sequences(source, form, found.known)
        return NamedSamples(to_samples(sequences, found, any_length=any_length), sequences.arrangement.ids)
