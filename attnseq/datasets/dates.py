"""Written dates in several forms, and the same dates as ISO 8601 writes them: characters in, characters out.

Shapes: N samples, B batch, T positions, K = 10 answer positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from attnseq.contracts.batch import NO_TOKEN, Batch
from attnseq.contracts.spec import Spec, Tokens
from attnseq.core.randomness import generator
from attnseq.datasets.config import DATASETS, DrawnDatasetConfig
from attnseq.datasets.date_forms import FIRST, FORMS, ISO, LAST, MONTHS, WEEKDAYS, longest, read
from attnseq.datasets.drawn import DrawnTask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

DIGITS = "0123456789"
INPUT_SYMBOLS = tuple(" " + DIGITS + ",-./" + "".join(sorted(set("".join(MONTHS + WEEKDAYS)))))
"""Of a written date, in the order of their tokens."""
ANSWER_SYMBOLS = tuple(DIGITS + "-")


@dataclass
class Dates(DrawnTask):
    """Days of the years 1900 to 2099, each in one of the forms of `date_forms`, both uniform: "Sunday, 12.4.2009".

    The answer is "2009-04-12". Splits may share days.

    Args:
        sizes: samples of train, validation and test, each from a stream of its own.
        seed: 0 or more.
    """

    any_length: ClassVar[bool] = True

    sizes: tuple[int, int, int]
    seed: int

    @property
    def spec(self) -> Spec:
        inputs = Tokens(_longest(), len(INPUT_SYMBOLS), padded=True, symbols=INPUT_SYMBOLS)
        return Spec(inputs, Tokens(len(ISO), len(ANSWER_SYMBOLS), symbols=ANSWER_SYMBOLS))

    def relevance(self, batch: Batch) -> Tensor:
        """Compute relevance_BxKxT: what an answer position depends on, in shares, see `Reading.sources`.

        A row sums to 1; that of a hyphen, and those of a text that is no date, are 0.
        """
        import torch

        relevance_BxKxT = np.zeros((batch.size, len(ISO), batch.inputs.shape[1]))
        for sample, text in enumerate(_texts(batch)):
            reading = read(text)
            for answer, places in reading.sources() if reading else ():
                relevance_BxKxT[sample, answer, places.start : places.stop] = 1 / len(places)
        return torch.from_numpy(relevance_BxKxT).to(batch.inputs.device)

    def answers(self, batch: Batch) -> Tensor:
        """Read the dates; the answer to a text that is no date in any of the forms is `NO_TOKEN` throughout."""
        readings = (read(text) for text in _texts(batch))
        return _targets(reading and reading.date for reading in readings).to(batch.inputs.device)

    def draw(self, name: str, size: int) -> Batch:
        # from streams of their own, so that the first rows do not depend on how many there are
        days = generator(self.seed, f"data/dates/{name}/days")
        forms = generator(self.seed, f"data/dates/{name}/forms")
        days_N = days.integers(FIRST.toordinal(), LAST.toordinal() + 1, size, np.int64)
        forms_N = forms.integers(0, len(FORMS), size, np.int64)
        dates = list(map(date.fromordinal, days_N.tolist()))
        texts = [FORMS[form].write(day) for form, day in zip(forms_N.tolist(), dates, strict=True)]
        return _samples(texts)._replace(targets=_targets(dates))


@cache
def _longest() -> int:
    return longest()


def _samples(texts: list[str]) -> Batch:
    """Make samples of written dates, without targets."""
    import torch

    length = _longest()
    padded = "".join(text.ljust(length, INPUT_SYMBOLS[0]) for text in texts)
    inputs_NxT = _tokens(padded, INPUT_SYMBOLS).reshape(-1, length)
    lengths_N = np.array([len(text) for text in texts], dtype=np.int32)
    return Batch(torch.from_numpy(inputs_NxT), lengths=torch.from_numpy(lengths_N))


def _texts(batch: Batch) -> list[str]:
    """Write the inputs as text."""
    characters_BxT = _codes(INPUT_SYMBOLS)[batch.inputs.cpu().numpy()]
    assert batch.lengths is not None
    rows = zip(characters_BxT, batch.lengths.tolist(), strict=True)
    return [row[:length].tobytes().decode("ascii") for row, length in rows]


def _targets(dates: Iterable[date | None]) -> Tensor:
    """Make targets_BxK of dates."""
    import torch

    none = " " * len(ISO)
    tokens = _tokens("".join(none if day is None else day.isoformat() for day in dates), ANSWER_SYMBOLS, NO_TOKEN)
    return torch.from_numpy(tokens.reshape(-1, len(ISO)).astype(np.int32))


def _tokens(text: str, symbols: tuple[str, ...], other: int = 0) -> np.ndarray:
    """Look up the tokens of ASCII characters, those without a symbol as `other`."""
    tokens = np.full(128, other, dtype=np.int16 if other < 0 else np.uint8)
    tokens[_codes(symbols)] = np.arange(len(symbols))
    return tokens[np.frombuffer(text.encode("ascii"), dtype=np.uint8)]


def _codes(symbols: tuple[str, ...]) -> np.ndarray:
    return np.frombuffer("".join(symbols).encode("ascii"), dtype=np.uint8)


@DATASETS.register("dates")
@dataclass
class DatesConfig(DrawnDatasetConfig):
    """`conf/dataset/dates.yaml`."""

    @property
    def words(self) -> str:
        return "written dates"

    def build(self) -> Dates:
        return Dates(self.sizes, self.seed)
