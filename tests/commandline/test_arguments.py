"""Folders and options of a command line, and what is refused in one line."""

import sys

import pytest

from attnseq.commandline.arguments import choose, output_folder, parse

KNOWN = ["model.name", "model.attention", "trainer.name", "trainer.seed", "dataset.seed", "loss/test", "mae/test"]


@pytest.fixture(autouse=True)
def _working_folder(tmp_path, monkeypatch):
    for name in ("a", "b", "sweep/sort=x"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)


def refused(capsys, call, *arguments, **options):
    with pytest.raises(SystemExit) as end:
        call(*arguments, **options)
    error = capsys.readouterr().err
    assert end.value.code == 2
    assert error.count("\n") == 1
    return error


def test_folders_and_options_in_any_order():
    for option in (["sort=loss/test"], ["--sort=loss/test"], ["--sort", "loss/test"]):
        folders, options = parse([*option, "a", "out=", "sweep/sort=x"], "", ["sort", "out", "metrics"])
        assert [folder.as_posix() for folder in folders] == ["a", "sweep/sort=x"]
        assert options == {"sort": "loss/test", "out": ""}


def test_help_is_the_description_and_what_is_allowed(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["attnseq/compare.py"])
    with pytest.raises(SystemExit) as end:
        parse(["sort=x", "--help"], "What it does.\n\n    sort=KEY   as it stands", ["sort"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith(
        "usage: attnseq-compare FOLDER ... [sort=...]\n\nWhat it does.\n\n    sort=KEY   as it stands\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: FOLDER"),
        (["sort=x"], "the following arguments are required: FOLDER"),
        ([""], "an argument is empty"),
        (["a", " "], "an argument is empty"),
        (["a", "nowhere"], "nowhere: no such folder"),
        (["a", "file"], "file: not a folder"),
        (["a", "sorted=x"], "sorted=x: no such folder; usage: attnseq-compare FOLDER ... [sort=...] [out=...]"),
        (["a", "--sorted=x"], "--sorted=x; usage: attnseq-compare FOLDER ... [sort=...] [out=...]"),
        (["a", "--so=x"], "--so=x; usage:"),
        (["a", "--sort"], "--sort: expected one argument"),
        (["outputs/lr=1"], "outputs/lr=1: no such folder"),
    ],
)
def test_what_is_neither_is_refused(capsys, monkeypatch, arguments, said):
    monkeypatch.setattr(sys, "argv", ["attnseq/compare.py"])
    assert said in refused(capsys, parse, arguments, "", ["sort", "out"])


def test_names_in_full_by_group_and_by_their_last_part():
    assert choose("group", "model,attention,trainer.seed,model.name", KNOWN) == [
        "model.name",
        "model.attention",
        "trainer.seed",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed", "group=seed: ambiguous: trainer.seed or dataset.seed"),
        ("test", "group=test: ambiguous: loss/test or mae/test"),
        ("depth", "group=depth: unknown; allowed are model.name, model.attention"),
        ("", "group=: unknown; allowed are"),
    ],
)
def test_names_that_are_unknown_or_ambiguous_are_refused(capsys, text, said):
    assert said in refused(capsys, choose, "group", text, KNOWN)


def test_an_option_of_one_name_takes_no_list(capsys):
    assert "unknown" in refused(capsys, choose, "sort", "loss/test,mae/test", KNOWN, single=True)


def test_files_go_into_the_folder_that_holds_all(tmp_path):
    assert output_folder([tmp_path / "a"], None) == tmp_path / "a"
    assert (tmp_path / output_folder([tmp_path / "a", tmp_path / "b"], None)) == tmp_path
    assert output_folder([tmp_path / "sweep/sort=x", tmp_path / "sweep"], None).as_posix() == "sweep"
    assert output_folder([tmp_path / "a"], "new/folder").as_posix() == "new/folder"


def test_files_go_nowhere_that_nobody_named(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "a")
    assert "out=FOLDER" in refused(capsys, output_folder, [tmp_path / "a", tmp_path / "b"], None)
    assert "out=../file: not a folder" in refused(capsys, output_folder, [tmp_path], "../file")
    for blank in ("", " "):
        assert "not a folder" in refused(capsys, output_folder, [tmp_path], blank)
    assert "out=~/x: no shell fills in ~" in refused(capsys, output_folder, [tmp_path], "~/x")
