"""Sequences of the user's own, from a file of columns.

Shapes: N samples, T positions.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from attnseq.contracts.task import Splits
from attnseq.core.keys import ConfigError, check_choice, key
from attnseq.datasets.config import DATASETS, DatasetConfig, Sizes
from attnseq.tables.dealing import Dealt, Shares, at_random, by_group, by_name, by_time
from attnseq.tables.examples import open_source
from attnseq.tables.facts import Facts, find_facts
from attnseq.tables.files import Source
from attnseq.tables.form import LONG, WIDE, WINDOWS, Form
from attnseq.tables.reading import Sequences, read_sequences
from attnseq.tables.samples import to_samples
from attnseq.tables.task import TableTask

_READ: dict[tuple[str, str], TableTask] = {}
"""The task that was read last, by config and fingerprint: the runs of a sweep share it, and so its samples."""


@DATASETS.register("table")
@dataclass
class TableConfig(DatasetConfig):
    """`conf/dataset/table.yaml`."""

    path: str = key(
        "the file: .csv, .tsv, .parquet or .npz; or example:sunspots, example:italy_power_demand or"
        " example:japanese_vowels"
    )
    layout: str = key(
        "what a row is",
        choices={
            "auto": "windows where dataset.window is given, long where dataset.id and dataset.time are, else wide",
            "wide": "a sequence, a column a position",
            "long": "a time step; rows with the same dataset.id are a sequence",
            "windows": "a time step of a long series; each window of it is a sequence",
        },
    )
    target: str = key("column of the answers")
    features: list[str] = key("columns of the inputs, in order; [] for all that have no other use here")
    id: str = key("column that names the sequence or, with windows, the series")
    time: str = key("column that orders time steps or, with wide, sequences: numbers or dates")
    lengths: str = key("column that says how many positions a row has; with wide alone")
    window: int = key("T, time steps of a window; 0 for no windows", low=0, high=10_000)
    horizon: int = key("how many time steps behind a window its answer stands", low=1, high=1_000_000)
    feature_kind: str = key(
        "what inputs are",
        choices={"auto": "categories where no cell is a number", "numbers": "", "categories": "one a position"},
    )
    target_kind: str = key(
        "what answers are", choices={"auto": "a class where no cell is a number", "number": "", "class": ""}
    )
    standardise: bool = key("whether each input has mean 0 and deviation 1 over the training samples")
    split: str = key(
        "how sequences are dealt to training, validation and test",
        choices={
            "auto": "column where dataset.split_column is given, grouped where dataset.group is, chronological with"
            " windows, else random",
            "random": "each by itself",
            "grouped": "those of one dataset.group together",
            "chronological": "the latest are for the test; by dataset.time, or by the order in the file",
            "column": "as dataset.split_column says",
        },
    )
    group: str = key("column of what must not be divided among splits, such as a person")
    split_column: str = key(
        "column of train, validation and test; where it has no validation, a share of train becomes that"
    )
    validation_share: float = key("share of the sequences for validation", low=0, open_low=True, high=0.9)
    test_share: float = key("share of the sequences for the test", low=0, open_low=True, high=0.9)
    relevance: str = key(
        "how much each position counts, where that is known: a column (long, windows), an array N x T (npz), or a file"
        " of the same rows and columns (wide)"
    )
    seed: int = key("of what is dealt at random", low=0, high=2**32 - 1)

    places: ClassVar[tuple[str, ...]] = ("path",)
    form: ClassVar[tuple[str, ...]] = (
        *("layout", "features", "id", "time", "lengths", "feature_kind", "target_kind", "group", "split_column"),
        "relevance",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("path", "target"):
            if not getattr(self, name):
                raise ConfigError(f"dataset.{name}=: must name {'a file' if name == 'path' else 'a column'}")
        self._check_layout()
        self._check_split()

    def _check_layout(self) -> None:
        """Raise ConfigError where keys do not go with the layout."""
        layout = self.columns.layout
        wants = {LONG: ("id",), WINDOWS: ("window",), WIDE: ()}[layout]
        refuses = {LONG: ("lengths", "window", "horizon"), WINDOWS: ("lengths",), WIDE: ("window", "horizon")}[layout]
        for name in wants:
            if not getattr(self, name):
                raise ConfigError(f"dataset.layout={layout}: needs dataset.{name}")
        usual = {"lengths": "", "window": 0, "horizon": 1}
        for name in refuses:
            if (value := getattr(self, name)) != usual[name]:
                raise ConfigError(f"dataset.{name}={value}: does not go with dataset.layout={layout}")

    def _check_split(self) -> None:
        """Raise ConfigError where keys do not go with the way in which sequences are dealt."""
        way = self.way
        if self.columns.layout == WINDOWS:
            check_choice("dataset.layout=windows with dataset.split", way, ["chronological", "grouped", "column"])
        for name, of in (("group", "grouped"), ("split_column", "column")):
            if (way == of) != bool(getattr(self, name)):
                problem = f"needs dataset.{name}" if way == of else f"does not use dataset.{name}"
                raise ConfigError(f"dataset.split={way}: {problem}")
        if self.validation_share + self.test_share > 0.9:
            both = f"dataset.validation_share={self.validation_share:g}, dataset.test_share={self.test_share:g}"
            raise ConfigError(f"{both}: must be at most 0.9 together")

    @property
    def columns(self) -> Form:
        """What the columns of the file are."""
        layout = self.layout
        if layout == "auto":
            layout = WINDOWS if self.window else LONG if self.id and self.time else WIDE
        names = (self.target, tuple(self.features), self.id, self.time, self.lengths, self.group, self.split_column)
        kinds = (self.relevance, self.feature_kind, self.target_kind)
        return Form(layout, *names, *kinds, self.window, self.horizon)

    @property
    def way(self) -> str:
        """How sequences are dealt, where `split` says auto, too."""
        if self.split != "auto":
            return self.split
        if self.split_column or self.group:
            return "column" if self.split_column else "grouped"
        return "chronological" if self.columns.layout == WINDOWS else "random"

    @property
    def words(self) -> str:
        return f"{self.target} of {Path(self.path).name.removeprefix('example:')}"

    @property
    def sizes(self) -> Sizes:
        task = self.task
        assert isinstance(task, TableTask)
        return Sizes(*task.found.sizes)

    def build(self) -> TableTask:
        source = open_source(self.path)
        digests = [source.fingerprint()]
        if self.relevance and self.relevance not in source.names and self.columns.layout == WIDE:
            digests.append(open_source(self.relevance).fingerprint())
        place = repr(self), "-".join(digests)
        if place not in _READ:
            _READ.clear()
            _READ[place] = self._read(source, place[1])
        return _READ[place]

    def _read(self, source: Source, fingerprint: str) -> TableTask:
        sequences = read_sequences(source, self.columns)
        dealt = self.deal(sequences)
        facts = find_facts(source.file, sequences, dealt, self.target, self.standardise, fingerprint)
        return TableTask(self.columns, facts, lambda: Splits(*(to_samples(sequences, facts, part) for part in dealt)))

    def recall(self, facts: Any) -> TableTask:
        recalled = Facts.of_json(facts)

        def read_again() -> Splits:
            task = self.build()
            if task.fingerprint() != recalled.fingerprint:
                raise ConfigError(f"dataset.path={self.path}: has changed since the run was trained")
            return task.splits()

        return TableTask(self.columns, recalled, read_again)

    def deal(self, sequences: Sequences) -> Dealt:
        """Deal sequences to the splits."""
        shares = Shares(self.validation_share, self.test_share)
        order_N = sequences.arrangement.order_N
        if self.way == "random":
            return at_random(len(order_N), shares, self.seed)
        if self.way == "chronological":
            return by_time(order_N, shares)
        if self.way == "grouped":
            assert sequences.groups_N is not None
            return by_group(sequences.groups_N, shares, self.seed)
        assert sequences.splits_N is not None
        return by_name(sequences.splits_N, self.split_column, shares, self.seed)
