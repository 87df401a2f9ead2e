"""Example files that come with attnseq, or with the package aeon: `dataset.path=example:sunspots`."""

from collections.abc import Collection, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from attnseq.core.keys import ConfigError
from attnseq.tables.columns import Columns
from attnseq.tables.files import Delimited, Source, open_file

PREFIX = "example:"

VENDORED = Path(__file__).parent / "vendored"

OF_AEON = {"italy_power_demand": "ItalyPowerDemand", "japanese_vowels": "JapaneseVowels"}
"""Examples that aeon's wheel has, by name; the names of their folders there."""

NAMES = ("sunspots", *OF_AEON)


def open_source(path: str) -> Source:
    """Open a file, or an example.

    Args:
        path: of the file, or "example:" and a name.

    Raises:
        ConfigError: there is no such file or example, or the package that has it is not installed.
    """
    if not path.startswith(PREFIX):
        return open_file(path)
    name = path.removeprefix(PREFIX)
    if name not in NAMES:
        raise ConfigError(f"{path}: no such example; there are {', '.join(PREFIX + each for each in NAMES)}")
    if name in OF_AEON:
        return OfAeon(path, OF_AEON[name])
    source = Delimited(str(VENDORED / f"{name}.csv"))
    source.file = path
    return source


class OfAeon(Source):
    """A data set of the package aeon, a row a time step: id, time, a column a channel, class and split.

    Only its files are read: aeon itself, which would take other versions of NumPy and pandas, is not imported.

    Args:
        path: as the user wrote it.
        folder: of the data set, in the package.
    """

    def __init__(self, path: str, folder: str):
        super().__init__(path)
        found = find_spec("aeon")
        if found is None or not found.submodule_search_locations:
            raise ConfigError(f"{path}: its data are in the package aeon: pip install --no-deps aeon")
        place = Path(found.submodule_search_locations[0]) / "datasets" / "data" / folder
        self._files = {split: place / f"{folder}_{split.upper()}.ts" for split in ("train", "test")}
        self._channels = len(next(self._cases("train"))[0])

    @property
    def names(self) -> list[str]:
        return ["id", "time", *(f"channel {number + 1}" for number in range(self._channels)), "class", "split"]

    def read(self, names: Collection[str], texts: Collection[str]) -> Columns:
        ids, times, values, classes, splits = [], [], [], [], []
        for split in self._files:
            for number, (channels, answer) in enumerate(self._cases(split)):
                values_TxF = np.array([text.split(",") for text in channels], dtype=np.float64).T
                ids += [f"{split} {number + 1}"] * len(values_TxF)
                times.append(np.arange(len(values_TxF)))
                values.append(values_TxF)
                classes += [answer] * len(values_TxF)
                splits += [split] * len(values_TxF)
        of_texts = [np.array(column, dtype=object) for column in (ids, classes, splits)]
        columns = [of_texts[0], np.concatenate(times), *np.concatenate(values).T, *of_texts[1:]]
        return Columns(self.file, dict(zip(self.names, columns, strict=True)), lambda row: f"row {row + 1}")

    def fingerprint(self) -> str:
        return "-".join(Source.digest(file) for file in self._files.values())

    def _cases(self, split: str) -> Iterator[tuple[list[str], str]]:
        """Yield the channels of each case, numbers with commas between them, and its class."""
        with self._files[split].open(encoding="utf-8") as file:
            for line in file:
                if line.strip() and line[0] not in "#@":
                    *channels, answer = line.strip().split(":")
                    yield channels, answer
