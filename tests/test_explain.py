"""`attnseq.explain`: prediction, truth, bars and alignment of one's own sequences; bad input in one line."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_configs import tiny_config

import attnseq
from attnseq import explain
from attnseq.api.prediction import Prediction
from attnseq.contracts.batch import NO_TOKEN
from attnseq.report.sheet import Sheet
from attnseq.runs.job import Job
from attnseq.runs.run import run

Explain = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def start(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Explain:
    """`start(*arguments)`: exit status, lines of standard output, standard error."""

    def begin(*arguments: str | Path) -> tuple[int, list[str], str]:
        monkeypatch.setattr(sys, "argv", ["attnseq-explain", *map(str, arguments)])
        status = 0
        try:
            explain.main()
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return begin


def test_a_number_has_its_exact_answer_and_a_bar_a_position(start: Explain, finished: Path) -> None:
    status, lines, err = start(finished, "2841907365", "0123456789")
    assert (status, err) == (0, "")
    seen = attnseq.load(finished).predict(["2841907365", "0123456789"])
    assert lines[0] == f"2841907365: {seen.prediction[0]:.5g}, exact 768, in units of the answer"
    assert lines[1].split() == ["position", "attention", "relevance"]
    assert seen.attention is not None
    for position, (line, digit) in enumerate(zip(lines[2:12], "2841907365", strict=True)):
        words = line.split()
        assert words[:2] == [str(position), digit]
        assert float(words[-2]) == pytest.approx(seen.attention[0, position], abs=1e-4)
    assert lines[12] == ""
    assert lines[13].startswith("0123456789: ")
    assert len(lines) == 25


def test_an_answer_of_tokens_has_its_alignment(
    start: Explain, tmp_path: Path, no_pictures: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Job(tiny_config("reverse", "query_attention"), tmp_path / "run"))
    capsys.readouterr()
    status, lines, err = start(tmp_path / "run", "284")
    assert (status, err) == (0, "")
    head, _, exact = lines[0].partition(", exact ")
    assert exact == "4 8 2"
    answers = head.removeprefix("284: ").split()  # of a model that has not learnt yet how long they are
    assert len(answers) >= 3
    assert lines[1].split() == ["2", "8", "4", "max"]
    assert [line[0] for line in lines[2:-2]] == answers
    assert lines[-1].startswith("*: ")
    stars = [[position for position, letter in enumerate(line) if letter == "*"] for line in lines[2:-2]]
    assert stars == [[12], [8], [4], *[[]] * (len(answers) - 3)]  # the last token first


def test_relevance_of_the_whole_answer_is_no_alignment(start: Explain, tmp_path: Path, no_pictures: None) -> None:
    run(Job(tiny_config("answer_digits", "query_attention"), tmp_path / "run"))
    relevance = attnseq.load(tmp_path / "run").predict("2841907365").relevance
    assert relevance is not None
    assert relevance.shape == (1, 10)
    status, lines, err = start(tmp_path / "run", "2841907365")
    assert (status, err) == (0, "")
    first = next(index for index, line in enumerate(lines) if line.startswith("2841907365: "))
    assert lines[first].endswith(", exact 7 6 8")
    assert lines[first + 1].split() == [*"2841907365", "max"]
    assert len(lines[first + 2 : -1]) == 3
    assert not any("*" in line for line in lines[first:])


def test_attention_that_no_token_of_an_answer_has_for_itself_is_no_alignment(
    start: Explain, tmp_path: Path, no_pictures: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Job(tiny_config("answer_digits", "lstm_element"), tmp_path / "run"))
    capsys.readouterr()
    seen = attnseq.load(tmp_path / "run").predict("2841907365")
    assert seen.attention is not None
    assert (seen.axes, seen.attention.ndim) == ("BTD", 3)
    status, lines, err = start(tmp_path / "run", "2841907365")
    assert (status, err) == (0, "")
    assert lines[0].endswith(", exact 7 6 8")
    assert [line.split()[1] for line in lines[2:]] == list("2841907365")
    assert lines[1].split() == ["position", "attention", "relevance"]


def test_an_answer_without_tokens_has_no_alignment(
    start: Explain, tmp_path: Path, no_pictures: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(Job(tiny_config("reverse", "query_attention"), tmp_path / "run"))
    predict = attnseq.Run.predict

    def says_nothing(*args: Any, **kwargs: Any) -> Prediction:
        seen = predict(*args, **kwargs)
        return replace(seen, prediction=np.full_like(seen.prediction, NO_TOKEN))

    monkeypatch.setattr(attnseq.Run, "predict", says_nothing)
    status, lines, _ = start(tmp_path / "run", "284")
    assert status == 0
    assert lines[-1] == "284: none, exact 4 8 2"


def test_a_task_of_characters_takes_and_gives_strings(start: Explain, tmp_path: Path, no_pictures: None) -> None:
    run(Job(tiny_config("dates", "query_attention"), tmp_path / "run"))
    status, lines, err = start(tmp_path / "run", "3 May 1998", "31.02.2009")
    assert (status, err) == (0, "")
    first = next(index for index, line in enumerate(lines) if line.startswith("3 May 1998: "))
    answer, _, exact = lines[first].removeprefix("3 May 1998: ").partition(", exact ")
    assert exact == "1998-05-03"
    assert lines[first + 1].split() == [*"3May1998", "max"]
    assert "".join(line[0] for line in lines[first + 2 : first + 12]) == answer
    assert lines[first + 2].index("*") == lines[first + 1].index("1") + 1
    assert lines[first + 13].endswith(", exact none")
    assert not any("*" in line for line in lines[first + 14 : -1])
    status, lines, err = start(tmp_path / "run", "3 M\u00e4rz 1998")
    assert (status, lines) == (2, [])
    assert err.startswith("sequence 0, position 3: '\u00e4' is none of \" 0123456789,-./AD")


def test_real_numbers_stand_between_commas(start: Explain, tmp_path: Path, no_pictures: None) -> None:
    config = tiny_config("find_max", "lstm_hidden", **{"dataset.length": 3})
    run(Job(config, tmp_path / "run"))
    status, lines, _ = start(tmp_path / "run", "0.25,0.5,0.125")
    assert status == 0
    (line,) = [line for line in lines if "exact" in line]
    assert line.startswith("0.25,0.5,0.125: ")
    assert line.endswith(", exact 0.5")
    status, lines, _ = start(tmp_path / "run", "-0.25,-0.5,-0.125")
    assert status == 0
    assert lines[0].endswith(", exact -0.125")
    status, lines, _ = start(tmp_path / "run", "0.25,0.5,0.125,0.75")  # a model of any length; the task's is another
    assert status == 0
    assert lines[0].endswith(", exact 0.75")
    assert [line.split()[-1] for line in lines[1:]] == ["relevance", "0.0000", "0.0000", "0.0000", "1.0000"]


def test_a_model_without_attention_has_no_bars(
    start: Explain, tmp_path: Path, no_pictures: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Job(tiny_config("abs_difference", "mlp_plain"), tmp_path / "run"))
    capsys.readouterr()
    length = attnseq.load(tmp_path / "run").task.spec.inputs.length
    sequence = ",".join(["1"] * length)
    status, (line,), _ = start(tmp_path / "run", sequence)
    assert status == 0
    assert ", exact 0" in line


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["{0}", "28"], 2, "sequence 0: has 2 positions; the model takes 10"),
        (["{0}", "2841907365", "28x1907365"], 2, "sequence 1: 28x1907365: must be a string of digits, or numbers"),
        (["{0}", "\uff12841907365"], 2, "sequence 0: \uff12841907365: must be a string of digits, or numbers"),
        (["{0}"], 2, "the following arguments are required: SEQUENCE; usage: attnseq-explain RUN SEQUENCE ..."),
        (["nowhere", "28"], 2, "argument RUN: nowhere: no such folder"),
        (["{1}", "28"], 1, "{1}: no run's folder: it has no .hydra/config.yaml"),
        (["{0}", "28", "plugins=no_such_package"], 2, "plugins=no_such_package: cannot be imported ("),
        (["{0}", ""], 2, "an argument is empty"),
    ],
)
def test_bad_input_is_one_line(
    start: Explain,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    status: int,
    line: str,
) -> None:
    found, out, err = start(*(argument.format(finished, tmp_path) for argument in arguments))
    assert (found, out) == (status, [])
    assert err.startswith(line.format(finished, tmp_path))
    assert err.count("\n") == 1


def test_help_loads_no_pytorch(start: Explain) -> None:
    status, out, _ = start("--help")
    assert status == 0
    assert out[0] == "usage: attnseq-explain RUN SEQUENCE ... [beam=...] [out=...] [plugins=...]"


@pytest.mark.parametrize(("name", "first"), [("a.png", b"\x89PNG"), ("b.PDF", b"%PDF"), ("c.svg", b"<?xml")])
def test_a_picture_has_a_panel_a_sequence(
    start: Explain, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, first: bytes
) -> None:
    sheets: list[Sheet] = []
    file = Sheet.file
    monkeypatch.setattr(Sheet, "file", lambda sheet, form: sheets.append(sheet) or file(sheet, form))
    status, lines, _ = start(finished, "2841907365", "0123456789", f"out={tmp_path / name}")
    assert (status, lines[-1]) == (0, str(tmp_path / name))
    assert (tmp_path / name).read_bytes().startswith(first)
    (sheet,) = sheets
    assert [panel.get_ylabel() for panel in sheet.figure.axes] == ["share", "share"]
    texts = [text.get_text() for text in sheet.figure.texts]
    assert texts[0] == "MLP with attention to its input: the article's task, seed 1337"
    assert texts[3:] == [lines[0], lines[13]]
    seen = attnseq.load(finished).predict(["2841907365", "0123456789"])
    assert seen.attention is not None
    assert seen.relevance is not None
    for axes, digits, weights_T in zip(sheet.figure.axes, ("2841907365", "0123456789"), seen.attention, strict=True):
        assert [label.get_text() for label in axes.get_xticklabels()] == list(digits)
        attention, relevance = (patch.get_data().values[::2] for patch in axes.patches[:2])
        np.testing.assert_allclose(attention, weights_T)
        np.testing.assert_allclose(relevance, seen.relevance[0] / seen.relevance[0].sum())


@pytest.mark.parametrize(
    ("dataset", "model", "word", "label"),
    [
        ("reverse", "query_attention", "284", "answer"),
        ("abs_difference", "lstm_element", "2841907365", "weight"),
        ("find_max", "transformer", "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,0.25", "share"),
    ],
)
def test_what_a_panel_shows_is_called_what_it_is(
    start: Explain,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dataset: str,
    model: str,
    word: str,
    label: str,
    no_pictures: None,
) -> None:
    sheets: list[Sheet] = []
    file = Sheet.file
    monkeypatch.setattr(Sheet, "file", lambda sheet, form: sheets.append(sheet) or file(sheet, form))
    config = tiny_config(dataset, model)
    run(Job(config, tmp_path / "run"))
    length = config.dataset.task.spec.inputs.length
    word = (
        ",".join(["0.5"] * length) if "." in word else word if config.dataset.task.spec.inputs.padded else "1" * length
    )
    assert start(tmp_path / "run", word, f"out={tmp_path / 'a.svg'}")[0] == 0
    assert sheets[0].figure.axes[0].get_ylabel() == label


@pytest.mark.parametrize(
    ("out", "line"),
    [
        ("a.jpg", "out={0}/a.jpg: must be a file that ends in one of .png, .pdf, .svg"),
        ("a", "out={0}/a: must be a file that ends in one of .png, .pdf, .svg"),
        ("no/a.png", "out={0}/no/a.png: there is no folder {0}/no"),
        ("b.png", "out={0}/b.png: is a folder"),
    ],
)
def test_a_picture_that_cannot_be_written_is_refused(
    start: Explain, finished: Path, tmp_path: Path, out: str, line: str
) -> None:
    (tmp_path / "b.png").mkdir()
    assert start(finished, "2841907365", f"out={tmp_path / out}") == (2, [], line.format(tmp_path) + "\n")
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]


def test_without_attention_there_is_no_picture(start: Explain, tmp_path: Path, no_pictures: None) -> None:
    run(Job(tiny_config("abs_difference", "mlp_plain"), tmp_path / "run"))
    sequence = ",".join(["1"] * attnseq.load(tmp_path / "run").task.spec.inputs.length)
    status, _, err = start(tmp_path / "run", sequence, f"out={tmp_path / 'a.png'}")
    assert (status, err) == (2, f"{tmp_path / 'run'}: the model has no attention to draw\n")
    assert not (tmp_path / "a.png").exists()


def test_more_sequences_than_a_picture_holds_are_refused(start: Explain, finished: Path, tmp_path: Path) -> None:
    status, _, err = start(finished, *["2841907365"] * 21, f"out={tmp_path / 'a.png'}")
    assert (status, err) == (2, "out: a picture shows at most 20 sequences, not 21\n")
