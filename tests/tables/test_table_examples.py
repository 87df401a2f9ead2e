"""The examples are what their sources say of them."""

from importlib.util import find_spec

import numpy as np
import pytest

from attnseq.core.keys import ConfigError
from attnseq.tables import examples
from attnseq.tables.examples import open_source
from attnseq.tables.form import LONG, Form
from attnseq.tables.reading import read_sequences

needs_aeon = pytest.mark.skipif(find_spec("aeon") is None, reason="aeon is not installed: pip install --no-deps aeon")
FORM = Form(LONG, "class", id="id", time="time", split="split", target_kind="class")


def test_sunspots() -> None:
    source = open_source("example:sunspots")
    columns = source.read(source.names, set())
    assert source.names == ["YEAR", "SUNACTIVITY"]
    assert columns["YEAR"].tolist() == list(range(1700, 2009))
    assert columns["SUNACTIVITY"].max() == 190.2
    assert str(columns.wrong(0, "YEAR", "odd")) == "example:sunspots, line 2, column YEAR: odd"


@needs_aeon
@pytest.mark.parametrize(
    ("name", "number", "shape", "lengths", "classes"),
    [("italy_power_demand", (67, 1029), (24, 1), (24, 24), 2), ("japanese_vowels", (270, 370), (29, 12), (7, 29), 9)],
)
def test_those_of_aeon(
    name: str, number: tuple[int, int], shape: tuple[int, int], lengths: tuple[int, int], classes: int
) -> None:
    found = read_sequences(open_source(f"example:{name}"), FORM)
    arrangement = found.arrangement
    assert found.splits_N is not None
    assert tuple((found.splits_N == split).sum() for split in ("train", "test")) == number
    assert (arrangement.cells_NxT.shape[1], found.features.values.shape[1]) == shape
    assert (arrangement.lengths_N.min(), arrangement.lengths_N.max()) == lengths
    assert found.answers is not None
    assert found.answers.names == tuple(str(number + 1) for number in range(classes))
    assert np.isfinite(found.features.values).all()


def test_an_example_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ConfigError, match=r"^example:moon: no such example; there are example:sunspots, example:italy_po"
    ):
        open_source("example:moon")
    monkeypatch.setattr(examples, "find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"^example:japanese_vowels: its data are in the package aeon: pip install --no-"
    ):
        open_source("example:japanese_vowels")
