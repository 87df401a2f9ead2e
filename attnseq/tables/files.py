"""Reading files of columns: CSV and TSV by pandas, Parquet by pandas and pyarrow, npz by NumPy.

A source is opened for the names of its columns; of these the ones that are needed are then read.
"""

import csv
import hashlib
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from attnseq.core.keys import ConfigError
from attnseq.tables.columns import Array, Columns

CHUNK = 1 << 20
"""Bytes of a file that are digested at a time."""


class Source(ABC):
    """A file of columns.

    Args:
        path: of the file, as the user wrote it.
    """

    endings: ClassVar[tuple[str, ...]]

    def __init__(self, path: str):
        self.path = Path(path).expanduser()
        self.file = path

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """The names of the columns, in their order."""

    @abstractmethod
    def read(self, names: Collection[str], texts: Collection[str]) -> Columns:
        """Read some of the columns.

        Args:
            names: of these columns.
            texts: of those among them that are texts even where they look like numbers, such as "007".

        Raises:
            ConfigError: the file is damaged; the message is one line.
        """

    def fingerprint(self) -> str:
        """Digest the file, SHA-256 in 16 hexadecimal digits."""
        return self.digest(self.path)

    @staticmethod
    def digest(path: Path) -> str:
        """Digest a file; a file of the same time and size is not read again."""
        status = path.stat()
        return _digest(path.absolute(), status.st_mtime_ns, status.st_size)


class Delimited(Source):
    """Rows of text with a header: cells between commas, or between tabs in a .tsv file."""

    endings = (".csv", ".tsv")

    @cached_property
    def names(self) -> list[str]:
        _, header = next(self._records(), (0, []))
        if not header:
            raise ConfigError(f"{self.file}: empty; its first line must name the columns")
        for number, name in enumerate(header):
            if not name or name in header[:number]:
                problem = f"names {name!r} twice" if name else f"column {number + 1} has no name"
                raise ConfigError(f"{self.file}, line 1: {problem}")
        return header

    def read(self, names: Collection[str], texts: Collection[str]) -> Columns:
        pandas = _pandas(self.file)
        with _readable(self.file), warnings.catch_warnings():
            # all columns are read, and a warning is an error: else pandas drops what a row has too much
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            frame = pandas.read_csv(
                self.path,
                sep=self._separator,
                dtype=dict.fromkeys(texts, str),
                keep_default_na=False,  # "NA" may be a name; where it is to be a number, the error shows it
                na_values=[""],
                low_memory=False,
                encoding="utf-8-sig",
                index_col=False,
            )
        if not len(frame):
            raise ConfigError(f"{self.file}: no rows below the header")
        return Columns(self.file, _arrays(frame[list(names)], texts), self._line)

    @property
    def _separator(self) -> str:
        return "\t" if self.path.suffix.lower() == ".tsv" else ","

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the last line's number and the cells of each record, without blank lines, as pandas reads them."""
        with _readable(self.file), self.path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=self._separator)
            yield from ((reader.line_num, cells) for cells in reader if any(map(str.strip, cells)) or len(cells) > 1)

    def _line(self, row: int) -> str:
        return next((f"line {line}" for line, _ in islice(self._records(), row + 1, None)), f"row {row + 1}")


class Parquet(Source):
    """A Parquet file."""

    endings = (".parquet",)

    @cached_property
    def names(self) -> list[str]:
        with _readable(self.file):
            try:
                from pyarrow import parquet
            except ImportError:
                raise _missing(self.file, "pyarrow", "parquet") from None
            return list(map(str, parquet.read_schema(self.path).names))

    def read(self, names: Collection[str], texts: Collection[str]) -> Columns:
        pandas = _pandas(self.file, "parquet")
        with _readable(self.file):
            frame = pandas.read_parquet(self.path, columns=list(names))
        if not len(frame):
            raise ConfigError(f"{self.file}: no rows")
        return Columns(self.file, _arrays(frame, texts), lambda row: f"row {row + 1}")


class Arrays(Source):
    """Arrays of NumPy, by name, whose first axes are the same."""

    endings = (".npz",)

    @cached_property
    def names(self) -> list[str]:
        with _readable(self.file), np.load(self.path) as arrays:
            return list(arrays.files)

    def read(self, names: Collection[str], texts: Collection[str]) -> Columns:
        with _readable(self.file), np.load(self.path) as file:
            arrays = {name: file[name] for name in names}
        first = next(iter(arrays))
        for name, values in arrays.items():
            if values.dtype.kind not in "biufUS" or not values.ndim or not values.size:
                raise ConfigError(f"{self.file}, array {name}: must hold numbers or texts, a row a sequence")
            if len(values) != len(arrays[first]):
                sizes = f"{len(values)} rows, but {first} has {len(arrays[first])}"
                raise ConfigError(f"{self.file}, array {name}: has {sizes}")
        columns = {name: _as_texts(array) if array.dtype.kind in "bUS" else array for name, array in arrays.items()}
        return Columns(self.file, columns, lambda row: f"row {row + 1}")


SOURCES: tuple[type[Source], ...] = (Delimited, Parquet, Arrays)
ENDINGS = [ending for source in SOURCES for ending in source.endings]


def open_file(path: str) -> Source:
    """Open a file of columns by its name's ending.

    Raises:
        ConfigError: there is no such file, or its ending is another.
    """
    file = Path(path).expanduser()
    for source in SOURCES:
        if file.suffix.lower() in source.endings:
            if not file.is_file():
                raise ConfigError(f"{path}: {'not a file' if file.exists() else 'no such file'}")
            return source(path)
    raise ConfigError(f"{path}: must be a file that ends with {', '.join(ENDINGS)}")


@lru_cache(maxsize=64)
def _digest(path: Path, changed: int, size: int) -> str:
    """Digest a file as it was at a time."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()[:16]


def _arrays(frame: Any, texts: Collection[str]) -> dict[str, Array]:
    """Turn the columns of a table of pandas into arrays of numbers or texts."""
    arrays = {}
    for name in map(str, frame.columns):
        column = frame[name]
        if column.dtype.kind in "iuf" and name not in texts:
            arrays[name] = column.to_numpy(dtype=np.float64 if column.hasnans else None, na_value=np.nan)
        else:
            arrays[name] = column.astype(object).where(column.notna(), "").map(str).to_numpy(dtype=object)
    return arrays


def _as_texts(array: Array) -> Array:
    texts: Array = (np.char.decode(array) if array.dtype.kind == "S" else array.astype(str)).astype(object)
    return texts


def _pandas(file: str, extra: str = "pandas") -> Any:
    try:
        import pandas
    except ImportError:
        raise _missing(file, "pandas", extra) from None
    return pandas


def _missing(file: str, package: str, extra: str) -> ConfigError:
    return ConfigError(f'{file}: reading it needs {package}: pip install "attnseq[{extra}]"')


@contextmanager
def _readable(file: str) -> Iterator[None]:
    """Turn errors of readers inside the block into ConfigErrors of one line."""
    try:
        yield
    except (ConfigError, MemoryError, ImportError):
        raise
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror or error})") from None
    except Exception as error:  # readers raise what they like on a damaged file
        reason = " ".join(str(error).removeprefix("Error tokenizing data. C error: ").split())
        if ragged := re.match(r"Expected (\d+) fields in line (\d+), saw (\d+)", reason):
            named, line, cells = ragged.groups()
            raise ConfigError(f"{file}, line {line}: has {cells} cells; the header names {named}") from None
        if reason.startswith("Length of header"):
            raise ConfigError(f"{file}: each row has more cells than the header names") from None
        raise ConfigError(f"{file}: cannot be read ({reason[:200]})") from None
