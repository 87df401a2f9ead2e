"""One run from start to result: its files, and what happens when it is damaged, diverged or started again."""

import io
import json
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import torch
from tiny_configs import tiny_config

from attnseq.datasets.find_max import FindMax, FindMaxConfig
from attnseq.report import history
from attnseq.report.pictures import Pictures
from attnseq.report.sheet import Heading
from attnseq.runs.build import build_metrics
from attnseq.runs.config import RunConfig
from attnseq.runs.folder import RunFolder, RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.naming import result_config
from attnseq.runs.published import PublishedRun
from attnseq.runs.reading import read_run
from attnseq.runs.run import run
from attnseq.scores import SCORES
from attnseq.training.attention_summary import Alignment
from attnseq.training.checkpoint import CheckpointError

Compose = Callable[..., RunConfig]
SameRun = Callable[[Path, Path], None]

RESULT_KEYS = {
    *("status", "variant", "seed", "epochs", "loss/train", "loss/validation", "loss/test", "mae/test", "exact/test"),
    *(
        "attention/mean",
        "attention/entropy",
        "attention/relevance",
        *(name for name in SCORES.names() if name.startswith("relevance/")),
        "parameters",
        "device",
        "seconds",
        "microseconds_per_sample",
        "versions",
    ),
}


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "outputs" / "variant" / "seed=1"


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """What every file of a folder holds, and when it was written."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_a_run_leaves_the_files_of_the_design(finished: Path) -> None:
    names = {path.relative_to(finished).as_posix() for path in finished.rglob("*") if path.is_file()}
    events = {name for name in names if name.startswith("events.out.tfevents.")}
    assert len(events) == 1
    assert names - events - {".lock"} == {
        ".hydra/config.yaml", "history.csv", "checkpoint.pt", "plan.json", "result.json", "attention.png", "loss.png",
    }  # fmt: skip


def test_the_pictures_are_pictures(finished: Path) -> None:
    for name in ("attention.png", "loss.png"):
        assert (finished / name).read_bytes().startswith(b"\x89PNG")


def test_the_result_says_what_the_design_asks(finished: Path, tiny: Compose) -> None:
    result = json.loads((finished / "result.json").read_text())
    assert result.keys() >= RESULT_KEYS
    assert (result["status"], result["seed"], result["epochs"], result["device"]) == ("finished", 1337, 2, "cpu")
    assert result["variant"] == "mlp_attention,train_size=500,validation_size=64,test_size=64,epochs=2"
    assert result["parameters"] == 110 + 110 + 11
    assert len(result["attention/mean"]) == 10
    assert sum(result["attention/mean"]) == pytest.approx(1, abs=1e-6)
    assert 0 < result["loss/test"] < 1
    assert 0 <= result["exact/test"] <= 1
    assert 0 < result["mae/test"] < 1000
    assert result["seconds"] > 0
    assert result["versions"].keys() == {"python", "torch", "attnseq"}
    rows = history.read(finished / "history.csv")
    assert [row["epoch"] for row in rows] == [1, 2]
    assert (result["loss/train"], result["loss/validation"]) == (rows[-1]["loss/train"], rows[-1]["loss/validation"])
    microseconds = 1e6 * median(row["seconds"] for row in rows) / 500
    assert result["microseconds_per_sample"] == pytest.approx(microseconds)
    assert rows[1]["loss/train"] < rows[0]["loss/train"]
    assert RunFolder(finished, result_config(tiny())).result() == result


def test_a_finished_run_is_not_trained_again(path: Path, tiny: Compose, capsys: pytest.CaptureFixture[str]) -> None:
    first = run(Job(tiny(), path))
    before = contents(path)
    capsys.readouterr()
    # what does not decide the result may differ
    again = run(Job(tiny("trainer.checkpoint_minutes=1", "name=other"), path))
    assert contents(path) == before
    assert {**first, "config": again["config"]} == again
    out = capsys.readouterr().out
    assert "already finished" in out
    assert "overwrite=true" in out
    assert "mae/test" in out


def test_a_finished_run_is_shown_where_nothing_can_be_written(
    path: Path, tiny: Compose, read_only: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    first = run(Job(tiny(), path))
    (path / ".lock").unlink()
    before = contents(path)
    capsys.readouterr()
    read_only(path)
    assert run(Job(tiny(), path)) == first
    assert "mae/test" in capsys.readouterr().out
    with pytest.raises(RunFolderError, match=f"^{path}: the run cannot be trained: .*Read-only"):
        run(Job(tiny("overwrite=true"), path))
    assert contents(path) == before
    assert not (path / ".lock").exists()


def test_a_run_that_is_not_finished_is_refused_where_nothing_can_be_written(
    path: Path, tiny: Compose, finished: Path, read_only: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    path.mkdir(parents=True)
    shutil.copy(finished / "checkpoint.pt", path)
    read_only(path)
    for folder in (path, path / "deeper"):
        with pytest.raises(RunFolderError, match=f"^{folder}: the run cannot be trained: .*Read-only") as error:
            run(Job(tiny(), folder))
        assert "\n" not in str(error.value)
    assert [file.name for file in path.iterdir()] == ["checkpoint.pt"]
    assert capsys.readouterr().out == ""


def test_overwrite_trains_anew(path: Path, tiny: Compose, same_run: SameRun, finished: Path) -> None:
    run(Job(tiny(), path))
    for file in path.iterdir():
        os.utime(file, (0, 0))  # clocks of file systems are coarse
    (path / "notes.txt").write_text("mine")
    assert run(Job(tiny("overwrite=true"), path))["status"] == "finished"
    after = contents(path)
    for name in ("checkpoint.pt", "result.json", "history.csv", "attention.png"):
        assert after[name][1] > 0, name
    assert len(list(path.glob("events.out.tfevents.*"))) == 1
    assert after["notes.txt"][0] == b"mine"
    same_run(path, finished)


def test_overwrite_takes_the_folder_of_another_config(
    path: Path, tiny: Compose, same_run: SameRun, finished: Path
) -> None:
    run(Job(tiny("seed=1"), path))
    run(Job(tiny("overwrite=true"), path))
    same_run(path, finished)


def test_the_seed_decides_and_the_run_before_does_not(
    path: Path, tiny: Compose, same_run: SameRun, finished: Path
) -> None:
    run(Job(tiny("seed=1"), path))
    one, other = (torch.load(folder / "checkpoint.pt", weights_only=True)["state"] for folder in (path, finished))
    assert not torch.equal(one["parameters"], other["parameters"])
    run(Job(tiny(), path.with_name("again")))
    same_run(path.with_name("again"), finished)


def test_another_config_in_the_same_folder_is_refused(path: Path, tiny: Compose) -> None:
    run(Job(tiny(), path))
    before = contents(path)
    with pytest.raises(RunFolderError, match=r"result\.json: of a run with another config"):
        run(Job(tiny("trainer.learning_rate=0.5"), path))
    (path / "result.json").rename(path / "kept")
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: of a run with another config"):
        run(Job(tiny("trainer.learning_rate=0.5"), path))
    (path / "kept").rename(path / "result.json")
    assert contents(path) == before


def flipped(content: bytes) -> bytes:
    """One bit of the parameters changed: torch.load alone does not notice."""
    middle = content.index(b"data/0") + 200
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("pwned",)


def executing(content: bytes) -> bytes:
    buffer = io.BytesIO()
    torch.save({"format": 1, "state": Evil()}, buffer)
    return buffer.getvalue()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut to half": lambda content: content[: len(content) // 2],
    "cut by a byte": lambda content: content[:-1],
    "one bit": flipped,
    "zeros": lambda content: bytes(len(content)),
    "text": lambda content: b"not a checkpoint\n" * 100,
    "plain pickle": lambda content: pickle.dumps({"format": 1}),
    "code": executing,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused_and_kept(damage: str, path: Path, tiny: Compose, finished: Path) -> None:
    path.mkdir(parents=True)
    damaged = DAMAGES[damage]((finished / "checkpoint.pt").read_bytes())
    (path / "checkpoint.pt").write_bytes(damaged)
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: damaged.*overwrite=true") as error:
        run(Job(tiny(), path))
    assert "\n" not in str(error.value)
    assert (path / "checkpoint.pt").read_bytes() == damaged
    assert {file.name for file in path.iterdir()} - {".lock"} == {"checkpoint.pt"}
    assert not Path("pwned").exists()


def test_a_damaged_result_is_refused_and_kept(path: Path, tiny: Compose) -> None:
    path.mkdir(parents=True)
    (path / "result.json").write_text('{"status": "fin')
    with pytest.raises(RunFolderError, match=r"result\.json: damaged"):
        run(Job(tiny(), path))
    assert (path / "result.json").read_text() == '{"status": "fin'


@pytest.mark.parametrize("batch_size", [5, 500], ids=["within an epoch", "at its end"])
def test_a_diverged_run_says_where(
    batch_size: int, path: Path, tiny: Compose, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny("trainer.learning_rate=1e39", f"trainer.batch_size={batch_size}", "trainer.epochs=3")
    result = run(Job(config, path))
    assert result["status"] == "diverged"
    written = json.loads((path / "result.json").read_text(), parse_constant=pytest.fail)
    assert written["status"] == "diverged"
    # the first step's loss is that of the initial weights; it sends them beyond float32
    epoch, step = (1, 2) if batch_size == 5 else (2, 1)
    assert written["diverged"] == {"epoch": epoch, "step": step}
    assert written["epochs"] == epoch - 1
    assert written["loss/test"] is None or isinstance(written["loss/test"], float)
    out = capsys.readouterr().out
    assert "diverged" in out
    assert f"epoch {epoch}, step {step}" in out
    before = contents(path)
    assert run(Job(config, path))["status"] == "diverged"
    assert contents(path) == before
    assert "already diverged" in capsys.readouterr().out


def test_a_run_of_the_lstm_goes_the_same_way(path: Path, tiny: Compose, capsys: pytest.CaptureFixture[str]) -> None:
    small = ("model=lstm_attention", "model.hidden_size=4", "dataset.train_size=100")
    result = run(Job(tiny(*small, "model.attention=element"), path))
    assert result["status"] == "finished"
    assert result["variant"].startswith("lstm_attention,hidden_size=4,attention=element,")
    assert len(result["attention/mean"]) == 10
    assert all(0 < weight < 1 for weight in result["attention/mean"])
    assert "lstm_attention,hidden_size=4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("dataset", "model"),
    [("answer_digits", "lstm_attention"), ("find_max", "mlp_attention"), ("reverse", "query_attention")],
)
def test_a_run_of_any_task_leaves_and_shows_what_it_measured(
    dataset: str, model: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny_config(dataset, model)
    measured = ["loss", *build_metrics(config, config.dataset.build().spec.target)]
    result = run(Job(config, path))
    rows = history.read(path / "history.csv")
    assert rows[0].keys() >= {"loss/train", "attention/entropy", *(f"{name}/validation" for name in measured)}
    assert rows[1]["loss/train"] < rows[0]["loss/train"]
    assert result.keys() >= {"relevance/mass_accuracy", *(f"{name}/test" for name in measured)}
    assert read_run(path).state == "finished"
    out = capsys.readouterr().out
    assert all(f"\n{name}/test " in out for name in measured)
    assert {"attention.png", "loss.png"} <= {file.name for file in path.iterdir()}


def test_of_an_alignment_one_sample_is_shown_symbol_by_symbol(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Alignment] = []
    cards: list[Alignment] = []
    monkeypatch.setattr(Pictures, "alignment", lambda self, title, each: drawn.append(each) or self.loss(title, []))
    monkeypatch.setattr(
        "attnseq.report.cards.alignment",
        lambda run, place, each: cards.append(each) or Pictures().loss(Heading(run), []),
    )
    changes = {"dataset.length": 3, "dataset.vocabulary": 2, "trainer.epochs": 12}  # until it answers at all
    job = Job(tiny_config("reverse", "query_attention", **changes), path)
    result = run(job)
    lines = capsys.readouterr().out.splitlines()
    alignment = Alignment.of_plain(result["attention/alignment"])
    assert len(alignment.inputs) == 3
    first = lines.index(f"a test sample: {alignment.line}")
    assert lines[first + 1].split() == [*alignment.inputs, "max"]
    assert [line[0] for line in lines[first + 2 : first + 2 + len(alignment.answers)]] == list(alignment.answers)
    assert "position" not in "".join(lines)  # no bars of a mean
    (of_test,), (of_epoch,) = drawn, cards  # attention.png, and TensorBoard's of the last epoch
    assert (of_test.line, of_test.weights_KxT.tolist()) == (alignment.line, alignment.weights_KxT.tolist())
    assert of_epoch.weights_KxT.shape == (len(of_epoch.answers), len(of_epoch.inputs))
    (path / "attention.png").unlink()
    run(job)  # it is drawn again from the result alone
    assert drawn[1].line == alignment.line


def test_an_alignment_without_numbers_is_written_all_the_same(path: Path, no_pictures: None) -> None:
    config = tiny_config("reverse", "query_attention", **{"trainer.learning_rate": 1e30, "trainer.epochs": 1})
    result = run(Job(config, path))
    assert result["status"] == "diverged"
    assert read_run(path).state == "diverged"


@dataclass
class CountedConfig(FindMaxConfig):
    """Says each time that its task is built."""

    def build(self) -> FindMax:
        print("built")
        return super().build()


def test_a_run_builds_its_task_once(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    usual = tiny_config("find_max")
    config = replace(usual, dataset=CountedConfig(**asdict(usual.dataset)))
    run(Job(config, path))
    run(Job(config, path))  # shows what is finished
    assert capsys.readouterr().out.count("built\n") == 1


def test_a_task_stays_behind_where_a_config_goes_to_another_process() -> None:
    dataset = tiny_config("find_max").dataset
    assert "task" in vars(dataset)  # the check of the config asked for it
    arrived = pickle.loads(pickle.dumps(dataset))
    assert arrived == dataset
    assert "task" not in vars(arrived)
    assert arrived.task == dataset.task


def test_threads_are_as_before(path: Path, tiny: Compose) -> None:
    before = torch.get_num_threads()
    run(Job(tiny(), path))
    assert torch.get_num_threads() == before


def test_what_is_shown(path: Path, tiny: Compose, capsys: pytest.CaptureFixture[str]) -> None:
    run(Job(tiny(), path))
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith("mlp_attention,train_size=500")
    assert "231 parameters" in lines[0]
    assert "tutorial, 500 samples" in lines[0]
    assert lines[0].endswith("cpu")
    assert "not compiled: trainer.compile=false" in lines[1]
    assert [line.split()[0] for line in lines[3:5]] == ["1", "2"]
    assert "outputs/variant/seed=1/attention.png" in lines
    assert "outputs/variant/seed=1/loss.png" in lines
    assert lines[-1].startswith("python -m attnseq.board outputs")
    # the published figures belong to the published run only
    assert "published" not in out


def test_what_was_deleted_of_a_finished_run_is_drawn_again_or_said(
    path: Path, tiny: Compose, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "attnseq.runs.run.published_run", lambda variant, seed: PublishedRun(("0.1", "0.2"), (0.1,) * 10)
    )  # as if it were the article's own
    run(Job(tiny(), path))
    pictures = [path / "attention.png", path / "loss.png"]
    before = [picture.read_bytes() for picture in pictures]
    for picture in pictures:
        picture.unlink()
    run(Job(tiny(), path))
    assert [picture.read_bytes() for picture in pictures] == before
    (path / "history.csv").unlink()
    pictures[1].unlink()
    capsys.readouterr()
    run(Job(tiny(), path))
    lines = capsys.readouterr().out.splitlines()
    assert "no history.csv: the losses of its epochs are not known any more" in lines
    assert any(line.startswith("exact/test") for line in lines)
    assert "outputs/variant/seed=1/attention.png" in lines
    assert "outputs/variant/seed=1/loss.png" not in lines
    assert not pictures[1].exists()


def test_a_history_that_is_damaged_is_found_out_before_training(path: Path, tiny: Compose) -> None:
    path.mkdir(parents=True)
    (path / "history.csv").write_text("epoch;loss/train\n1;0,5\n")
    with pytest.raises(RunFolderError, match=r"history\.csv: damaged.*overwrite=true"):
        run(Job(tiny(), path))
    assert not (path / "checkpoint.pt").exists()
