"""multirun.yaml stands where the runs of a sweep are, and nowhere else."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from attnseq.commandline.sweep_folders import SweepFolders


def config(folder: Path, name: str) -> DictConfig:
    """As Hydra composes it, as far as it is looked at."""
    return OmegaConf.create(
        {"name": name, "hydra": {"runtime": {"cwd": str(folder)}, "sweep": {"dir": "outputs/${name}"}}}
    )


def sweep(folder: Path, names: Sequence[str]) -> None:
    """What Hydra's basic sweeper and launcher do."""
    callback, master = SweepFolders(), config(folder, "default")
    callback.on_multirun_start(config=master)
    (folder / "outputs" / "default").mkdir(parents=True, exist_ok=True)
    OmegaConf.save(master, folder / "outputs" / "default" / "multirun.yaml")
    for name in names:
        callback.on_job_start(config=config(folder, name))
    callback.on_multirun_end(config=master)


def files(folder: Path) -> set[str]:
    """The folders that have the file; there is no other one."""
    found = {path.parent.name for path in folder.rglob("multirun.yaml")}
    assert found == {path.name for path in (folder / "outputs").iterdir()}
    return found


def test_every_folder_has_it(tmp_path: Path) -> None:
    sweep(tmp_path, ["a", "b", "a"])
    assert files(tmp_path) == {"a", "b"}
    assert OmegaConf.load(tmp_path / "outputs" / "b" / "multirun.yaml") == config(tmp_path, "default")


def test_hydras_own_folder_stays_where_runs_are_in_it(tmp_path: Path) -> None:
    sweep(tmp_path, ["b", "default"])
    assert files(tmp_path) == {"b", "default"}


def test_what_an_earlier_sweep_left_is_kept(tmp_path: Path) -> None:
    before = tmp_path / "outputs" / "default" / "multirun.yaml"
    before.parent.mkdir(parents=True)
    before.write_text("earlier: true\n")
    sweep(tmp_path, ["a"])
    assert files(tmp_path) == {"a", "default"}
    assert before.read_text() == "earlier: true\n"


def test_a_run_on_its_own_gets_none(tmp_path: Path) -> None:
    SweepFolders().on_job_start(config=config(tmp_path, "a"))
    assert not any(tmp_path.iterdir())
