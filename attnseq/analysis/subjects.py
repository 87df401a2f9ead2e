"""Runs that are to be analysed: which can be, and which are asked together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from attnseq.core.keys import ConfigError
from attnseq.core.randomness import generator
from attnseq.layers.weights import KerasInitializer
from attnseq.runs.analysis_file import read_analysis, write_analysis
from attnseq.runs.config import RunConfig
from attnseq.runs.loading import CONFIG, read_config
from attnseq.runs.reading import DAMAGED, FINISHED, RunRecord
from attnseq.training.checkpoint import ADVICE, CheckpointError, check_parameters, load_checkpoint
from attnseq.training.population import FlatModel

LARGEST = 64
"""Most runs of a population: what is finished of a large sweep is kept sooner."""


class SubjectError(Exception):
    """A run that cannot be analysed; the message is one line that names it and says why."""


class Subject:
    """A finished run.

    Args:
        record: of the run.

    Raises, wherever it reads:
        SubjectError: what its folder holds cannot be used.
    """

    def __init__(self, record: RunRecord):
        self.record = record
        if record.state != FINISHED:
            raise SubjectError(record.problem if record.state == DAMAGED else f"{record.path}: {record.state}")
        try:
            self.result = (record.path / "result.json").read_bytes()
            self.config: RunConfig = read_config(record.path / CONFIG)
        except ConfigError as error:
            raise SubjectError(f"{record.path}: {error}") from None
        except OSError as error:
            raise SubjectError(f"{error.filename or record.path}: {error.strerror or error}") from None

    @property
    def path(self) -> Path:
        return self.record.path

    @cached_property
    def kind(self) -> str:
        """What runs that are asked together share: model and task, but not how they began and were trained."""
        return repr((replace(self.config.model, init="auto"), self.config.dataset))

    def parameters(self, flat: FlatModel) -> Tensor:
        """Read the parameters of the run's last checkpoint, W."""
        file = self.path / "checkpoint.pt"
        try:
            checkpoint = load_checkpoint(file)
            if checkpoint is None:
                raise SubjectError(f"{file}: missing")
            check_parameters(file, checkpoint, flat.shapes)
        except CheckpointError as error:
            raise SubjectError(str(error).removesuffix(f"; {ADVICE}")) from None
        parameters_W: Tensor = checkpoint.state["parameters"]
        return parameters_W

    def fresh(self, flat: FlatModel) -> Tensor:
        """Draw random weights of the run's model, W, other than those that it began with."""
        init = KerasInitializer(generator(self.config.seed, "random weights to hold trained ones against"))
        return flat.flatten(flat.model.initial_parameters(init))

    def read(self) -> dict[str, Any]:
        """Read what was found of it before; {} where nothing was that still holds."""
        return read_analysis(self.path, self.result)

    def write(self, content: dict[str, Any]) -> None:
        """Write what was found of it."""
        write_analysis(self.path, content, self.result)


def populations(subjects: Iterable[Subject]) -> list[list[Subject]]:
    """Put runs together that can be asked together, `LARGEST` at most, in the order of the first of them."""
    kinds: dict[str, list[Subject]] = defaultdict(list)
    for subject in subjects:
        kinds[subject.kind].append(subject)
    return [its[start : start + LARGEST] for its in kinds.values() for start in range(0, len(its), LARGEST)]
