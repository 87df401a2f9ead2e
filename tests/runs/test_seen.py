"""Paths as they are printed."""

from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from attnseq.runs.seen import as_seen


def test_it_is_relative_below_the_folder_of_the_shell_and_whole_elsewhere(folder: Path) -> None:
    assert as_seen(folder / "outputs" / "run") == Path("outputs/run")
    assert as_seen(folder.parent / "run") == folder.parent / "run"


@pytest.mark.parametrize("chdir", [True, False])
def test_it_is_right_where_hydra_changed_the_folder(
    chdir: bool, folder: Path, monkeypatch: pytest.MonkeyPatch, hydra_restore_singletons: None
) -> None:
    """And where a config of another shell is repeated in the run's folder, that is the shell's."""
    run = folder / "outputs" / "run"
    run.mkdir(parents=True)
    runtime = {"cwd": str(folder), "output_dir": str(run)}
    HydraConfig.instance().cfg = OmegaConf.create({"hydra": {"job": {"chdir": chdir}, "runtime": runtime}})
    monkeypatch.chdir(run)
    assert as_seen(run / "loss.png") == Path("outputs/run/loss.png" if chdir else "loss.png")
