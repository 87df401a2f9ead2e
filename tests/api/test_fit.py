"""Training from Python does what the command does, and errors are exceptions of one line."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import attnseq

SIZES = ("dataset.train_size=500", "dataset.validation_size=64", "dataset.test_size=64")
TINY = ("device=cpu", *SIZES, "trainer.epochs=2", "trainer.compile=false")


def test_fit_trains_goes_on_and_takes_what_is_finished(
    folder: Path, stop_at: Callable[[int, signal.Signals], None], same_run: Callable[[Path, Path], None]
) -> None:
    longer = (*TINY, "dataset.train_size=4000", "trainer.epochs=1")
    stop_at(64, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match=r"^stopped by SIGINT; the same call goes on from the checkpoint$"):
        attnseq.fit(longer)
    assert [run.state for run in attnseq.find()] == ["unfinished"]
    run = attnseq.fit(longer)
    assert run.state == "finished"
    assert run.path.parent.parent == folder / "outputs" / "tutorial"
    before = (run.path / "checkpoint.pt").stat().st_mtime_ns
    assert attnseq.fit(longer).result == run.result
    assert (run.path / "checkpoint.pt").stat().st_mtime_ns == before
    same_run(run.path, attnseq.fit([*longer, "name=whole"]).path)
    assert (run.path / ".hydra" / "overrides.yaml").read_text().startswith("- device=cpu\n")


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["epoch=3"], "epoch: no such key (did you mean trainer.epochs?); allowed are "),
        (["trainer.epochs=0"], "trainer.epochs=0: must be >= 1"),
        (["model=perceptron"], "model=perceptron: no such choice; allowed are "),
        (["seed=1,2"], "seed=1,2: a sweep needs -m"),
        (["trainer.epochs"], "Error parsing override 'trainer.epochs' missing EQUAL"),
        (["plugins=[no_such_package]"], "plugins=no_such_package: cannot be imported ("),
        (["hydra.run.dir="], "hydra.run.dir=: must name a folder"),
    ],
)
def test_a_wrong_override_is_one_line(folder: Path, overrides: list[str], line: str) -> None:
    with pytest.raises(attnseq.ConfigError) as error:
        attnseq.fit(overrides)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)
    assert list(folder.iterdir()) == []


def test_a_device_that_is_not_here_is_refused_before_anything_is_trained(folder: Path) -> None:
    for read in (lambda: attnseq.fit(TINY, device="gpu"), lambda: attnseq.find(device="gpu")):
        with pytest.raises(attnseq.ConfigError, match=r"^device=gpu: must be auto"):
            read()
    assert list(folder.iterdir()) == []


def test_a_single_override_may_be_a_string(folder: Path) -> None:
    with pytest.raises(attnseq.ConfigError, match=r"^trainer\.epochs=0: must be >= 1"):
        attnseq.fit("trainer.epochs=0")


def test_an_override_that_is_no_text_is_refused(folder: Path) -> None:
    with pytest.raises(attnseq.ConfigError, match=r"^overrides: must be texts such as 'seed=1', not 1$"):
        attnseq.fit([1])  # type: ignore[list-item]


def test_an_empty_name_of_a_plugin_is_refused(folder: Path) -> None:
    with pytest.raises(attnseq.ConfigError, match=r"^plugins=: cannot be imported \("):
        attnseq.fit(TINY, plugins=[""])
    assert list(folder.iterdir()) == []


def test_a_folder_in_use_or_damaged_is_one_line(folder: Path) -> None:
    run = attnseq.fit(TINY)
    (run.path / "result.json").write_text("{")
    with pytest.raises(attnseq.RunError, match=r"result\.json: damaged \(JSONDecodeError\); overwrite=true"):
        attnseq.fit(TINY)


def test_quiet_prints_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert attnseq.fit(TINY, quiet=True).state == "finished"
    assert capsys.readouterr() == ("", "")


def test_fit_works_in_a_thread_as_notebooks_have_them(folder: Path) -> None:
    states: list[str] = []
    thread = threading.Thread(target=lambda: states.append(attnseq.fit(TINY).state))
    thread.start()
    thread.join()
    assert states == ["finished"]
