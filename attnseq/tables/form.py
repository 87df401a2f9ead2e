"""The form of a file: how its rows make sequences, and which column is what."""

from collections.abc import Collection
from dataclasses import dataclass

from attnseq.core.keys import ConfigError
from attnseq.tables.columns import check_named, listed
from attnseq.tables.kinds import CATEGORIES, CLASS

WIDE, LONG, WINDOWS = "wide", "long", "windows"


@dataclass(frozen=True)
class Form:
    """What a file's columns are; "" stands for a column that there is not.

    Args:
        layout: "wide" (a row a sequence), "long" (a row a time step), or "windows" (a row a step of a long series).
        target: the answers.
        features: the inputs, in order; () for all columns that are nothing else.
        id: names the sequence, or the series.
        time: orders time steps, or rows.
        lengths: says how many positions a row has.
        group: names what is not divided among splits.
        split: names the split.
        relevance: how much each position counts: a column, or another file.
        feature_kind: "numbers", "categories", or "auto".
        target_kind: "number", "class", or "auto".
        window: steps that are seen.
        horizon: how many steps behind the last of them the answer stands.
    """

    layout: str
    target: str
    features: tuple[str, ...] = ()
    id: str = ""
    time: str = ""
    lengths: str = ""
    group: str = ""
    split: str = ""
    relevance: str = ""
    feature_kind: str = "auto"
    target_kind: str = "auto"
    window: int = 0
    horizon: int = 1

    @property
    def others(self) -> tuple[str, ...]:
        """Names of columns that are no features, such as the answers of sequences."""
        answers = () if self.layout == WINDOWS else (self.target,)  # a series' own past is what it is forecast from
        return (*answers, self.id, self.time, self.lengths, self.group, self.split, self.relevance)

    def check(self, file: str, names: Collection[str]) -> None:
        """Raise ConfigError where a key names a column that a file does not have.

        Args:
            file: its name.
            names: of its columns.
        """
        check_named(file, names, target=self.target, id=self.id, time=self.time, lengths=self.lengths)
        check_named(file, names, group=self.group, split_column=self.split)
        for name in self.features:
            check_named(file, names, features=name)
            if self.features.count(name) > 1:
                raise ConfigError(f"dataset.features={name}: named twice")
            if name == self.target and self.layout != WINDOWS:
                raise ConfigError(f"dataset.features={name}: holds the answers")
        if not self.features_of(names):
            raise ConfigError(f"{file}: no column is left for dataset.features; it has {listed(names)}")

    def features_of(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the names of the feature columns, in their order."""
        return self.features or tuple(name for name in names if name not in self.others)

    def texts_of(self, names: Collection[str]) -> set[str]:
        """Return the names of columns that hold texts even where they look like numbers."""
        texts = {self.id, self.group, self.split} | ({self.target} if self.target_kind == CLASS else set())
        return (texts | set(self.features_of(names) if self.feature_kind == CATEGORIES else ())) & set(names)
