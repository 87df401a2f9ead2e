"""What a run keeps of its file: what samples look like, and how numbers were scaled. With it a model predicts anywhere.

Shapes: N sequences, C cells, F features.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from attnseq.contracts.spec import Classes, Inputs, Reals, Scalar, Spec, Target, Tokens
from attnseq.core.keys import ConfigError
from attnseq.tables.columns import Array
from attnseq.tables.dealing import Dealt
from attnseq.tables.kinds import CATEGORIES, CLASS, NUMBER, NUMBERS
from attnseq.tables.reading import Known, Sequences

Names = tuple[str, ...]
Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Facts:
    """What a file says of its samples.

    Args:
        fingerprint: of the file, and of that of its relevance.
        sizes: samples for training, validation and test.
        columns: names of the feature columns.
        positions: T names.
        padded: whether lengths differ.
        feature_kind: "numbers" or "categories".
        categories: their names; () for numbers.
        means, deviations: F, of the training samples' numbers; 0 and 1 where they are not standardised; () for
            categories.
        target_kind: "number" or "class".
        target: the answer's name.
        classes: their names; () for numbers.
        mean, deviation: of the training samples' answers; 0 and 1 for classes.
    """

    fingerprint: str
    sizes: tuple[int, int, int]
    columns: Names
    positions: Names
    padded: bool
    feature_kind: str
    categories: Names
    means: Numbers
    deviations: Numbers
    target_kind: str
    target: str
    classes: Names
    mean: float
    deviation: float

    @property
    def spec(self) -> Spec:
        """What samples look like."""
        length, target = len(self.positions), self.target
        inputs: Inputs = Reals(length, len(self.means), self.padded)
        if self.feature_kind == CATEGORIES:
            inputs = Tokens(length, max(2, len(self.categories)), self.padded)
        answers: Target = Classes(self.classes)
        if self.target_kind == NUMBER:
            answers = Scalar(self.deviation, f"units of {target}", offset=self.mean, bounded=False)
        return Spec(inputs, answers)

    @property
    def known(self) -> Known:
        """What new files are read by."""
        is_class, is_category = self.target_kind == CLASS, self.feature_kind == CATEGORIES
        return Known(self.categories if is_category else None, self.classes if is_class else None)

    def scaled(self, values: Array) -> Array:
        """Standardise numbers, ...xF; places of categories stay as they are."""
        if self.feature_kind == CATEGORIES:
            return values
        scaled: Array = (values - np.array(self.means)) / np.array(self.deviations)
        return scaled

    def to_json(self) -> dict[str, Any]:
        """Return them as JSON has them."""
        return asdict(self)

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> "Facts":
        """Make them of what `to_json` returned.

        Raises:
            ConfigError: it is something else.
        """
        names = {field.name for field in fields(cls)}
        if not isinstance(content, Mapping) or set(content) != names:
            raise ConfigError("task.json: damaged, or written by another version of attnseq")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
        }
        return cls(**values)


def find_facts(
    file: str, sequences: Sequences, dealt: Dealt, target: str, standardise: bool, fingerprint: str
) -> Facts:
    """Find the facts of a file that a run is trained on.

    Args:
        file: its name.
        sequences: of the file.
        dealt: to the splits.
        target: name of the answers' column.
        standardise: whether features that are numbers are standardised.
        fingerprint: of the file.

    Raises:
        ConfigError: there is nothing to learn: answers of one class, or all the same.
    """
    arrangement, features, answers = sequences.arrangement, sequences.features, sequences.answers
    assert answers is not None
    answers_N = answers.values[dealt.train]
    if len(np.unique(answers_N)) < 2:
        shown = f"{answers_N[0]:g}" if answers.names is None else f"the class {answers.names[answers_N[0]]}"
        raise ConfigError(f"{file}, column {target}: all {len(answers_N)} training answers are {shown}")
    scales = (np.zeros(0), np.ones(0)) if features.names is not None else _scales(sequences, dealt, standardise)
    is_class, longest = answers.names is not None, arrangement.cells_NxT.shape[1]
    return Facts(
        fingerprint=fingerprint,
        sizes=(len(dealt.train), len(dealt.validation), len(dealt.test)),
        columns=sequences.columns,
        positions=arrangement.position_names,
        padded=bool((arrangement.lengths_N < longest).any()),
        feature_kind=NUMBERS if features.names is None else CATEGORIES,
        categories=features.names or (),
        means=tuple(scales[0].tolist()),
        deviations=tuple(scales[1].tolist()),
        target_kind=CLASS if is_class else NUMBER,
        target=target,
        classes=answers.names or (),
        mean=0.0 if is_class else float(answers_N.mean()),
        deviation=1.0 if is_class else float(answers_N.std()),
    )


def _scales(sequences: Sequences, dealt: Dealt, standardise: bool) -> tuple[Array, Array]:
    """Return means and deviations of the features over all positions of the training samples."""
    values_CxF, arrangement = sequences.features.values, sequences.arrangement
    width = values_CxF.shape[1]
    if not standardise:
        return np.zeros(width), np.ones(width)
    cells_NxT = arrangement.cells_NxT[dealt.train]
    present_NxT = np.arange(cells_NxT.shape[1]) < arrangement.lengths_N[dealt.train, None]
    # a cell that several windows share counts as often as they do: as often as the model sees it
    counts_C = np.bincount(cells_NxT[present_NxT], minlength=len(values_CxF))
    means_F = np.average(values_CxF, axis=0, weights=counts_C)
    deviations_F = np.sqrt(np.average((values_CxF - means_F) ** 2, axis=0, weights=counts_C))
    return means_F, np.where(deviations_F > 0, deviations_F, 1.0)
