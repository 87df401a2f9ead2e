"""Where a run stands is read off its folder: last loss, speed, time left and age."""

import json
from pathlib import Path

import pytest
from run_folders import run_config, write_run, write_unfinished, written_at

from attnseq.runs.reading import read_run
from attnseq.runs.standing import Standing, standing


def test_a_run_in_a_population_waits_for_the_whole_of_it(tmp_path: Path) -> None:
    folder = write_unfinished(tmp_path / "run", run_config(), epochs=1, last_loss=0.25)
    written_at(folder, 1000.0)
    assert standing(read_run(folder), 1001.0) == Standing(0.25, 1.5, 2 * 1.5 - 1.0, 1.0)
    (folder / "plan.json").write_text(json.dumps({"runs": 8}))
    assert standing(read_run(folder), 1001.0).left == 8 * 2 * 1.5 - 1.0
    assert standing(read_run(folder), 2000.0).left == 0.0
    assert standing(read_run(folder), 0.0).age == 0.0  # the file server's clock goes ahead


def test_the_last_epochs_say_how_fast_it_is(tmp_path: Path) -> None:
    folder = write_unfinished(tmp_path / "run", run_config(), epochs=1)
    rows = [f"{epoch},0.5,0.4,{100.0 if epoch < 6 else 2.0}" for epoch in range(1, 11)]
    (folder / "history.csv").write_text("\n".join(["epoch,loss/train,loss/validation,seconds", *rows, ""]))
    assert standing(read_run(folder)).epoch_seconds == 2.0


def test_the_training_loss_where_there_is_no_other(tmp_path: Path) -> None:
    folder = write_unfinished(tmp_path / "run", run_config(), epochs=1)
    (folder / "history.csv").write_text("epoch,loss/train,loss/validation,seconds\n1,0.5,nan,1.0\n")
    assert standing(read_run(folder)).loss == 0.5


@pytest.mark.parametrize("history", [None, "", "epoch,loss/train,seconds\n", "epoch\n1\n", "epoch,seconds\n1,x\n"])
def test_what_cannot_be_read_is_not_known(tmp_path: Path, history: str | None) -> None:
    folder = write_run(tmp_path / "run")
    (folder / "history.csv").unlink()
    if history is not None:
        (folder / "history.csv").write_text(history)
    (folder / "plan.json").write_text("[]")
    its = standing(read_run(folder))
    assert (its.loss, its.epoch_seconds, its.left) == (None, None, None)
    assert its.age is not None
