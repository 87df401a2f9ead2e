"""A dataset that is read from a file: how it is dealt, trained on, read back without the file, and what is refused."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_configs import tiny_config, tiny_dataset

import attnseq
from attnseq.api.explanation import explained
from attnseq.core.keys import ConfigError
from attnseq.datasets.table import TableConfig
from attnseq.runs.folder import RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.naming import result_config
from attnseq.runs.run import run
from attnseq.sweep.grouping import program_of

ROWS = 40


def wide_file(path: Path, seed: int = 0) -> Path:
    """Rows of three numbers, whose answer is ten times the second one; the third cell counts for nothing."""
    numbers = np.random.default_rng(seed).normal(5, 2, (ROWS, 3))
    lines = [
        ",".join([f"s{row}", *map(repr, values.tolist()), repr(10 * float(values[1]))])
        for row, values in enumerate(numbers)
    ]
    path.write_text("\n".join(["name,a,b,c,answer", *lines]) + "\n")
    return path


def long_file(path: Path) -> Path:
    """Sequences of 2 to 4 steps of two channels; the class says which channel is larger."""
    rows = ["who,step,x,z,class"]
    numbers = np.random.default_rng(1)
    for who in range(ROWS):
        is_first = who % 2 == 0
        for step in range(2 + who % 3):
            low, high = numbers.random(), 2 + numbers.random()
            rows.append(
                f"{who},{step},{high if is_first else low},{low if is_first else high},{'x' if is_first else 'z'}"
            )
    path.write_text("\n".join(rows) + "\n")
    return path


WIDE = {"target": "answer", "id": "name", "time": "", "window": 0}
LONG = {"target": "class", "id": "who", "time": "step", "window": 0}


def table(path: Path, keys: dict[str, Any], **changes: Any) -> TableConfig:
    config = tiny_dataset("table", **{"path": str(path)} | keys | changes)
    assert isinstance(config, TableConfig)
    return config


def trained(path: Path, keys: dict[str, Any], folder: Path, model: str, **changes: Any) -> Path:
    """Train on a file; the run's folder."""
    of_dataset = {f"dataset.{key}": value for key, value in {"path": str(path), **keys}.items()}
    assert run(Job(tiny_config("table", model, **of_dataset, **changes), folder))["status"] == "finished"
    return folder


def test_samples_are_dealt_by_the_seed_and_every_one_is_in_one_split(tmp_path: Path) -> None:
    file = wide_file(tmp_path / "mine.csv")
    one, same, other = (table(file, WIDE, seed=seed).task.splits() for seed in (1, 1, 2))
    assert [split.size for split in one] == [28, 6, 6]
    assert table(file, WIDE).sizes == (28, 6, 6)
    assert all(torch.equal(mine.inputs, its.inputs) for mine, its in zip(one, same, strict=True))
    assert not torch.equal(one.test.inputs, other.test.inputs)


def test_a_file_is_read_once_for_all_runs_of_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = wide_file(tmp_path / "mine.csv")
    first = table(file, WIDE).task
    assert table(file, WIDE).task is first
    wide_file(file, seed=5)
    assert table(file, WIDE).task is not first


def test_an_edited_file_is_another_run_and_a_moved_one_is_not(tmp_path: Path) -> None:
    file, moved = wide_file(tmp_path / "mine.csv"), wide_file(tmp_path / "moved.csv")
    keys = {f"dataset.{key}": value for key, value in WIDE.items()}
    before, elsewhere = (tiny_config("table", **keys, **{"dataset.path": str(path)}) for path in (file, moved))
    assert result_config(before) == result_config(elsewhere)
    folder = trained(file, WIDE, tmp_path / "run", "mlp_attention")
    wide_file(file, seed=5)
    after = tiny_config("table", **keys, **{"dataset.path": str(file)})
    assert result_config(after) != result_config(before)
    with pytest.raises(RunFolderError, match=r"another config \(dataset\.fingerprint=\w{16}, now \w{16}\)"):
        run(Job(after, folder))


def test_seeds_that_scale_otherwise_are_not_one_program(tmp_path: Path) -> None:
    file = wide_file(tmp_path / "mine.csv")
    keys = {f"dataset.{key}": value for key, value in (WIDE | {"path": str(file)}).items()}
    one, same, other = (tiny_config("table", **keys, seed=seed, **{"dataset.seed": seed // 2}) for seed in (0, 1, 2))
    assert program_of(one) == program_of(same) != program_of(other)


@pytest.mark.parametrize("model", ["mlp_attention", "lstm_attention", "query_attention"])
def test_a_run_predicts_in_units_of_the_answer_where_the_file_is_gone(model: str, tmp_path: Path) -> None:
    file = wide_file(tmp_path / "mine.csv")
    test = table(file, WIDE).task.splits().test
    folder = trained(file, WIDE, tmp_path / "run", model, **{"trainer.epochs": 3})
    file.unlink()
    loaded = attnseq.load(folder)
    facts = json.loads((folder / "task.json").read_text())
    raw = test.inputs.double().numpy() * facts["deviations"][0] + facts["means"][0]
    seen = loaded.predict(raw)
    truth = test.targets.numpy() * facts["deviation"] + facts["mean"]
    assert np.abs(seen.prediction - truth).mean() == pytest.approx(loaded.result["mae/test"], rel=1e-4)
    assert loaded.result["mae/test"] < 40  # of answers that are 50 on average, none of which is near [0, 1]
    with pytest.raises(ConfigError, match=r"mine\.csv: no such file$"):
        loaded.task.splits()


def test_a_new_file_is_predicted_with_ids_and_answers_where_it_has_them(tmp_path: Path) -> None:
    file = wide_file(tmp_path / "mine.csv")
    loaded = attnseq.load(trained(file, WIDE, tmp_path / "run", "mlp_attention"))
    seen = loaded.predict(wide_file(tmp_path / "new.csv", seed=3))
    assert loaded.predict(str(tmp_path / "new.csv")).prediction.tolist() == seen.prediction.tolist()
    assert seen.ids == tuple(f"s{row}" for row in range(ROWS))
    assert seen.prediction.shape == (ROWS,)
    values = [line.split(",") for line in (tmp_path / "new.csv").read_text().splitlines()[1:]]
    assert seen.truth == pytest.approx([float(cells[-1]) for cells in values])
    assert seen.attention.shape == (ROWS, 3)
    assert loaded.predict([[float(cell) for cell in cells[1:4]] for cells in values]).prediction == pytest.approx(
        seen.prediction, rel=1e-5
    )
    (tmp_path / "new.csv").write_text("c,b,a\n1,2,3\n")
    with pytest.raises(ConfigError, match=r"^dataset\.id=name: no such column in .*new\.csv; it has c, b, a$"):
        loaded.predict(tmp_path / "new.csv")
    (tmp_path / "new.csv").write_text("name,c,b,a\nt,1,2,3\n")
    later = loaded.predict(tmp_path / "new.csv")
    assert later.truth is None
    assert later.prediction == pytest.approx(loaded.predict([[3.0, 2.0, 1.0]]).prediction)


def test_classes_of_sequences_whose_lengths_differ_are_learnt_and_longer_ones_are_predicted(tmp_path: Path) -> None:
    file = long_file(tmp_path / "mine.csv")
    more = {"trainer.epochs": 30, "trainer.learning_rate": 0.05}
    loaded = attnseq.load(trained(file, LONG, tmp_path / "run", "lstm_hidden", **more))
    assert loaded.result["accuracy/test"] == 1
    (tmp_path / "new.csv").write_text("who,step,x,z\n" + "".join(f"9,{step},0.5,2.5\n" for step in range(9)))
    seen = loaded.predict(tmp_path / "new.csv")
    assert (seen.prediction.tolist(), seen.ids) == (["z"], ("9",))
    assert seen.attention.shape == (1, 9)


def test_an_edited_file_gives_no_samples_to_a_run_that_was_trained_before(tmp_path: Path) -> None:
    file = wide_file(tmp_path / "mine.csv")
    loaded = attnseq.load(trained(file, WIDE, tmp_path / "run", "mlp_attention"))
    assert loaded.task.splits().train.size == 28
    wide_file(file, seed=5)
    with pytest.raises(ConfigError, match=r"^dataset\.path=.*mine\.csv: has changed since the run was trained$"):
        loaded.task.splits()


def test_known_relevance_is_what_attention_is_scored_by(tmp_path: Path) -> None:
    file = wide_file(tmp_path / "mine.csv")
    counts = tmp_path / "counts.csv"
    counts.write_text("name,a,b,c\n" + "".join(f"s{row},0,1,0\n" for row in range(ROWS)))
    folder = trained(file, WIDE | {"relevance": str(counts)}, tmp_path / "run", "mlp_attention")
    result = attnseq.load(folder).result
    assert result["attention/relevance"] == [0, 1, 0]
    assert result["relevance/mass_accuracy"] == pytest.approx(result["attention/mean"][1])


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"path": ""}, "dataset.path=: must name a file"),
        ({"target": ""}, "dataset.target=: must name a column"),
        ({"layout": "long", "id": ""}, "dataset.layout=long: needs dataset.id"),
        ({"layout": "windows"}, "dataset.layout=windows: needs dataset.window"),
        ({"layout": "wide", "window": 3}, "dataset.window=3: does not go with dataset.layout=wide"),
        ({"horizon": 2}, "dataset.horizon=2: does not go with dataset.layout=wide"),
        ({"layout": "long", "lengths": "n"}, "dataset.lengths=n: does not go with dataset.layout=long"),
        (
            {"window": 3, "split": "random"},
            "dataset.layout=windows with dataset.split=random: must be one of chronological, grouped, column",
        ),
        ({"split": "grouped"}, "dataset.split=grouped: needs dataset.group"),
        ({"split": "random", "group": "name"}, "dataset.split=random: does not use dataset.group"),
        ({"split": "column"}, "dataset.split=column: needs dataset.split_column"),
        (
            {"validation_share": 0.5, "test_share": 0.5},
            "dataset.validation_share=0.5, dataset.test_share=0.5: must be at most 0.9 together",
        ),
        ({"test_share": 0}, "dataset.test_share=0: must be > 0 and <= 0.9"),
        ({"layout": "tall"}, "dataset.layout=tall: must be one of auto, wide, long, windows"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(keys: dict[str, Any], line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(line)}$"):
        table(tmp_path / "none.csv", WIDE | keys)


@pytest.mark.parametrize(
    ("keys", "way", "layout"),
    [
        ({}, "random", "wide"),
        ({"group": "g"}, "grouped", "wide"),
        ({"split_column": "s", "time": "t"}, "column", "long"),
        ({"window": 3, "time": "t"}, "chronological", "windows"),
        ({"window": 3, "group": "g"}, "grouped", "windows"),
    ],
)
def test_what_auto_means(keys: dict[str, Any], way: str, layout: str) -> None:
    config = table(Path("none.csv"), WIDE | keys)
    assert (config.way, config.columns.layout) == (way, layout)


def test_categories_are_called_by_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["who,word,y", *(f"{who},{word},{who % 2}" for who in range(20) for word in ("yes", "no", "so")[who % 2 :])]
    (tmp_path / "mine.csv").write_text("\n".join(rows) + "\n")
    keys = {"target": "y", "id": "who", "time": "", "window": 0, "layout": "long"}
    loaded = attnseq.load(trained(tmp_path / "mine.csv", keys, tmp_path / "run", "query_attention"))
    by_name, by_number = loaded.predict([["no", "so"]]), loaded.predict([[0, 1]])
    assert by_name.prediction == by_number.prediction
    text = explained(loaded, ["no,so"]).text()
    assert text.startswith("no,so: ")
    assert [line.split()[:2] for line in text.splitlines()[2:]] == [["0", "no"], ["1", "so"]]


@pytest.mark.parametrize("content", ["{", "{}", "[1]"])
def test_damaged_facts_are_refused_in_one_line(content: str, tmp_path: Path) -> None:
    folder = trained(wide_file(tmp_path / "mine.csv"), WIDE, tmp_path / "run", "mlp_attention")
    (folder / "task.json").write_text(content)
    with pytest.raises(attnseq.RunError, match=rf"^{folder}: task\.json: damaged[^\n]*$"):
        attnseq.load(folder)
