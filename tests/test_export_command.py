"""`attnseq.export`: a model in a file of its own; what goes in and comes out, in lines; bad input in one line."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import attnseq
from attnseq import export
from attnseq.api.exporting import FORMS

Export = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def start(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Export:
    """`start(*arguments)`: exit status, lines of standard output, standard error; in an empty folder."""

    def begin(*arguments: str | Path) -> tuple[int, list[str], str]:
        monkeypatch.setattr(sys, "argv", ["attnseq-export", *map(str, arguments)])
        status = 0
        try:
            export.main()
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return begin


def test_a_program_and_what_goes_in_and_comes_out(start: Export, finished: Path, folder: Path) -> None:
    assert start(finished, "out=model.pt2") == (
        0,
        [
            "model.pt2: 231 parameters",
            "    inputs      int64    (batch, 10)  tokens, 0 to 9",
            "    prediction  float64  (batch)  in units of the answer",
            "    attention   float32  (batch, 10)  a weight a position",
        ],
        "",
    )
    found = torch.export.load(folder / "model.pt2").module()(torch.tensor([[2, 8, 4, 1, 9, 0, 7, 3, 6, 5]]))
    seen = attnseq.load(finished).predict("2841907365")
    assert found["prediction"].tolist() == pytest.approx(seen.prediction.tolist(), rel=1e-6)
    assert seen.attention is not None
    assert found["attention"].flatten().tolist() == pytest.approx(seen.attention[0].tolist(), abs=1e-6)


def test_parameters(start: Export, finished: Path, folder: Path) -> None:
    assert start(finished, "out=weights.pt") == (0, ["weights.pt: 231 parameters"], "")
    attnseq.load(finished).model.load_state_dict(torch.load(folder / "weights.pt", weights_only=True))


def test_a_suffix_may_be_in_capitals(start: Export, finished: Path, folder: Path) -> None:
    assert start(finished, "out=WEIGHTS.PT") == (0, ["WEIGHTS.PT: 231 parameters"], "")
    assert torch.load(folder / "WEIGHTS.PT", weights_only=True)


def test_from_python(finished: Path, folder: Path) -> None:
    run = attnseq.load(finished)
    assert run.export("a.pt2") == Path("a.pt2")
    assert (folder / "a.pt2").stat().st_size > 0
    with pytest.raises(ValueError, match=r"^a.h5: must end in one of .pt2, .onnx, .pt$"):
        run.export("a.h5")
    assert [path.name for path in folder.iterdir()] == ["a.pt2"]


def test_suffixes_are_those_of_the_forms() -> None:
    assert tuple(FORMS) == export.SUFFIXES


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["{0}", "out=model.txt"], 2, "out=model.txt: must be a file that ends in one of .pt2, .onnx, .pt"),
        (["{0}", "out=no/model.pt2"], 2, "out=no/model.pt2: there is no folder no"),
        (
            ["{0}", "model.pt2"],
            2,
            "unrecognized arguments: model.pt2; usage: attnseq-export RUN [out=...] [plugins=...]",
        ),
        ([], 2, "the following arguments are required: RUN; usage: attnseq-export RUN [out=...] [plugins=...]"),
        (["nowhere"], 2, "argument RUN: nowhere: no such folder"),
        ([".", "out=model.pt2"], 1, "{1}: no run's folder: it has no .hydra/config.yaml"),
        (["{0}", "out=model.pt2", "plugins=no_such_package"], 2, "plugins=no_such_package: cannot be imported ("),
    ],
)
def test_bad_input_is_one_line(
    start: Export, finished: Path, folder: Path, arguments: list[str], status: int, line: str
) -> None:
    found, out, err = start(*(argument.format(finished) for argument in arguments))
    assert (found, out) == (status, [])
    assert err.startswith(line.format(finished, folder))
    assert err.count("\n") == 1
    assert not list(folder.iterdir())
